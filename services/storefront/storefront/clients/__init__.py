"""What the other services are asked, and what their answers mean."""
