"""A client's own pages, one module per subject. Whose they are follows from the login alone."""
