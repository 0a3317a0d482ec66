"""Real SOAP clients of other languages against a real server process."""
