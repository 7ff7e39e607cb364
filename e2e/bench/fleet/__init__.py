"""The operator with many Shops: a real API server, fake nodes, and a reference operator beside ours."""
