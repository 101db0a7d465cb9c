"""Learned scorers: what a face looks like to a net, and from that the Action Units relative to a neutral."""
