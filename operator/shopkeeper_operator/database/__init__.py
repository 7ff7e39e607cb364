"""The databases of the services: what is found on a server and what is done there."""
