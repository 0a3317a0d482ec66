"""What arrives at process.html by a payment link or an encrypted button, over HTTP as a browser brings it."""

import random
from collections.abc import Callable, Mapping
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.test import Client

from checkout import buttons, links, seals
from checkout.links import Looks
from checkout.models import ButtonKey, CheckoutSession, PaymentLink
from sandbox import clock
from sandbox.models import Sandbox
from tests.checkout.conftest import BASIC, form
from wallets.models import Wallet
from wallets.money import D

SHOP = "https://shop.example.com"
Keep = Callable[..., PaymentLink]


@pytest.fixture
def keep(merchant: Wallet, world: Sandbox) -> Keep:
    """`keep(is_encrypted=True, ok_item_1_price="5")`: the merchant keeps the basic form, changed, as a link."""

    def _keep(**changes: object) -> PaymentLink:
        looks = {name: changes.pop(name) for name in ("is_encrypted", "graphic", "expires_at") if name in changes}
        link, _hints = links.create(
            merchant.account,
            form(**changes).items(),  # type: ignore[arg-type]
            Looks(**looks),  # type: ignore[arg-type]
            now=clock.now(world),
        )
        return link

    return _keep


def fields(link: PaymentLink) -> dict[str, str]:
    link.refresh_from_db()
    return dict(buttons.fields(link, now=clock.now(link.sandbox)))


def send(data: Mapping[str, str], **beside: str) -> tuple[int, str]:
    """Status and page, or where it leads."""
    response = Client().post("/process.html", {**data, **beside})
    return response.status_code, response.content.decode() or response["Location"]


def opened(data: Mapping[str, str], **beside: str) -> CheckoutSession:
    """The checkout that a form opens."""
    status, where = send(data, **beside)
    assert status == 302, where
    return CheckoutSession.objects.get(token=where.strip("/").split("/")[-1])


def refused(data: Mapping[str, str], words: str, **beside: str) -> str:
    before = CheckoutSession.objects.count()
    status, page = send(data, **beside)
    assert status == 400
    assert words in page
    assert CheckoutSession.objects.count() == before
    return page


def price(session: CheckoutSession) -> str:
    return str(session.items.get().price)


# Plain codes and short addresses


def test_a_plain_code_opens_its_checkout_and_is_counted(keep: Keep) -> None:
    link = keep()
    session = opened(fields(link))

    assert (session.link, price(session), session.receiver_as_sent) == (link, "100.00", "OK702746927")
    assert (counted(link).clicks, counted(link).payments) == (1, 0)


def counted(link: PaymentLink) -> PaymentLink:
    return PaymentLink.objects.get(id=link.id)


def test_what_a_merchant_changes_in_a_plain_code_by_hand_counts(keep: Keep) -> None:
    session = opened(fields(keep()) | {"ok_item_1_price": "7.50", "ok_return_success": f"{SHOP}/thanks"})

    assert (price(session), session.return_success) == ("7.50", f"{SHOP}/thanks")


def test_the_short_address_asks_for_what_the_link_says_now(keep: Keep, merchant: Wallet, world: Sandbox) -> None:
    link = keep()
    short = buttons.short_url(link, origin="")
    assert short == f"/process.html?ok_link={link.id}"
    links.change(link, form(ok_item_1_price="80").items(), Looks(), now=clock.now(world))

    response = Client().get(short)

    session = CheckoutSession.objects.get()
    assert response["Location"] == f"/checkout/{session.token}/"
    assert (price(session), session.link) == ("80.00", link)


def test_the_url_code_is_the_official_form(keep: Keep) -> None:
    link = keep(ok_item_1_name="Zwei Wörter & <mehr>")
    url = buttons.code(link, origin="http://testserver", now=link.created_at).url

    assert url.startswith("http://testserver/process.html?ok_receiver=OK702746927&ok_item_1_name=Zwei+W%C3%B6rter+")
    assert dict(parse_qsl(urlsplit(url).query)) == dict(link.pairs) | {"ok_link": link.id}
    assert Client().get(url).status_code == 302
    assert CheckoutSession.objects.get().items.get().name == "Zwei Wörter & <mehr>"


