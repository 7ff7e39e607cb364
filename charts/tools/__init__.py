"""Tools around the charts: ``python3 -m charts.tools deps`` and ``python3 -m charts.tools generate``."""
