"""The service `notifications`: tells users by mail, and in their inbox, what became of their orders."""
