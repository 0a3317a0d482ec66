"""Paths at which programs call, by which what stands before the views tells them from pages."""

# As the official page writes it, and as later modules call it.
IPN_VERIFY = ("/ipn-verify.html", "/ipn-verify")
# A SOAP call gets an envelope, whatever it says; only the contract, by GET, names this server's address.
SOAP_API = "/OkPayAPI"
