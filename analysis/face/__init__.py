"""Faces in pixels: finding, tracking, landmarks, geometry, skin texture."""
