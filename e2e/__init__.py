"""End-to-end: the cluster bring-up program, the tests against it and the benchmarks."""
