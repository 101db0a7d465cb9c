"""Lines of the log: one request or job after the other, by ids, no word about persons (``docs/operation.md``).

Used by the settings, so nothing in here imports a room or needs Django's settings when it is imported.
"""
