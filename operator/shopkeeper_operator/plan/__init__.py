"""Decisions: from a snapshot to what should be written. Nothing here does I/O, reads a clock or draws at random."""
