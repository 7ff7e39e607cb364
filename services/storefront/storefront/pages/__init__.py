"""The pages, by what a shopper does on them."""
