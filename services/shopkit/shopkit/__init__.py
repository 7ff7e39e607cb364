"""What all services of a shop share, and nothing else. Import the modules; this package itself stays empty."""

__version__ = "0.1.0"
