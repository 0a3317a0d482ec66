"""Sandboxes as wholes: made, dropped, saved, brought back, copied. Every table takes part by its foreign keys."""
