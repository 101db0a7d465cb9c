"""What a voice does: when somebody speaks, how high, loud, fast and clear; never what it means.

Nothing is imported here: whoever reads results needs neither FFmpeg nor the models.
"""
