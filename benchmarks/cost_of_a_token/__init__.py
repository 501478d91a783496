"""What `benchmarks/cost_curves.py` is made of: simulations, the page, the picture."""
