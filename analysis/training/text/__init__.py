"""Trains the text model on GoEmotions, calibrates, exports and measures it."""
