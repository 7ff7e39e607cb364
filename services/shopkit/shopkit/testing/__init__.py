"""What tests of services share: a real PostgreSQL, a client that checks answers, tokens."""
