"""The public documentation for developers: written from what the code declares, tried against this very server."""
