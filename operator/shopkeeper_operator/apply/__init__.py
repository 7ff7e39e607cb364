"""Writing: the API client, the actions of a plan, and what is drawn at random."""
