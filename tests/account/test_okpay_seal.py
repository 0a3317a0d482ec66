"""The OKPAY Seal: a generator for its owner, a page for everybody, and not a word more than the owner wants."""

import re
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from tests.account.conftest import logged_in
from tests.conftest import account_of
from wallets import okpay_seal
from wallets.models import Account, OkpaySeal, Wallet

EVERYTHING = dict.fromkeys(
    ("is_shown", *okpay_seal.OF_A_BUSINESS, "shows_email", "shows_phone"),
    "on",
)
SHOP = {"name": "Posters", "description": "Robots on paper.", "site": "https://posters.example.com/"}


@pytest.fixture(autouse=True)
def no_seal_yet(merchant: Wallet) -> None:
    """The demo merchant has chosen his; here he has still to."""
    OkpaySeal.objects.all().delete()


def page(wallet: Wallet, **headers: str) -> str:
    response = Client().get(f"/seal/{wallet.id}/", headers=headers)
    assert response.status_code == 200
    return str(response.content.decode())


def show(client: Client, wallet: Wallet, **choices: str) -> None:
    response = client.post(f"/account/seal/{wallet.id}/", choices)
    assert response["Location"] == f"/account/seal/{wallet.id}/"


# The generator


def test_it_is_where_the_official_page_says(as_merchant: Client) -> None:
    assert '<a href="/account/seal/">OKPAY Seal</a>' in as_merchant.get("/account/profile/").content.decode()
    assert as_merchant.get("/account/seal/").status_code == 200


def test_each_code_leads_to_the_seal_and_to_a_graphic_of_ours(as_merchant: Client, merchant: Wallet) -> None:
    shown = as_merchant.get("/account/seal/?language=de").content.decode()

    codes = [unescape(code) for code in re.findall(r"<textarea[^>]*>(.*?)</textarea>", shown, re.DOTALL)]
    assert len(codes) == 4
    for code in codes:
        link = ElementTree.fromstring(code)
        [image] = link
        assert link.attrib["href"] == f"http://testserver/seal/{merchant.id}/"
        assert image.attrib["alt"] == "Hier klicken zum Prüfen"
        assert image.attrib["src"].startswith("http://testserver/static/seals/s")


@pytest.mark.parametrize("language", okpay_seal.GRAPHIC_LANGUAGES)
@pytest.mark.parametrize("name", okpay_seal.GRAPHICS)
def test_the_graphics_are_there_in_every_language(name: str, language: str) -> None:
    path = finders.find(f"seals/{name}-{language}.svg")
    assert path
    picture = ElementTree.fromstring(Path(path).read_text())
    assert (int(picture.attrib["width"]), int(picture.attrib["height"])) == okpay_seal.GRAPHICS[name]


def test_a_seal_is_shown_only_when_its_owner_says_so(as_merchant: Client, merchant: Wallet) -> None:
    as_merchant.get("/account/seal/")
    assert Client().get(f"/seal/{merchant.id}/").status_code == 404

    show(as_merchant, merchant, is_shown="on")
    assert Client().get(f"/seal/{merchant.id}/").status_code == 200

    show(as_merchant, merchant, **{name: on for name, on in EVERYTHING.items() if name != "is_shown"})
    assert Client().get(f"/seal/{merchant.id}/").status_code == 404


def test_a_business_is_suggested_what_shops_say_of_themselves(as_merchant: Client) -> None:
    form = as_merchant.get("/account/seal/").context["form"]

    assert {name for name in form.fields if form[name].value()} == set(okpay_seal.OF_A_BUSINESS)


def test_a_person_is_suggested_nothing_personal(as_buyer: Client) -> None:
    form = as_buyer.get("/account/seal/").context["form"]

    assert [name for name in form.fields if form[name].value()] == ["shows_member_since"]


