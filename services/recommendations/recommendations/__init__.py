"""The service `recommendations`: what goes well with what a shopper looks at."""
