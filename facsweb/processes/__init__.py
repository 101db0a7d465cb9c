"""The programs of one installation and how they are started, watched, stopped. It knows no models."""
