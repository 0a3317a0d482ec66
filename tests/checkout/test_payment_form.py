"""The payment form: every variable of the official Variable Reference, present, absent, too long, malformed."""

from collections.abc import Iterator

import pytest
from django.db import transaction
from django.utils import timezone
from pytest_django.plugin import DjangoDbBlocker

from checkout import payment_form
from checkout.payment_form import PaymentFormError, PaymentRequest, Problem, parse, read
from checkout.variable_reference import VARIABLES, Variable
from sandbox import clock
from tests.checkout.conftest import form
from wallets import seed
from wallets.models import Account, Currency, Transaction
from wallets.money import D

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True, scope="module")
def _one_world_for_all(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Parsing only reads, so the demo cast is made once for these many tests."""
    with django_db_blocker.unblock(), transaction.atomic():
        seed.currencies()
        seed.demo_cast(clock.default_sandbox(), now=timezone.now())
        yield
        transaction.set_rollback(True)


def request(**changes: str | None) -> PaymentRequest:
    return parse(form(**changes).items())


def problems(**changes: str | None) -> dict[str, Problem]:
    with pytest.raises(PaymentFormError) as refused:
        request(**changes)
    return {problem.variable: problem for problem in refused.value.problems}


def test_the_basic_form_and_its_defaults() -> None:
    order = request(ok_currency=None)

    assert order.receiver.id == "OK702746927"
    assert order.receiver_as_sent == "OK702746927"
    assert order.currency == "EUR"
    assert order.fee_payer == Transaction.FeePayer.RECEIVER
    assert (order.invoice, order.language, order.direct_method, order.paysystems) == ("", "", "", None)
    assert (order.return_success, order.return_fail, order.ipn_url) == ("", "", "")
    assert dict(order.payer) == {}
    assert order.hints == ()
    (item,) = order.items
    assert (item.name, item.article, item.type, item.quantity, item.price) == (
        "OKPAY Poster",
        "",
        "digital",
        1,
        D("100.00"),
    )
    assert item.handling == item.shipping == item.shipping2 == item.tax == D("0.00")
    assert item.total == D("100.00")


def test_every_variable_arrives() -> None:
    payer = {name: name[-2:] for name in VARIABLES if name.startswith("ok_payer_")}
    order = request(
        ok_kind="payment",
        ok_invoice="99999",
        ok_fees="1",
        ok_item_1_article="555",
        ok_item_1_type="shipment",
        ok_item_1_quantity="3",
        ok_item_1_price="1,234.50",
        ok_item_1_handling="7",
        ok_item_1_shipping="10.5",
        ok_item_1_shipping2="4.00",
        ok_item_1_tax="3",
        ok_item_1_custom_1_title="Size",
        ok_item_1_custom_1_value="A1",
        ok_item_1_custom_2_title="Nickname",
        ok_paysystems="CC SF",
        ok_directdeposit="sf",
        ok_return_success="https://shop.example/thanks?order=5",
        ok_return_fail="http://shop.example:8080/sorry",
        ok_ipn="https://shop.example/ipn",
        ok_language="de",
        **payer,
    )

    assert order.invoice == "99999"
    assert order.fee_payer == Transaction.FeePayer.PAYER
    (item,) = order.items
    assert (item.article, item.type, item.quantity) == ("555", "shipment", 3)
    assert item.shipping_total == D("18.50")  # 10.50 + 4.00 x (3 - 1)
    assert item.total == D("3732.00")  # 1234.50 x 3 + 3 + 7 + 18.50
    assert (item.custom_1_title, item.custom_1_value) == ("Size", "A1")
    assert (item.custom_2_title, item.custom_2_value) == ("Nickname", "")
    assert order.paysystems == ("CC", "SF")
    assert order.direct_method == "SF"
    assert order.return_success == "https://shop.example/thanks?order=5"
    assert order.return_fail == "http://shop.example:8080/sorry"
    assert order.ipn_url == "https://shop.example/ipn"
    assert order.language == "de"
    assert dict(order.payer) == {name.removeprefix("ok_payer_"): value for name, value in payer.items()}


@pytest.mark.parametrize("variable", [variable for variable in VARIABLES.values() if variable.length])
def test_no_value_is_longer_than_the_reference_allows(variable: Variable) -> None:
    assert variable.length is not None
    too_long = "9" * (variable.length + 1)
    name = variable.name.replace("#", "1")

    problem = problems(**{name: too_long})[name]

    assert problem.sent == too_long
    assert problem.expected


@pytest.mark.parametrize(
    "variable",
    ["ok_invoice", "ok_item_1_name", "ok_item_1_article", "ok_item_1_custom_1_title", "ok_payer_city", "ok_payer_zip"],
)
def test_a_value_may_be_as_long_as_the_reference_allows(variable: str) -> None:
    length = VARIABLES[variable.replace("_1_", "_#_", 1)].length
    assert length is not None

    assert request(**{variable: "ж" * length})
    assert (
        problems(**{variable: "ж" * (length + 1)})[variable].expected
        == f"at most {length} characters; {length + 1} were sent"
    )


def test_urls_may_have_127_characters_and_not_one_more() -> None:
    longest = "https://shop.example/?" + "o" * 105
    assert len(longest) == 127

    for variable in ("ok_return_success", "ok_return_fail", "ok_ipn"):
        assert request(**{variable: longest})
        assert problems(**{variable: longest + "o"})[variable].expected == "at most 127 characters; 128 were sent"


@pytest.mark.parametrize("variable", ["ok_receiver", "ok_item_1_name"])
@pytest.mark.parametrize("sent", [None, "", "  "])
def test_what_is_required_must_be_there(variable: str, sent: str | None) -> None:
    found = problems(**{variable: sent})

    assert found == {variable: Problem(variable, None, "a value; this variable is required")}


@pytest.mark.parametrize(
    ("variable", "sent"),
    [
        ("ok_receiver", "OK999999999"),
        ("ok_receiver", "nobody@example.com"),
        ("ok_receiver", "me"),
        ("ok_receiver", "OK100000003"),  # blocked
        ("ok_kind", "gift"),
        ("ok_currency", "XXX"),
        ("ok_currency", "EURO"),
        ("ok_currency", "€"),
        ("ok_fees", "2"),
        ("ok_fees", "yes"),
        ("ok_item_1_type", "food"),
        ("ok_item_1_quantity", "0"),
        ("ok_item_1_quantity", "-1"),
        ("ok_item_1_quantity", "1.5"),
        ("ok_item_1_quantity", "one"),
        ("ok_item_1_quantity", "٣"),  # a digit, but not ours
        ("ok_item_1_price", "0"),
        ("ok_item_1_price", "0.00"),
        ("ok_item_1_price", "-5"),
        ("ok_item_1_price", "5 €"),
        ("ok_item_1_price", "$5"),
        ("ok_item_1_price", "5,00"),
        ("ok_item_1_price", "1.234,50"),
        ("ok_item_1_price", "1,23.00"),
        ("ok_item_1_price", "1e3"),
        ("ok_item_1_price", "NaN"),
        ("ok_item_1_price", "Infinity"),
        ("ok_item_1_price", "1.005"),
        ("ok_item_1_price", "."),
        ("ok_item_1_handling", "free"),
        ("ok_item_1_shipping", "-1"),
        ("ok_item_1_shipping2", "1.2.3"),
        ("ok_item_1_tax", "19%"),
        ("ok_paysystems", "CC XX"),
        ("ok_directdeposit", "CC SF"),
        ("ok_directdeposit", "PAYPAL"),
        ("ok_return_success", "shop.example/thanks"),
        ("ok_return_success", "javascript:alert(1)"),
        ("ok_return_success", "ftp://shop.example/"),
        ("ok_return_success", "//shop.example/"),
        ("ok_return_success", "http://"),
        ("ok_return_fail", "http://shop.example:port/"),
        ("ok_return_fail", "http://shop.example/\r\nSet-Cookie: a=b"),
        ("ok_return_fail", "http://[::1/"),
        ("ok_ipn", "data:text/html,hello"),
        ("ok_ipn", "http:\\\\shop.example"),
    ],
)
def test_a_malformed_value_is_named_with_what_was_sent_and_what_is_expected(variable: str, sent: str) -> None:
    found = problems(**{variable: sent})

    assert list(found) == [variable]
    assert found[variable].sent == sent
    assert found[variable].expected


def test_subscriptions_are_refused_by_name() -> None:
    assert problems(ok_kind="subscription")["ok_kind"].expected == ("payment; subscriptions are not supported here yet")


def test_a_disabled_currency_is_refused_at_the_door() -> None:
    with transaction.atomic():
        Currency.objects.filter(code="GBP").update(enabled=False)

        assert "disabled" in problems(ok_currency="GBP")["ok_currency"].expected

        transaction.set_rollback(True)


def test_everything_that_is_wrong_is_listed_in_the_order_of_the_reference() -> None:
    found = problems(
        ok_item_2_price="x", ok_receiver="nobody", ok_item_1_name=None, ok_ipn="x", ok_currency="XXX", ok_fees="7"
    )

    assert list(found) == [
        "ok_receiver",
        "ok_currency",
        "ok_fees",
        "ok_ipn",
        "ok_item_1_name",
        "ok_item_2_name",
        "ok_item_2_price",
    ]


@pytest.mark.parametrize(
    "receiver", ["OK702746927", "ok702746927", "merchant@example.com", "Merchant@Example.COM", "+44 7700 900123"]
)
def test_the_receiver_is_found_by_wallet_email_or_phone_and_echoed_as_sent(receiver: str) -> None:
    order = request(ok_receiver=receiver)

    assert order.receiver.id == "OK702746927"
    assert order.receiver_as_sent == receiver


@pytest.mark.parametrize(
    ("sent", "price"),
    [("100", "100.00"), ("1.5", "1.50"), ("25.00", "25.00"), ("1,234.50", "1234.50"), ("1,234,567", "1234567.00")],
)
def test_prices_as_shops_send_them(sent: str, price: str) -> None:
    assert request(ok_item_1_price=sent).items[0].price == D(price)


@pytest.mark.parametrize("sent", [None, "", " "])
def test_without_a_price_the_buyer_enters_it(sent: str | None) -> None:
    assert request(ok_item_1_price=sent).items[0].price is None


def test_lower_case_will_do() -> None:
    order = request(ok_currency="usd", ok_item_1_type="Shipment", ok_paysystems="cc sf", ok_kind="PAYMENT")

    assert order.currency == "USD"
    assert order.items[0].type == "shipment"
    assert order.paysystems == ("CC", "SF")


def test_later_names_mean_the_same() -> None:
    order = request(ok_payment_methods="VMF,BTC", ok_direct_payment="BTC")

    assert order.paysystems == ("VMF", "BTC")
    assert order.direct_method == "BTC"


def test_any_number_of_items_in_the_order_of_their_numbers() -> None:
    more = {f"ok_item_{number}_name": f"Item {number}" for number in (300, 12, 2)}
    more |= {f"ok_item_{number}_price": str(number) for number in (300, 12, 2)}

    order = request(**more)

    assert [item.name for item in order.items] == ["OKPAY Poster", "Item 2", "Item 12", "Item 300"]


def test_an_item_whose_variables_are_all_empty_is_none() -> None:
    assert len(request(ok_item_2_name="", ok_item_2_price="", ok_item_2_quantity=" ").items) == 1


def test_items_may_begin_with_any_number() -> None:
    order = request(ok_item_1_name=None, ok_item_1_price=None, ok_item_5_name="Fifth", ok_item_5_price="5")

    assert [(item.name, item.price) for item in order.items] == [("Fifth", D("5.00"))]


def test_unknown_variables_are_left_alone() -> None:
    order = request(
        **{
            "submit": "Pay",
            "submit.x": "10",
            "submit.y": "12",
            "ok_item_1_custom_3_title": "Colour",
            "ok_item_1_custom_3_value": "red",
            "ok_s_title": "Magazine",
            "utm_source": "mail",
            "PHPSESSID": "1",
        }
    )

    assert order.hints == ()


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("ok_reciever", "ok_receiver"),
        ("ok_item_name", "ok_item_1_name"),
        ("ok_item_2_pirce", "ok_item_2_price"),
        ("OK_CURRENCY", "ok_currency"),
        ("ok_item_0_name", "ok_item_1_name"),
        ("ok_return_sucess", "ok_return_success"),
        ("ok_item1_name", "ok_item_1_name"),
    ],
)
def test_a_slip_of_the_pen_becomes_a_hint(sent: str, meant: str) -> None:
    (hint,) = request(**{sent: "x"}).hints

    assert hint.variable == sent
    assert hint.text == f"Unknown and left alone. Is {meant} meant?"


def test_an_escaped_ampersand_becomes_a_hint() -> None:
    (hint,) = parse(read(b"ok_receiver=OK702746927&ok_item_1_name=A&ok_item_1_price=1&amp;ok_currency=USD")).hints

    assert hint.variable == "amp;ok_currency"
    assert "&amp;" in hint.text


def test_a_value_without_a_title_becomes_a_hint() -> None:
    assert [hint.variable for hint in request(ok_item_1_custom_2_value="blue").hints] == ["ok_item_1_custom_2_value"]


def test_the_same_value_twice_is_one_and_two_values_are_an_error() -> None:
    pairs = list(form().items())

    assert parse([*pairs, ("ok_currency", "USD"), ("ok_currency", "")]).currency == "USD"
    with pytest.raises(PaymentFormError) as refused:
        parse([*pairs, ("ok_currency", "EUR"), ("ok_currency", "GBP")])
    (problem,) = refused.value.problems
    assert problem == Problem("ok_currency", "USD, EUR", "one value; two different ones were sent")


def test_a_variable_and_its_later_name_must_agree() -> None:
    assert "ok_paysystems" in problems(ok_paysystems="CC", ok_payment_methods="SF")


def test_a_total_has_room_for_twelve_digits() -> None:
    assert request(ok_item_1_price="999999999999.99").items[0].total == D("999999999999.99")
    assert "ok_item_1_price" in problems(ok_item_1_price="999999999999.99", ok_item_1_tax="0.01")
    assert "ok_item_1_price" in problems(ok_item_1_price="99999999", ok_item_1_quantity="99999999")
    assert "ok_item_1_price" in problems(ok_item_1_price=None, ok_item_1_shipping="1", ok_item_1_quantity="2",
                                         ok_item_1_shipping2="999999999999.99")  # fmt: skip
    assert "ok_item_2_price" in problems(ok_item_1_price="999999999999", ok_item_2_name="One more", ok_item_2_price="1")


# The raw form


def test_a_link_whose_values_are_not_encoded() -> None:
    order = parse(
        read(
            "ok_receiver=merchant@example.com&ok_item_1_name=Two words, grün&ok_item_1_price=1,000.00"
            "&ok_return_success=http://shop.example/thanks?order=5 a&ok_currency=usd".encode()
        )
    )

    assert order.items[0].name == "Two words, grün"
    assert order.items[0].price == D("1000.00")
    assert order.return_success == "http://shop.example/thanks?order=5%20a"
    assert order.receiver_as_sent == "merchant@example.com"


def test_encoded_values_are_decoded_once() -> None:
    raw = b"ok_item_1_name=A%2BB+C%20D%2520%26%3d&x&=y&ok_invoice==5"

    assert read(raw) == [("ok_item_1_name", "A+B C D%20&="), ("x", ""), ("", "y"), ("ok_invoice", "=5")]


@pytest.mark.parametrize("bad", [b"%e9t%e9", b"\xe9t\xe9", b"%ed%a0%80", b"%ff"])
def test_a_value_that_is_no_utf_8_is_named(bad: bytes) -> None:
    with pytest.raises(PaymentFormError) as refused:
        parse(read(b"ok_receiver=OK702746927&ok_item_1_price=1&ok_item_1_name=" + bad))

    (problem,) = refused.value.problems
    assert problem.variable == "ok_item_1_name"
    assert problem.expected == "text in UTF-8; these bytes are something else"
    assert problem.sent
    assert problem.sent.isascii()
    assert "\\x" in problem.sent


def test_a_name_that_is_no_utf_8_is_an_unknown_variable() -> None:
    assert parse([*form().items(), *read(b"ok_inv%ffice=5&%ff=%ff")]).invoice == ""


def test_nul_characters_are_named() -> None:
    problem = problems(ok_invoice="a\0b")["ok_invoice"]

    assert problem.expected == "text without NUL characters"
    assert problem.sent == "a\\x00b"


def test_very_long_values_are_shown_by_their_beginning() -> None:
    problem = problems(ok_receiver="x" * 100_000)["ok_receiver"]

    assert problem.expected == "at most 127 characters; 100000 were sent"
    assert problem.sent == "x" * payment_form.SHOWN_LENGTH + "… (100000 characters)"


def test_whoever_comes_without_a_variable_of_ours_sends_no_form() -> None:
    assert not payment_form.is_payment_form([("utm_source", "mail"), ("ok_receiver", "")])
    assert payment_form.is_payment_form([("ok_receiver", "x")])


def test_parsing_changes_nothing() -> None:
    before = Account.objects.count(), Transaction.objects.count()

    request()

    assert (Account.objects.count(), Transaction.objects.count()) == before


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r\n\r\n"])
def test_a_line_end_behind_the_form_is_not_of_its_last_value(end: bytes) -> None:
    sent = b"ok_receiver=OK702746927&ok_item_1_name=A&ok_item_1_price=1&ok_invoice=abc"

    assert parse(read(sent + end)).invoice == "abc"
    assert parse(read(sent + b"%0A")).invoice == "abc\n"  # that one was meant
