"""Measurements beside peers in the same run: `python -m tests.benchmarks`, or `make bench`."""
