"""Trains the scorers on labelled pictures: extract, fit, export, report."""
