import pytest
from tests.soapapi.calls import call, fault, post, request, credentials


def test_x(buyer, merchant):
    print(call("Get_Date_Time"))
    print(post(request("Wallet_Get_Currency_Balance", **credentials("OK100000001"), Currency="USD")).content.decode())
    r = post(
        request(
            "Send_Money",
            **credentials("OK100000001"),
            Receiver="OK702746927",
            Currency="USD",
            Amount="50",
            Comment="Grüße <&>",
            IsReceiverPaysFees=False,
            Invoice="",
        )
    )
    print(r.content.decode(), r.headers)
    print(call("Transaction_History", "OK100000001", From="", Till="", PageSize=2, PageNumber=1))
    print(fault("Nope"))
    print(post("").content, post("<a/>").content)
    assert 0
