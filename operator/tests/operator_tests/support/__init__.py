"""A cluster in memory for the tests."""
