"""The Marketplace's pages of the account, one module per subject. Whose they are follows from the login alone."""
