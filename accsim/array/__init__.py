"""Cycle counts of compute arrays: pure functions of a tile's shape."""