def test_a_program_that_only_looks_whether_a_link_leads_anywhere_is_no_click(keep: Keep) -> None:
    link = keep()
    assert Client().head(buttons.short_url(link, origin="")).status_code == 200
    assert counted(link).clicks == 0


def test_a_link_of_somebody_else_cannot_be_counted_for_oneself(keep: Keep, stranger: Wallet) -> None:
    link = keep()
    page = refused(BASIC | {"ok_receiver": stranger.id, "ok_link": link.id}, "a payment link of this receiver")
    assert "ok_link" in page
    assert counted(link).clicks == 0


@pytest.mark.parametrize("ok_link", ["abcdefghjkmn", "ABCDEF", "x" * 3000, "../..", "ü"])
def test_a_link_that_never_was(world: Sandbox, ok_link: str) -> None:
    refused({"ok_link": ok_link}, "There is no such payment link")
    refused(BASIC | {"ok_link": ok_link}, "There is no such payment link")


def test_a_deleted_link_says_so_and_its_payments_stay(keep: Keep) -> None:
    link = keep()
    sent, session = fields(link), opened(fields(link))
    link.delete()

    refused(sent, "There is no such payment link")
    session.refresh_from_db()
    assert session.is_open
    assert session.link is None


@pytest.mark.parametrize("is_encrypted", [False, True])
def test_a_disabled_link_says_so_by_whatever_way_one_comes(keep: Keep, is_encrypted: bool) -> None:
    link = keep(is_encrypted=is_encrypted)
    sent = fields(link)
    links.switch(link, on=False)

    page = refused(sent, "This payment link is switched off")
    assert "Demo Merchant" in page
    refused({"ok_link": link.id}, "This payment link is switched off")
    links.switch(link, on=True)
    assert opened(sent).link == link


@pytest.mark.parametrize("is_encrypted", [False, True])
def test_an_expired_link_says_so_until_it_gets_more_time(keep: Keep, world: Sandbox, is_encrypted: bool) -> None:
    now = clock.now(world)
    link = keep(is_encrypted=is_encrypted, expires_at=now + timedelta(minutes=5))
    sent = fields(link)
    assert opened(sent).link == link
    clock.advance(world, timedelta(minutes=5))

    refused(sent, "This payment link has expired")
    refused({"ok_link": link.id}, "This payment link has expired")
    looks = Looks(is_encrypted=is_encrypted, expires_at=now + timedelta(hours=1))
    links.change(link, link.pairs, looks, now=clock.now(world))
    assert opened(sent).link == link


# Encrypted buttons


def test_an_encrypted_button_hides_everything_and_opens_its_checkout(keep: Keep) -> None:
    link = keep(is_encrypted=True, ok_ipn=f"{SHOP}/ipn", ok_invoice="77")
    sent = fields(link)

    assert list(sent) == ["ok_encrypted"]
    assert not any(word in sent["ok_encrypted"] for word in ("Poster", "100", "shop.example.com", "OK702746927"))
    session = opened(sent)
    assert (session.link, price(session), session.ipn_url) == (link, "100.00", f"{SHOP}/ipn")
    assert (session.invoice, session.receiver_id) == ("77", "OK702746927")


def test_an_encrypted_button_by_get_and_as_multipart(keep: Keep) -> None:
    code = buttons.code(link := keep(is_encrypted=True), origin="", now=clock.now(link_sandbox()))
    assert Client().get(code.url).status_code == 302
    assert Client().post("/process.html", fields(link)).status_code == 302  # multipart/form-data
    assert counted(link).clicks == 2


def link_sandbox() -> Sandbox:
    return clock.default_sandbox()


