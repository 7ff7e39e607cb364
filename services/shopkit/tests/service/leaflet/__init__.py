"""A service without a database: pages beside the API, and a component that runs with the process."""
