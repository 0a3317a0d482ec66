"""The SOAP service, over HTTP."""
