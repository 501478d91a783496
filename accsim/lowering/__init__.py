"""From operators to tiles: what is moved when, where it lies, and what each tile costs."""
