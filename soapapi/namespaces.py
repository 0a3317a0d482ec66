"""The names that the contract and the envelopes are made of."""

T = "https://api.okpay.com"
A = "http://schemas.datacontract.org/2004/07/OkPayAPI"
L = "http://schemas.datacontract.org/2004/07/OkPayLink.OkPayService"
D = "http://schemas.datacontract.org/2004/07/OkPayAPI.DataContract"

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_1_2 = "http://www.w3.org/2003/05/soap-envelope"
XSI = "http://www.w3.org/2001/XMLSchema-instance"

# How a client may spell the namespace of a call: as it is, as a directory, or not at all.
SPELLINGS_OF_T = frozenset({T, f"{T}/", ""})
