"""Requests as real clients send them, with the quirks of each; tests/clients/ runs the clients themselves."""

import pytest

from tests.soapapi.calls import SOAP, T, credentials, post, result

ENVELOPE = SOAP[1:-1]
MERCHANT, BUYER = "OK702746927", "OK100000001"


def php() -> str:
    """Absent properties are left out; the prefix is ns1."""
    sent = credentials(BUYER)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<SOAP-ENV:Envelope xmlns:SOAP-ENV="{ENVELOPE}" xmlns:ns1="{T}"><SOAP-ENV:Body><ns1:Send_Money>'
        f"<ns1:WalletID>{BUYER}</ns1:WalletID><ns1:SecurityToken>{sent['SecurityToken']}</ns1:SecurityToken>"
        f"<ns1:Receiver>{MERCHANT}</ns1:Receiver><ns1:Currency>USD</ns1:Currency><ns1:Amount>1</ns1:Amount>"
        "<ns1:IsReceiverPaysFees>false</ns1:IsReceiverPaysFees></ns1:Send_Money></SOAP-ENV:Body></SOAP-ENV:Envelope>\n"
    )


def suds() -> str:
    """An empty Header, and a Body of the same namespace under another prefix."""
    sent = credentials(BUYER)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<SOAP-ENV:Envelope xmlns:ns0="{T}" xmlns:ns1="{ENVELOPE}" xmlns:SOAP-ENV="{ENVELOPE}"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><SOAP-ENV:Header/><ns1:Body><ns0:Send_Money>'
        f"<ns0:WalletID>{BUYER}</ns0:WalletID><ns0:SecurityToken>{sent['SecurityToken']}</ns0:SecurityToken>"
        f"<ns0:Receiver>{MERCHANT}</ns0:Receiver><ns0:Currency>USD</ns0:Currency><ns0:Amount>1</ns0:Amount>"
        "<ns0:Comment/><ns0:IsReceiverPaysFees>0</ns0:IsReceiverPaysFees><ns0:Invoice/></ns0:Send_Money></ns1:Body>"
        "</SOAP-ENV:Envelope>"
    )


def zeep() -> str:
    """WS-Addressing headers, which nobody has to understand."""
    sent = credentials(BUYER)
    return (
        "<?xml version='1.0' encoding='utf-8'?>\n"
        f'<soap-env:Envelope xmlns:soap-env="{ENVELOPE}"><soap-env:Header xmlns:wsa="http://www.w3.org/2005/08/addressing">'
        f"<wsa:Action>{T}/I_OkPayAPI/Send_Money</wsa:Action><wsa:MessageID>urn:uuid:1</wsa:MessageID>"
        "<wsa:To>http://localhost/OkPayAPI</wsa:To></soap-env:Header><soap-env:Body>"
        f'<ns0:Send_Money xmlns:ns0="{T}"><ns0:WalletID>{BUYER}</ns0:WalletID>'
        f"<ns0:SecurityToken>{sent['SecurityToken'].lower()}</ns0:SecurityToken><ns0:Receiver>{MERCHANT}</ns0:Receiver>"
        "<ns0:Currency>USD</ns0:Currency><ns0:Amount>1.00</ns0:Amount><ns0:Comment>ok</ns0:Comment>"
        "</ns0:Send_Money></soap-env:Body></soap-env:Envelope>"
    )


def perl() -> str:
    """encodingStyle, a type on every element, no namespace on any, and no particular order."""
    sent = credentials(BUYER)
    return (
        '<?xml version="1.0" encoding="UTF-8"?><soap:Envelope'
        ' soap:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/" xmlns:soap="' + ENVELOPE + '"'
        ' xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/" xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soap:Body>'
        f'<namesp1:Send_Money xmlns:namesp1="{T}/"><Amount xsi:type="xsd:float">1.00</Amount>'
        f'<WalletID xsi:type="xsd:string">{BUYER}</WalletID><Comment xsi:type="xsd:string" />'
        f'<SecurityToken xsi:type="xsd:string">{sent["SecurityToken"]}</SecurityToken>'
        f'<Currency xsi:type="xsd:string">USD</Currency><Receiver xsi:type="xsd:string">{MERCHANT}</Receiver>'
        '<IsReceiverPaysFees xsi:type="xsd:int">0</IsReceiverPaysFees><Invoice xsi:nil="true" xsi:type="xsd:string"/>'
        "</namesp1:Send_Money></soap:Body></soap:Envelope>"
    )


def dotnet() -> str:
    """Default namespaces on the wrapper, and many that nobody uses."""
    sent = credentials(BUYER)
    return (
        f'<s:Envelope xmlns:s="{ENVELOPE}"><s:Body xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        ' xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:q1="http://tempuri.org/" xmlns:msc="urn:x">'
        f'<Send_Money xmlns="{T}"><WalletID>{BUYER}</WalletID><SecurityToken>{sent["SecurityToken"]}</SecurityToken>'
        f'<Receiver>{MERCHANT}</Receiver><Currency>USD</Currency><Amount>1</Amount><Comment xsi:nil="true"/>'
        "<IsReceiverPaysFees>false</IsReceiverPaysFees><Invoice/></Send_Money></s:Body></s:Envelope>"
    )


@pytest.mark.parametrize("write", [php, suds, zeep, perl, dotnet])
@pytest.mark.parametrize(
    "action",
    [
        f'"{T}/I_OkPayAPI/Send_Money"',
        f"{T}/I_OkPayAPI/Send_Money",
        '""',
        "",
        f"{T}#Send_Money",
        f'"{T}/I_OkPayAPI/Get_Date_Time"',
    ],
)
def test_the_quirks_of_clients(world: object, write, action: str) -> None:
    info = result(post(write(), headers={"SOAPAction": action}))

    assert (info["Amount"], info["Fees"], info["Net"]) == ("-1.0000", "-0.0100", "-1.0100")
    assert (info["Receiver"]["WalletID"], info["Invoice"]) == (MERCHANT, "")


def test_http_1_0_proxies_and_tools_need_no_soapaction(world: object) -> None:
    assert result(post(dotnet()))["Status"] == "Completed"
