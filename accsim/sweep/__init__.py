"""Sweeps of the design space: points, the store of what was found, and what runs them."""
