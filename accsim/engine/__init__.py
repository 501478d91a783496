"""Discrete-event simulation of a tile program on a chip."""
