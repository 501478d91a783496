"""What `benchmarks/multi_token_page.py` is made of: simulations, the page, its pictures."""
