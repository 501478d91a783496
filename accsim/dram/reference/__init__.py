"""The command-level DRAM model: every ACT, PRE, RD, WR and REF, and a controller that picks them.

Hundreds of times slower than the row-granular kernel, which it is there to check, and to stand in
for where that does not know a memory.
"""
