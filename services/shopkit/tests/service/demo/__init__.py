"""A small service on which the tests of shopkit try everything that it offers."""
