"""Chip and workload files: read with positions, checked, resolved into values."""