def test_the_code_of_a_link_stays_the_same_while_nothing_changes(keep: Keep, world: Sandbox) -> None:
    link = keep(is_encrypted=True)
    sent = fields(link)
    assert fields(link) == sent
    links.change(link, form(ok_item_1_price="101").items(), Looks(is_encrypted=True), now=clock.now(world))
    assert fields(link) != sent


def mutated(sealed: str, chance: random.Random) -> str:
    """One, in any of the ways in which something can go wrong or be made to."""
    place = chance.randrange(len(sealed))
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n%é\0"
    match chance.randrange(8):
        case 0:
            return sealed[:place]
        case 1:
            return sealed[place:]
        case 2:
            return sealed[:place] + chance.choice(letters) + sealed[place:]
        case 3:
            return sealed[:place] + sealed[place + 1 :]
        case 4:
            return sealed[:place] + sealed[place:].swapcase()
        case 5:
            return sealed + chance.choice(letters)
        case 6:
            other = chance.randrange(len(sealed))
            swapped = list(sealed)
            swapped[place], swapped[other] = swapped[other], swapped[place]
            return "".join(swapped)
    return sealed[:place] + chance.choice(letters) + sealed[place + 1 :]


@pytest.mark.slow
def test_a_thousand_mutated_seals_are_all_refused(keep: Keep) -> None:
    sealed = fields(keep(is_encrypted=True))["ok_encrypted"]
    chance = random.Random(20101231)
    tried = set()
    while len(tried) < 1000:
        mutation = mutated(sealed, chance)
        if mutation != sealed and mutation.strip():
            tried.add(mutation)

    visitor = Client()
    statuses = {mutation: visitor.post("/process.html", {"ok_encrypted": mutation}).status_code for mutation in tried}

    assert {mutation for mutation, status in statuses.items() if status != 400} == set()
    assert not CheckoutSession.objects.exists()


def test_every_single_letter_of_a_seal_counts(keep: Keep) -> None:
    """The last one too, of which base64 does not need every bit."""
    sealed = fields(keep(is_encrypted=True, ok_invoice="1"))["ok_encrypted"]
    for place, letter in enumerate(sealed):
        changed = sealed[:place] + ("A" if letter != "A" else "B") + sealed[place + 1 :]
        with pytest.raises(seals.Refused):
            seals.open_seal(changed)
    for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_":
        if last != sealed[-1]:
            with pytest.raises(seals.Altered):
                seals.open_seal(sealed[:-1] + last)


def test_a_seal_of_one_key_is_none_of_another(keep: Keep, merchant: Wallet, stranger: Wallet, world: Sandbox) -> None:
    sealed = fields(keep(is_encrypted=True))["ok_encrypted"]
    others = seals.new_key(stranger, title="Thief", now=clock.now(world))
    version, _key, rest = sealed.split(".")

    refused({"ok_encrypted": f"{version}.{others.id}.{rest}"}, "altered or cut off")
    refused({"ok_encrypted": f"{version}.{'a' * 10}.{rest}"}, "sealed for another place")
    refused({"ok_encrypted": f"2.{_key}.{rest}"}, "altered or cut off")


def test_one_merchants_key_makes_no_button_that_pays_another(stranger: Wallet, world: Sandbox) -> None:
    sealed = seals.seal(BASIC.items(), wallet=stranger, now=clock.now(world))
    refused({"ok_encrypted": sealed}, "the wallet whose key has sealed the button")


