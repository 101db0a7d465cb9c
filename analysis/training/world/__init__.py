"""Faces with exact Action Unit labels: two rigs, posed, dressed, lit and rendered (sources: ``sources.py``)."""