def test_the_form_says_what_each_choice_would_tell(as_buyer: Client) -> None:
    form = as_buyer.get("/account/seal/").context["form"]

    assert form["shows_name"].help_text == "Bob Buyer"
    assert form["shows_place"].help_text == "Berlin, Germany"
    assert form["shows_phone"].help_text == "+49-301234567"
    assert "nothing to show" in form["shows_site"].help_text


def test_every_wallet_has_a_seal_of_its_own(as_merchant: Client, merchant: Wallet) -> None:
    as_merchant.post("/account/wallets/", {"title": "Second shop"})
    second = merchant.account.wallets.get(title="Second shop")

    show(as_merchant, second, is_shown="on")

    assert Client().get(f"/seal/{second.id}/").status_code == 200
    assert Client().get(f"/seal/{merchant.id}/").status_code == 404
    assert f'href="/account/seal/{second.id}/"' in as_merchant.get("/account/seal/").content.decode()


def test_a_stranger_shows_nobody_elses_seal(as_stranger: Client, merchant: Wallet) -> None:
    for response in (
        as_stranger.get(f"/account/seal/{merchant.id}/"),
        as_stranger.post(f"/account/seal/{merchant.id}/", EVERYTHING),
    ):
        assert response.status_code == 404
    assert not OkpaySeal.objects.exists()
    assert Client().get("/account/seal/")["Location"].startswith("/account/login/")


# The page


def test_it_tells_what_the_merchant_has_chosen(as_merchant: Client, merchant: Wallet) -> None:
    as_merchant.post(f"/account/wallets/{merchant.id}/shop/", SHOP)
    show(as_merchant, merchant, **EVERYTHING)

    told = page(merchant)

    assert "A genuine, verified OKPAY account" in told
    for text in (
        merchant.id,
        "Demo Merchant",
        f"{merchant.account.created_at:%Y-%m-%d}",
        "120",
        "London, United Kingdom",
        "merchant@example.com",
        "+44-7700900123",
        "Posters",
        "Robots on paper.",
        'href="https://posters.example.com/" rel="nofollow noopener noreferrer"',
    ):
        assert text in told
    # What nobody can choose.
    for text in ("Mary", "Market Street", "N1 9GU", merchant.account_id, "10000.00"):
        assert text not in told


@pytest.mark.parametrize(
    ("choice", "texts"),
    [
        ("shows_name", ["Bob", "Buyer"]),
        ("shows_member_since", ["Member since"]),
        ("shows_reputation", ["Reputation"]),
        ("shows_place", ["Berlin", "Germany"]),
        ("shows_email", ["buyer@example.com"]),
        ("shows_phone", ["49-301234567"]),
        ("shows_shop", ["Posters", "Robots on paper."]),
        ("shows_site", ["posters.example.com"]),
    ],
)
def test_what_is_not_chosen_is_not_told(as_buyer: Client, buyer: Wallet, choice: str, texts: list[str]) -> None:
    as_buyer.post(f"/account/wallets/{buyer.id}/shop/", SHOP)
    show(as_buyer, buyer, **EVERYTHING)
    assert all(text in page(buyer) for text in texts)

    show(as_buyer, buyer, **{name: on for name, on in EVERYTHING.items() if name != choice})

    assert not [text for text in texts if text in page(buyer)]


def test_who_is_not_verified_is_called_so(as_stranger: Client, stranger: Wallet) -> None:
    show(as_stranger, stranger, is_shown="on", shows_name="on", shows_phone="on")

    told = page(stranger)

    assert "not verified" in told
    assert "papers" not in told
    assert re.search(r"Second Shop <span class=\"meta\">not checked", told)
    assert "<dt>Phone" not in told  # there is none


def test_a_business_is_never_called_by_its_owners_name(as_merchant: Client, merchant: Wallet) -> None:
    Account.objects.filter(id=merchant.account_id).update(business_name="")
    show(as_merchant, merchant, **EVERYTHING)

    assert "Mary" not in page(merchant)