@pytest.mark.parametrize(
    ("beside", "value"),
    [
        ("ok_item_1_price", "1"),
        ("ok_item_1_name", "Another"),
        ("ok_item_1_quantity", "100"),
        ("ok_item_1_tax", "1"),
        ("ok_item_2_name", "And this"),
        ("ok_currency", "JPY"),
        ("ok_receiver", "OK100000004"),
        ("ok_fees", "1"),
        ("ok_ipn", "https://thief.example.com/"),
        ("ok_return_success", "https://thief.example.com/"),
        ("ok_paysystems", "CC"),
        ("ok_payment_methods", "CC"),
        ("ok_directdeposit", "CC"),
        ("ok_direct_payment", "CC"),
        ("ok_invoice", "other"),
        ("ok_item_1_custom_1_value", "other"),
        ("ok_link", "abcdefghjkmn"),
        ("ok_link_revision", "1"),
        ("ok_expires", "2099-01-01 00:00:00"),
    ],
)
def test_what_stands_beside_a_seal_changes_nothing_of_it(keep: Keep, beside: str, value: str) -> None:
    link = keep(
        is_encrypted=True,
        ok_invoice="77",
        ok_item_1_custom_1_title="Size",
        ok_item_1_custom_1_value="A1",
    )
    name = {"ok_payment_methods": "ok_paysystems", "ok_direct_payment": "ok_directdeposit"}.get(beside, beside)
    refused(fields(link), f"<code>{name}</code>", **{beside: value})
    if not beside.startswith(("ok_link", "ok_expires", "ok_receiver")):
        refused({"ok_link": link.id}, f"<code>{name}</code>", **{beside: value})


def test_what_only_the_page_knows_may_stand_beside_a_seal(keep: Keep) -> None:
    link = keep(is_encrypted=True, ok_item_1_price=None, ok_item_1_custom_1_title="Size")
    session = opened(
        fields(link),
        ok_invoice="order 5",
        ok_payer_email="ann@example.com",
        ok_language="de",
        ok_item_1_price="12.50",
        ok_item_1_custom_1_value="A1",
        ok_item_1_name="OKPAY Poster",  # the same as in the seal
        shop_variable="left alone",
    )
    item = session.items.get()
    assert (session.invoice, session.language, item.price, item.custom_1_value) == ("order 5", "de", D("12.50"), "A1")
    assert session.payer_details == {"email": "ann@example.com"}


def test_two_seals_in_one_form_are_one_too_many(keep: Keep) -> None:
    first, second = (fields(keep(is_encrypted=True))["ok_encrypted"] for _link in range(2))
    response = Client().post("/process.html", {"ok_encrypted": [first, second]})
    assert response.status_code == 400
    assert "one value; two different ones were sent" in response.content.decode()


# Revocation


def test_a_revoked_key_takes_its_buttons_with_it(keep: Keep, world: Sandbox) -> None:
    link = keep(is_encrypted=True)
    before = fields(link)
    seals.revoke(ButtonKey.objects.get(), now=clock.now(world))

    assert "Demo Merchant" in refused(before, "This button was revoked")
    assert opened(fields(link)).link == link  # with a new key


def test_older_buttons_of_a_link_go_on_unless_they_are_refused(keep: Keep, world: Sandbox) -> None:
    link = keep(is_encrypted=True)
    cheap = fields(link)
    looks, now = Looks(is_encrypted=True), clock.now(world)
    links.change(link, form(ok_item_1_price="150").items(), looks, now=now)
    assert price(opened(cheap)) == "100.00"
    dear = fields(link)

    links.change(link, form(ok_item_1_price="200").items(), looks, now=now, refuse_older=True)

    refused(cheap, "This button was revoked")
    refused(dear, "This button was revoked")
    assert price(opened(fields(link))) == "200.00"


def test_buttons_are_revoked_without_a_change(keep: Keep, world: Sandbox) -> None:
    link = keep(is_encrypted=True)
    before = fields(link)
    links.revoke_buttons(link, now=clock.now(world))

    refused(before, "This button was revoked")
    assert opened(fields(link)).link == link


# Wallets that accept nothing else


def test_a_wallet_may_accept_encrypted_buttons_only(keep: Keep, merchant: Wallet, world: Sandbox) -> None:
    plain, sealed = keep(), keep(is_encrypted=True)
    Wallet.objects.filter(id=merchant.id).update(encrypted_only=True)

    for form_of_old in (BASIC, fields(plain), BASIC | {"ok_receiver": "merchant@example.com"}):
        refused(form_of_old, "This shop accepts only encrypted buttons")
    assert opened(fields(sealed)).link == sealed
    assert opened({"ok_link": plain.id}).link == plain
