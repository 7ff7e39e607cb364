"""The service `users`: accounts, and the access tokens that all services of a shop trust."""
