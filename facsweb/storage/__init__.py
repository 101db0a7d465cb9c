"""Where files lie. Every room may use it; it imports none."""
