"""The service `products`: the catalogue of a shop."""
