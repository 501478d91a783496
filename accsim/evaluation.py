"""Metrics of a point of the design space."""
