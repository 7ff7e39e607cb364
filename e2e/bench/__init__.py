"""Benchmarks: programs that measure the shop beside references in the same run and write what they found to a file."""
