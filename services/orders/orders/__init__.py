"""The service `orders`: what shoppers order, from the reserved stock to the captured payment."""
