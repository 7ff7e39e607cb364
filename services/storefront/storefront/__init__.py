"""The web shop: pages for shoppers, rendered on the server."""
