"""Tests of the operator. A package of its own name: pytest would take the folder `operator` for the stdlib module."""
