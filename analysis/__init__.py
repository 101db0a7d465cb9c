"""Facial Action Coding System measurement. Never imports Django; usable alone (``python -m analysis``)."""
