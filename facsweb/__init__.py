"""facsweb: machines propose Facial Action Coding System codes, certified people decide."""

__version__ = "0.1.0"
