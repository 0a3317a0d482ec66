"""The pages of Payment Links & Buttons: the generator, the rows, the code, and what can be done with a link."""

import re
from html import unescape
from html.parser import HTMLParser
from io import BytesIO
from typing import Any
from xml.etree import ElementTree

import pytest
from django.conf import LazySettings
from django.contrib.staticfiles import finders
from django.test import Client
from PIL import Image

from checkout import graphics, links
from checkout.link_forms import GeneratorForm
from checkout.models import ButtonKey, CheckoutSession, PaymentLink
from checkout.variable_reference import VARIABLES
from sandbox import clock
from sandbox.models import Sandbox
from tests.account.conftest import logged_in
from wallets.models import Account, Wallet

PAGE = "/account/buttons/"
ROBOT = {
    "wallet": "OK702746927",
    "ok_item_1_type": "shipment",
    "ok_item_1_name": "Robot",
    "ok_item_1_price": "50",
    "ok_currency": "USD",
    "ok_item_1_quantity": "1",
    "graphic": "x02",
    "graphic_language": "en",
}


@pytest.fixture
def as_merchant(merchant: Wallet) -> Client:
    return logged_in(merchant)


def create(client: Client, **changes: Any) -> PaymentLink:
    response = client.post(PAGE, ROBOT | changes)
    assert response.status_code == 302, response.context["form"].errors
    return PaymentLink.objects.get(id=response["Location"].strip("/").split("/")[-1])


