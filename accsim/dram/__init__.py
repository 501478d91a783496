"""DRAM: the standards as data, and a memory system that is told the time."""
