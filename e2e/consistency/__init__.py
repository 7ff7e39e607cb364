"""Shoppers buy while parts of the shop are killed, then an independent checker reads all its books."""