class Inputs(HTMLParser):
    """The elements of a piece of HTML, as a browser would see them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def html_code(client: Client, link: PaymentLink) -> str:
    """What a merchant copies: the text of the area, as the browser shows it."""
    page = client.get(f"{PAGE}{link.id}/").content.decode()
    area = re.search(r'<textarea[^>]*id="html-code"[^>]*>(.*?)</textarea>', page, re.DOTALL)
    assert area
    return unescape(area[1])


# The generator


def test_two_steps_make_the_official_form(as_merchant: Client) -> None:
    link = create(as_merchant)

    assert link.pairs == [
        ("ok_receiver", "OK702746927"),
        ("ok_item_1_type", "shipment"),
        ("ok_item_1_name", "Robot"),
        ("ok_item_1_price", "50"),
        ("ok_currency", "USD"),
    ]
    assert html_code(as_merchant, link) == "\n".join(
        [
            '<form method="post" action="http://testserver/process.html" accept-charset="utf-8">',
            '   <input type="hidden" name="ok_receiver" value="OK702746927"/>',
            '   <input type="hidden" name="ok_item_1_type" value="shipment"/>',
            '   <input type="hidden" name="ok_item_1_name" value="Robot"/>',
            '   <input type="hidden" name="ok_item_1_price" value="50"/>',
            '   <input type="hidden" name="ok_currency" value="USD"/>',
            f'   <input type="hidden" name="ok_link" value="{link.id}"/>',
            '   <input type="image" name="submit" alt="OKPAY Payment"'
            ' src="http://testserver/static/buttons/x02-en.svg"/>',
            "</form>",
        ]
    )


def test_pressed_twice_it_is_one_link(as_merchant: Client) -> None:
    form = ROBOT | {"key": str(as_merchant.get(PAGE).context["form"]["key"].value())}

    first, second = as_merchant.post(PAGE, form), as_merchant.post(PAGE, form)

    assert PaymentLink.objects.count() == 1
    assert second["Location"] == first["Location"] == f"{PAGE}{PaymentLink.objects.get().id}/"
    assert as_merchant.post(PAGE, ROBOT)["Location"] != first["Location"], "a program without a key means it each time"


def test_every_variable_of_the_reference_has_a_field() -> None:
    wanted = {name.replace("#", "1") for name in VARIABLES} - {"ok_receiver", "ok_kind"}
    assert wanted - set(GeneratorForm.base_fields) == set()
    assert GeneratorForm.base_fields.keys() >= {"wallet"}


def test_the_extra_details_are_kept_and_come_back(as_merchant: Client) -> None:
    extras = {
        "ok_invoice": "99999",
        "ok_fees": "1",
        "ok_item_1_tax": "3",
        "ok_item_1_custom_1_title": "Size",
        "ok_return_success": "https://shop.example.com/thanks",
        "ok_ipn": "https://shop.example.com/ipn",
        "ok_language": "de",
        "ok_payer_email": "ann@example.com",
    }
    link = create(as_merchant, **extras, ok_paysystems=["CC", "SF"])

    assert dict(link.pairs).items() >= extras.items()
    assert link.value("ok_paysystems") == "CC SF"
    page = as_merchant.get(f"{PAGE}{link.id}/edit/")
    form = page.context["form"]
    assert form.shows_extras
    assert {name: form[name].value() for name in extras} == extras
    assert form["ok_paysystems"].value() == ["CC", "SF"]


def test_left_blank_the_customer_says_how_much(as_merchant: Client) -> None:
    link = create(as_merchant, ok_item_1_price="", ok_item_1_type="donation", graphic="x09")
    assert Client().get(f"/process.html?ok_link={link.id}").status_code == 302
    assert CheckoutSession.objects.get().items.get().price is None
    assert "any amount" in as_merchant.get(PAGE).content.decode()


def test_just_a_link(as_merchant: Client) -> None:
    link = create(as_merchant, graphic="", caption='Pay & "go" <now>')
    (tag, attributes), *others = Inputs(html_code(as_merchant, link)).found
    assert (tag, others) == ("a", [])
    assert attributes.keys() == {"href"}
    assert html_code(as_merchant, link).endswith(">Pay &amp; &quot;go&quot; &lt;now&gt;</a>")
    assert Client().get(str(attributes["href"])).status_code == 302


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("ok_item_1_price", "five", "a positive number"),
        ("ok_item_1_price", "0", "a positive number"),
        ("ok_item_1_name", "x" * 128, "at most 127 characters"),
        ("ok_item_1_article", "x" * 41, "at most 40 characters"),
        ("ok_item_1_quantity", "some", "a whole number"),
        ("ok_return_success", "shop.example.com", "http:// or https://"),
        ("ok_ipn", "javascript:alert(1)", "http:// or https://"),
        ("ok_ipn", "http://169.254.169.254/", "is a link-local address"),
        ("ok_ipn", "http://user:secret@shop/", "must not hold a user name"),
        ("ok_item_1_price", "1,50", "a point before the cents"),
        ("ok_item_1_tax", "1,5", "a point before the cents"),
        ("ok_item_1_type", "magic", "Select a valid choice"),
        ("wallet", "OK100000001", "Select a valid choice"),
        ("graphic", "../x02", "Select a valid choice"),
        ("graphic_language", "xx", "Select a valid choice"),
        ("expires_at", "2001-01-01T00:00", "This moment is over"),
    ],
)
def test_a_mistake_stands_beside_its_field(as_merchant: Client, field: str, value: str, words: str) -> None:
    response = as_merchant.post(PAGE, ROBOT | {field: value})

    assert response.status_code == 200
    assert words in str(response.context["form"].errors[field])
    assert not PaymentLink.objects.exists()


def test_other_graphics_are_only_shown(as_merchant: Client) -> None:
    page = as_merchant.post(PAGE, ROBOT | {"update": "1", "graphic_language": "de"}).content.decode()
    assert "/static/buttons/x01-de.svg" in page
    assert 'role="alert"' not in page
    assert 'value="Robot"' in page
    assert not PaymentLink.objects.exists()


def test_every_graphic_is_drawn_in_every_language(world: Sandbox) -> None:
    assert len(graphics.GRAPHICS) >= 12
    for name in graphics.GRAPHICS:
        for language in graphics.LANGUAGES:
            path = finders.find(f"buttons/{name}-{language}.svg")
            assert isinstance(path, str)
            root = ElementTree.parse(path).getroot()
            assert root.tag == "{http://www.w3.org/2000/svg}svg"
            assert not re.search("script|href|style=", ElementTree.tostring(root, encoding="unicode"))


def test_the_graphic_of_the_official_samples_is_at_its_address(world: Sandbox) -> None:
    assert Client().get("/img/buttons/x02.gif")["Location"] == "/static/buttons/x02-en.svg"
    assert Client().get("/img/buttons/x99.gif")["Location"] == "/static/buttons/x02-en.svg"


# Names that would be code


@pytest.mark.parametrize(
    "name",
    [
        '"><script>alert(1)</script>',
        "' onmouseover='alert(1)",
        "</textarea><script>alert(1)</script>",
        "{{ 7|add:7 }} &amp; &lt;b&gt;",
        "a & b = c ? d # e % 20 + ü",
    ],
)
@pytest.mark.parametrize("graphic", ["x01", ""])
def test_a_name_that_would_be_code_is_harmless_wherever_it_is_pasted(
    as_merchant: Client, name: str, graphic: str
) -> None:
    link = create(as_merchant, ok_item_1_name=name, graphic=graphic, caption=name, ok_invoice=name)
    code = html_code(as_merchant, link)

    elements = Inputs(code).found
    assert {tag for tag, _attributes in elements} <= {"form", "input", "a"}
    allowed = {"method", "action", "accept-charset", "type", "name", "value", "alt", "src", "href"}
    assert {attribute for _tag, attributes in elements for attribute in attributes} <= allowed
    if graphic:
        hidden = {str(has["name"]): str(has["value"]) for _tag, has in elements if has.get("type") == "hidden"}
        response = Client().post("/process.html", hidden)
    else:
        response = Client().get(str(elements[0][1]["href"]))
    assert response.status_code == 302
    assert CheckoutSession.objects.get().items.get().name == name
    for page in (f"{PAGE}{link.id}/", PAGE, f"{PAGE}{link.id}/edit/", f"{PAGE}{link.id}/delete/"):
        assert "<script>" not in as_merchant.get(page).content.decode()


# The developer's rows


def rows(*pairs: tuple[str, str], button: str, **more: str) -> dict[str, Any]:
    names, values = zip(*pairs, strict=True)
    return {"name": names, "value": values, "graphic": "x02", "graphic_language": "en", button: "1", **more}


GOOD = (("ok_receiver", "OK702746927"), ("ok_item_1_name", "Poster"), ("ok_item_2_name", "Robot"), ("", ""))


def test_check_says_what_would_be_wrong_and_keeps_nothing(as_merchant: Client) -> None:
    bad = (*GOOD, ("ok_item_1_price", "five"), ("ok_item_1_pirce", "5"), ("ok_currency", "XXX"), ("", "lost"))
    page = as_merchant.post(f"{PAGE}developer/", rows(*bad, button="check"))

    told = {row.name: (row.problems, row.hints) for row in page.context["form"].rows if row.problems or row.hints}
    assert "a positive number" in told["ok_item_1_price"][0][0]
    assert "ok_item_1_price" in told["ok_item_1_pirce"][1][0]
    assert "one of the 21 codes" in told["ok_currency"][0][0]
    assert "without a name" in told[""][0][0]
    assert not PaymentLink.objects.exists()


def test_good_rows_are_called_good_and_kept_when_saved(as_merchant: Client) -> None:
    page = as_merchant.post(f"{PAGE}developer/", rows(*GOOD, button="check")).content.decode()
    assert "This is a good payment form" in page
    assert not PaymentLink.objects.exists()

    response = as_merchant.post(f"{PAGE}developer/", rows(*GOOD, ("x_shop", "7"), button="save"))

    link = PaymentLink.objects.get()
    assert response["Location"] == f"{PAGE}{link.id}/"
    assert link.pairs == [*GOOD[:3], ("x_shop", "7")]
    # The generator has one item; so this one is changed by rows.
    assert as_merchant.get(f"{PAGE}{link.id}/edit/")["Location"] == f"{PAGE}{link.id}/edit/variables/"
    changed = rows(*GOOD[:2], button="save")
    assert as_merchant.post(f"{PAGE}{link.id}/edit/variables/", changed).status_code == 302
    link.refresh_from_db()
    assert (link.pairs, link.revision) == (list(GOOD[:2]), 2)


def test_bad_rows_are_not_saved(as_merchant: Client) -> None:
    page = as_merchant.post(f"{PAGE}developer/", rows(("ok_receiver", "OK702746927"), button="save"))
    assert [problem.variable for problem in page.context["form"].missing] == ["ok_item_1_name"]
    for receiver in ("OK100000001", "buyer@example.com"):
        page = as_merchant.post(f"{PAGE}developer/", rows(("ok_receiver", receiver), GOOD[1], button="save"))
        assert "one of your own wallets" in page.content.decode()
    page = as_merchant.post(f"{PAGE}developer/", rows(*GOOD, ("a\0b", "c"), button="save"))
    assert page.status_code == 200
    assert not PaymentLink.objects.exists()


def test_more_rows(as_merchant: Client) -> None:
    page = as_merchant.post(f"{PAGE}developer/", rows(*GOOD, button="add"))
    assert [row.name for row in page.context["form"].rows] == [name for name, _value in GOOD] + [""] * 8
    many = as_merchant.post(f"{PAGE}developer/", rows(*[("x", "y")] * 500, button="add"))
    assert len(many.context["form"].rows) == 200


# A link's page


def test_clicks_and_payments_are_counted(as_merchant: Client, buyer: Wallet) -> None:
    link = create(as_merchant, ok_item_1_type="digital")
    for _click in range(2):
        Client().get(f"/process.html?ok_link={link.id}")
    Client().head(f"/process.html?ok_link={link.id}")
    Client().get(f"/process.html?ok_link={link.id}&ok_fees=1")  # refused, so nothing was opened
    checkout = CheckoutSession.objects.first()
    assert checkout
    logged_in(buyer).post(f"/checkout/{checkout.token}/", {"method": "OKB"})

    page = as_merchant.get(f"{PAGE}{link.id}/")

    assert (page.context["link"].clicks, page.context["link"].payments) == (2, 1)
    assert "50.00 USD" in page.content.decode()
    (row,) = as_merchant.get(PAGE).context["page"].rows
    assert (row.clicks, row.payments) == (2, 1)


def test_the_qr_code_as_files(as_merchant: Client) -> None:
    link = create(as_merchant)
    svg, png = (as_merchant.get(f"{PAGE}{link.id}/qr.{kind}") for kind in ("svg", "png"))

    assert (svg["Content-Type"], png["Content-Type"]) == ("image/svg+xml", "image/png")
    assert svg["Content-Disposition"] == f'attachment; filename="okpay-{link.id}.svg"'
    assert ElementTree.fromstring(svg.content).get("viewBox")
    assert Image.open(BytesIO(png.content)).width > 200


def test_disable_and_enable(as_merchant: Client) -> None:
    link = create(as_merchant)
    as_merchant.post(f"{PAGE}{link.id}/switch/", {"on": "0"})
    assert "switched off" in Client().get(f"/process.html?ok_link={link.id}").content.decode()
    as_merchant.post(f"{PAGE}{link.id}/switch/", {"on": "1"})
    assert Client().get(f"/process.html?ok_link={link.id}").status_code == 302


def test_delete_asks_first(as_merchant: Client) -> None:
    link = create(as_merchant)
    assert "Delete “Robot”?" in as_merchant.get(f"{PAGE}{link.id}/delete/").content.decode()
    assert PaymentLink.objects.exists()
    as_merchant.post(f"{PAGE}{link.id}/delete/")
    assert not PaymentLink.objects.exists()


def test_a_price_is_changed_and_older_buttons_refused(as_merchant: Client) -> None:
    link = create(as_merchant, is_encrypted="on")
    before = html_code(as_merchant, link)
    changed = ROBOT | {"ok_item_1_price": "80", "is_encrypted": "on", "refuse_older": "on"}
    assert as_merchant.post(f"{PAGE}{link.id}/edit/", changed).status_code == 302

    def status(code: str) -> int:
        return Client().post("/process.html", {"ok_encrypted": str(Inputs(code).found[1][1]["value"])}).status_code

    assert status(before) == 400
    assert status(html_code(as_merchant, link)) == 302


def test_a_link_whose_seal_key_is_lost_says_what_to_do(as_merchant: Client, settings: LazySettings) -> None:
    link = create(as_merchant, is_encrypted="on")
    secret = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [secret]  # so that the login holds
    assert "ok_encrypted" in html_code(as_merchant, link)
    ButtonKey.objects.update(secret_sealed="gone")

    page = as_merchant.get(f"{PAGE}{link.id}/").content.decode()
    assert "The encrypted code cannot be made" in page
    as_merchant.post(f"{PAGE}keys/{ButtonKey.objects.get().id}/revoke/")
    assert "ok_encrypted" in html_code(as_merchant, link)


# Keys, and how many


def test_a_new_key_is_shown_once(as_merchant: Client) -> None:
    page = as_merchant.post(f"{PAGE}keys/", {"wallet": "OK702746927", "title": "Shop"}).content.decode()
    key = ButtonKey.objects.get()
    assert key.secret.hex() in page
    again = as_merchant.get(f"{PAGE}keys/").content.decode()
    assert key.id in again
    assert key.secret.hex() not in again


def test_not_more_links_than_anybody_keeps_by_hand(
    as_merchant: Client, merchant: Wallet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "MOST_LINKS", 2)
    for _link in range(3):
        response = as_merchant.post(PAGE, ROBOT, follow=True)
    assert "at most 2 payment links" in response.content.decode()
    assert PaymentLink.objects.count() == 2


def test_the_saved_links_come_in_pages(as_merchant: Client, merchant: Wallet, world: Sandbox) -> None:
    for number in range(30):
        pairs = [("ok_receiver", merchant.id), ("ok_item_1_name", f"Thing {number}")]
        links.create(Account.objects.get(id=merchant.account_id), pairs, links.Looks(), now=clock.now(world))
    first = as_merchant.get(PAGE)
    second = as_merchant.get(PAGE, {"after": first.context["page"].after})

    seen = [link.id for page in (first, second) for link in page.context["page"].rows]
    assert (len(seen), len(set(seen))) == (30, 30)
    assert second.context["page"].after == ""
    assert as_merchant.get(PAGE, {"after": "nonsense"}).status_code == 200
