"""The tester's hand: drive a running OKPAY gateway from Python, from pytest, or from a terminal.

    from okpay_sandbox import Gateway

    with Gateway("http://127.0.0.1:8000").new_sandbox() as sandbox:
        checkout = sandbox.open_checkout(ok_item_1_name="Book", ok_item_1_price="12.50", ok_currency="EUR")
        checkout.pay()
        sandbox.wait()
        assert sandbox.messages()[0]["status"] == "sent"

Nothing of the gateway's own code is needed here: all of it goes over HTTP, by the control API.
"""

from okpay_sandbox.client import Checkout, Gateway, Party, Sandbox
from okpay_sandbox.errors import FormRefused, GatewayUnreachable, NotIdle, Problem

__all__ = ["Checkout", "FormRefused", "Gateway", "GatewayUnreachable", "NotIdle", "Party", "Problem", "Sandbox"]
