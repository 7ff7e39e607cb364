"""Loading the catalogue that a shop begins with: ``python -m products.catalog``."""
