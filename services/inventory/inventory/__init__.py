"""The service `inventory`: how many pieces there are, and for whom they are set aside."""
