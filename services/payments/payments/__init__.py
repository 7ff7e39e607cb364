"""The service `payments`: what orders were charged."""
