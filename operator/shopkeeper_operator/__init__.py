"""Shopkeeper's operator: turns one `Shop` object into a running online shop and keeps it so."""

__version__ = "0.1.0"
