"""The twelve forms of the official page "Code Samples", verbatim but for the host, which was OKPAY's own."""

from html.parser import HTMLParser

HOST = "https://gateway.example"

CODE_SAMPLES = {
    "Basic": """\
<form  method="post" action="https://gateway.example/process.html">
   <input type="hidden" name="ok_receiver" value="OK702746927"/>
   <input type="hidden" name="ok_item_1_name" value="OKPAY Poster"/>
   <input type="hidden" name="ok_item_1_price" value="100"/>
   <input type="hidden" name="ok_currency" value="USD"/>
   <input type="image" name="submit" alt="OKPAY Payment" src="https://gateway.example/img/buttons/x02.gif"/>
</form>
""",
    "Basic with Invoice": """\
<form  method="post" action="https://gateway.example/process.html">
   <input type="hidden" name="ok_receiver" value="OK702746927"/>
   <input type="hidden" name="ok_item_1_name" value="OKPAY Poster"/>
   <input type="hidden" name="ok_item_1_price" value="100"/>
   <input type="hidden" name="ok_currency" value="USD"/>
   <input type="hidden" name="ok_invoice" value="99999"/>
   <input type="image" name="submit" alt="OKPAY Payment" src="https://gateway.example/img/buttons/x02.gif"/>
</form>
""",
    "Several Items": """\
<form  method="post" action="https://gateway.example/process.html">
   <input type="hidden" name="ok_receiver" value="OK702746927"/>
   <input type="hidden" name="ok_item_1_name" value="OKPAY Poster"/>
   <input type="hidden" name="ok_item_1_price" value="100"/>
   <input type="hidden" name="ok_item_1_article" value="555"/>
   <input type="hidden" name="ok_item_2_name" value="Robot"/>
   <input type="hidden" name="ok_item_2_price" value="50"/>
   <input type="hidden" name="ok_item_2_article" value="777"/>
   <input type="hidden" name="ok_currency" value="USD"/>
   <input type="image" name="submit" alt="OKPAY Payment" src="https://gateway.example/img/buttons/x02.gif"/>
</form>
""",
    "Items Quantity": """\
<form  method="post" action="https://gateway.example/process.html">
   <input type="hidden" name="ok_receiver" value="OK702746927"/>
   <input type="hidden" name="ok_item_1_name" value="OKPAY Poster"/>
   <input type="hidden" name="ok_item_1_price" value="100"/>
   <input type="hidden" name="ok_item_1_quantity" value="3"/>
   <input type="hidden" name="ok_currency" value="USD"/>
   <input type="image" name="submit" alt="OKPAY Payment" src="https://gateway.example/img/buttons/x02.gif"/>
</form>
""",
    "Shipping": """\
<form  method="post" action="https://gateway.example/process.html">
   <input type="hidden" name="ok_receiver" value="OK702746927"/>
   <input type="hidden" name="ok_item_1_name" value="OKPAY Poster"/>
   <input type="hidden" name="ok_item_1_price" value="100"/>
   <input type="hidden" name="ok_item_1_type" value="shipment"/>
   <input type="hidden" name="ok_item_1_shipping" value="10"/>
   <input type="hidden" name="ok_currency" value="USD"/>
   <input type="image" name="submit" alt="OKPAY Payment" src="https://gateway.example/img/buttons/x02.gif"/>
</form>
""",
    "Taxes and Handling": """\
<form  method="post" action="https://gateway.example/process.html">
   <input type="hidden" name="ok_receiver" value="OK702746927"/>
   <input type="hidden" name="ok_item_1_name" value="OKPAY Poster"/>
   <input type="hidden" name="ok_item_1_price" value="100"/>
   <input type="hidden" name="ok_item_1_shipping" value="10"/>
   <input type="hidden" name="ok_item_1_handling" value="7"/>
   <input type="hidden" name="ok_item_1_tax" value="3"/>
   <input type="hidden" name="ok_currency" value="USD"/>
   <input type="image" name="submit" alt="OKPAY Payment" src="https://gateway.example/img/buttons/x02.gif"/>
</form>
""",
    "Payment Argument": """\
<form  method="post" action="https://gateway.example/process.html">
   <input type="hidden" name="ok_receiver" value="OK702746927"/>
   <input type="hidden" name="ok_item_1_name" value="OKPAY Poster"/>
   <input type="hidden" name="ok_item_1_price" value="100"/>
   <input type="hidden" name="ok_currency" value="USD"/>
   <input type="hidden" name="ok_item_1_custom_1_title" value="Description"/>
   <input type="image" name="submit" alt="OKPAY Payment" src="https://gateway.example/img/buttons/x02.gif"/>
</form>
""",
    "Custom Payment Arguments": """\
<form  method="post" action="https://gateway.example/process.html">
   <input type="hidden" name="ok_receiver" value="OK702746927"/>
   <input type="hidden" name="ok_item_1_name" value="OKPAY Poster"/>
   <input type="hidden" name="ok_item_1_price" value="100"/>
   <input type="hidden" name="ok_currency" value="USD"/>
   <input type="hidden" name="ok_item_1_custom_1_title" value="Description"/>
   <input type="hidden" name="ok_item_1_custom_1_value" value="OKPAY Company promo wall poster"/>
   <input type="hidden" name="ok_item_1_custom_2_title" value="Size"/>
   <input type="hidden" name="ok_item_1_custom_2_value" value="A1 Poster"/>
   <input type="image" name="submit" alt="OKPAY Payment" src="https://gateway.example/img/buttons/x02.gif"/>
</form>
""",
    "Custom Price": """\
<form  method="post" action="https://gateway.example/process.html">
   <input type="hidden" name="ok_receiver" value="OK702746927"/>
   <input type="hidden" name="ok_item_1_name" value="OKPAY Poster"/>
   <input type="hidden" name="ok_currency" value="USD"/>
   <input type="image" name="submit" alt="OKPAY Payment" src="https://gateway.example/img/buttons/x02.gif"/>
</form>
""",
    "Commission on Buyer": """\
<form  method="post" action="https://gateway.example/process.html">
   <input type="hidden" name="ok_receiver" value="OK702746927"/>
   <input type="hidden" name="ok_item_1_name" value="OKPAY Poster"/>
   <input type="hidden" name="ok_item_1_price" value="100"/>
   <input type="hidden" name="ok_currency" value="USD"/>
   <input type="hidden" name="ok_fees" value="1"/>
   <input type="image" name="submit" alt="OKPAY Payment" src="https://gateway.example/img/buttons/x02.gif"/>
</form>
""",
    "Custom Payment Options": """\
<form  method="post" action="https://gateway.example/process.html">
   <input type="hidden" name="ok_receiver" value="OK702746927"/>
   <input type="hidden" name="ok_item_1_name" value="OKPAY Poster"/>
   <input type="hidden" name="ok_item_1_price" value="100"/>
   <input type="hidden" name="ok_currency" value="USD"/>
   <input type="hidden" name="ok_paysystems" value="CC SF"/>
   <input type="image" name="submit" alt="OKPAY Payment" src="https://gateway.example/img/buttons/x02.gif"/>
</form>
""",
    "Direct Payment Processing": """\
<form  method="post" action="https://gateway.example/process.html">
   <input type="hidden" name="ok_receiver" value="OK702746927"/>
   <input type="hidden" name="ok_item_1_name" value="OKPAY Poster"/>
   <input type="hidden" name="ok_item_1_price" value="100"/>
   <input type="hidden" name="ok_currency" value="USD"/>
   <input type="hidden" name="ok_directdeposit" value="SF"/>
   <input type="image" name="submit" alt="OKPAY Payment" src="https://gateway.example/img/buttons/x02.gif"/>
</form>
""",
}


class _Form(HTMLParser):
    """What a browser would send when the button is pressed: an image button sends where it was hit."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.method = self.action = ""
        self.pairs: list[tuple[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag == "form":
            self.method, self.action = given["method"], given["action"]
        elif given["type"] == "image":
            self.pairs += [(f"{given['name']}.x", "12"), (f"{given['name']}.y", "7")]
        else:
            self.pairs.append((given["name"], given["value"]))


def pressed(sample: str) -> list[tuple[str, str]]:
    form = _Form(CODE_SAMPLES[sample])
    assert (form.method, form.action) == ("post", f"{HOST}/process.html")
    return form.pairs
