"""Benchmarks: ratios within one run, never seconds asserted in a test."""