def test_markup_is_text(as_merchant: Client, merchant: Wallet) -> None:
    Account.objects.filter(id=merchant.account_id).update(business_name="<script>alert(1)</script>", city="<b>")
    as_merchant.post(f"/account/wallets/{merchant.id}/shop/", {"name": "<img src=x>", "description": "<i>"})
    show(as_merchant, merchant, **EVERYTHING)

    told = page(merchant)

    for markup in ("<script>alert", "<img src=x>", "<b>", "<i>"):
        assert markup not in told


def test_a_copied_seal_is_found_out_by_where_it_stands(as_merchant: Client, merchant: Wallet) -> None:
    as_merchant.post(f"/account/wallets/{merchant.id}/shop/", SHOP)
    show(as_merchant, merchant, is_shown="on", shows_site="on")

    assert "for another web site" in page(merchant, referer="https://posters.example.net/")
    at_home = page(merchant, referer="https://www.posters.example.com/")
    assert "You came from www.posters.example.com" in at_home
    assert "for another web site" not in at_home
    for nothing in ("", "http://testserver/account/seal/", "about:blank", "https://["):
        assert "You came from" not in page(merchant, referer=nothing)


def test_where_the_site_is_private_the_visitors_is_not_compared(as_merchant: Client, merchant: Wallet) -> None:
    as_merchant.post(f"/account/wallets/{merchant.id}/shop/", SHOP)
    show(as_merchant, merchant, is_shown="on")

    assert "You came from" not in page(merchant, referer="https://posters.example.net/")


def test_where_there_is_no_seal_all_are_told_the_same(as_merchant: Client, merchant: Wallet, blocked: Wallet) -> None:
    show(logged_in(blocked), blocked, **EVERYTHING)
    house = account_of("merchant@example.com").sandbox.accounts.get(kind="house").wallets.first()
    OkpaySeal.objects.create(wallet=house, is_shown=True, changed_at=merchant.created_at)
    show(as_merchant, merchant, shows_name="on")

    answers = {}
    for wallet_id in (merchant.id, blocked.id, "OK999999999", house.id, "x", "OK\u0667" + "0" * 8, "%00", "O" * 500):
        response = Client().get(f"/seal/{wallet_id}/")
        # But for the form that changes the language, which leads back to where one is.
        words = re.sub(r'<input type="hidden"[^>]*>', "", response.content.decode())
        answers[wallet_id] = (response.status_code, words)

    assert {status for status, _words in answers.values()} == {404}
    assert len({words for _status, words in answers.values()}) == 1


def test_blocked_from_now_on(as_merchant: Client, merchant: Wallet) -> None:
    show(as_merchant, merchant, **EVERYTHING)
    Account.objects.filter(id=merchant.account_id).update(is_blocked=True)

    assert Client().get(f"/seal/{merchant.id}/").status_code == 404
    assert "not shown to anybody meanwhile" in as_merchant.get("/account/seal/").content.decode()


def test_nothing_of_it_stays_in_a_cache(as_merchant: Client, merchant: Wallet) -> None:
    show(as_merchant, merchant, is_shown="on")

    assert "no-store" in Client().get(f"/seal/{merchant.id}/")["Cache-Control"]
    assert Client().post(f"/seal/{merchant.id}/").status_code == 405


def test_staff_see_the_seals(as_merchant: Client, merchant: Wallet, blocked: Wallet) -> None:
    show(as_merchant, merchant, is_shown="on", shows_name="on")
    show(logged_in(blocked), blocked)
    staff = Client()
    staff.login(username="admin@example.com", password="admin")

    listed = staff.get("/admin/wallets/okpayseal/").content.decode()
    only_shown = staff.get("/admin/wallets/okpayseal/?is_shown__exact=1").content.decode()

    assert f'href="/seal/{merchant.id}/"' in listed
    assert blocked.id in listed
    assert f'href="/seal/{blocked.id}/"' not in listed
    assert blocked.id not in only_shown
