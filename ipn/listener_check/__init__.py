"""Listener Check: tell a listener every story that it must survive, and say what it does wrong."""
