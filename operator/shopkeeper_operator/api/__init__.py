"""The Shop API: the model, its rules and the resource definition made from them."""
