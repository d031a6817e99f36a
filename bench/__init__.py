"""Benchmarks of the product's own commands and processes. `python -m bench` runs all, `python -m bench only=send` one."""
