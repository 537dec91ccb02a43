"""Benchmarks: ratios against a peer or a physical limit, measured in the same run. Run them with ``make bench``."""
