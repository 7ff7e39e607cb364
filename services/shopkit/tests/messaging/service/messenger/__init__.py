"""A service that tells itself of notes, on which the tests try messaging."""
