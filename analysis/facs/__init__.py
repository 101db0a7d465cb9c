"""The Facial Action Coding System: catalogue, notation, and from measurements to Action Units."""
