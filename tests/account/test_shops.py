"""The Shop tab: what a merchant says of his shop is plain text, and his logo is drawn anew."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from wallets.models import Account, Shop, ShopLogo, Wallet

SAYS = {
    "name": "Tea & <b>cups</b>",
    "description": "Leaves from\nfour countries.",
    "site": "https://tea.example.com/",
    "email": "help@tea.example.com",
    "phone": "+44 20 7946 0018",
    "support_url": "https://tea.example.com/help?a=1&b=2",
}
TAB = "/account/wallets/OK702746927/shop/"


def logo(width: int = 800, height: int = 400, comment: bytes = b"") -> SimpleUploadedFile:
    file = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(file, "JPEG", comment=comment)
    return SimpleUploadedFile("logo.jpg", file.getvalue() + b"<script>alert(1)</script>")


def test_what_a_merchant_says_is_kept_and_shown_as_text(as_merchant: Client, merchant: Wallet) -> None:
    response = as_merchant.post(TAB, SAYS)

    assert response["Location"] == TAB
    shop = Shop.objects.get(wallet=merchant)
    assert (shop.name, shop.description) == (SAYS["name"], "Leaves from four countries.")
    assert (shop.site, shop.email, shop.phone) == (SAYS["site"], SAYS["email"], SAYS["phone"])
    assert shop.support_url == SAYS["support_url"]
    assert 'value="Tea &amp; &lt;b&gt;cups&lt;/b&gt;"' in as_merchant.get(TAB).content.decode()


def test_all_of_it_may_be_left_out_and_taken_back(as_merchant: Client, merchant: Wallet) -> None:
    as_merchant.post(TAB, SAYS)

    assert as_merchant.post(TAB, {}).status_code == 302

    assert not Shop.objects.get(wallet=merchant).says_something


@pytest.mark.parametrize(
    ("field", "wrong", "says"),
    [
        ("name", "x" * 81, "80"),
        ("name", "Tea\u202ekcab", "invisible"),
        ("name", "Tea\u200b", "invisible"),
        ("description", "x" * 301, "300"),
        ("description", "\ufeffTea", "invisible"),
        ("site", "javascript:alert(1)", "http://"),
        ("site", "//tea.example.com/", "http://"),
        ("site", "https://www.okpay.com@evil.example/", "@"),
        ("site", "https://оkpay.example/", "ASCII"),
        ("support_url", "data:text/html,<script>", "http://"),
        ("support_url", "https://" + "x" * 400, "400"),
        ("email", "help", "valid email"),
        ("email", 'a"b@example.com?subject=x', "valid email"),
        ("phone", "call me", "+49"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_kept(
    as_merchant: Client, merchant: Wallet, field: str, wrong: str, says: str
) -> None:
    response = as_merchant.post(TAB, {**SAYS, field: wrong})

    assert list(response.context["form"].errors) == [field]
    assert says in " ".join(response.context["form"].errors[field])
    assert not Shop.objects.exists()


# The logo


def test_a_logo_is_drawn_anew_and_nothing_of_the_file_is_kept(as_merchant: Client, merchant: Wallet) -> None:
    as_merchant.post(TAB, {"logo": logo(comment=b"taken at home")})

    kept = ShopLogo.objects.get(shop=merchant.id)
    assert (kept.width, kept.height) == (320, 160)
    address = f"/shop-logos/{kept.name}.webp"
    assert f'src="{address}"' in as_merchant.get(TAB).content.decode()
    served = Client().get(address)
    assert served["Content-Type"] == "image/webp"
    assert "default-src 'none'" in served["Content-Security-Policy"]
    assert b"script" not in served.content
    assert b"taken at home" not in served.content
    with Image.open(io.BytesIO(served.content)) as drawn:
        assert (drawn.format, drawn.size) == ("WEBP", (320, 160))
    assert Client().get(address, headers={"If-None-Match": served["ETag"]}).status_code == 304


def test_another_logo_has_another_address(as_merchant: Client, merchant: Wallet) -> None:
    as_merchant.post(TAB, {"logo": logo()})
    before = ShopLogo.objects.get().name

    as_merchant.post(TAB, {**SAYS, "logo": logo(100, 100)})

    after = ShopLogo.objects.get()
    assert after.name != before
    assert (after.width, after.height) == (100, 100)
    assert Client().get(f"/shop-logos/{before}.webp").status_code == 404


def test_texts_change_without_the_logo(as_merchant: Client, merchant: Wallet) -> None:
    as_merchant.post(TAB, {"logo": logo()})
    before = ShopLogo.objects.get().name

    as_merchant.post(TAB, SAYS)

    assert ShopLogo.objects.get().name == before


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no picture",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"\x89PNG\r\n\x1a\n",
    ],
)
def test_what_is_no_picture_is_refused_and_nothing_is_kept(
    as_merchant: Client, merchant: Wallet, content: bytes
) -> None:
    response = as_merchant.post(TAB, {**SAYS, "logo": SimpleUploadedFile("logo.png", content)})

    assert list(response.context["form"].errors) == ["logo"]
    assert not Shop.objects.exists()


def test_a_logo_that_is_too_large(as_merchant: Client, merchant: Wallet) -> None:
    response = as_merchant.post(TAB, {"logo": SimpleUploadedFile("logo.png", b"x" * (5 * 1024 * 1024 + 1))})

    assert "at most 5 MB" in " ".join(response.context["form"].errors["logo"])


def test_a_logo_is_removed(as_merchant: Client, merchant: Wallet) -> None:
    as_merchant.post(TAB, {**SAYS, "logo": logo()})
    name = ShopLogo.objects.get().name

    as_merchant.post(f"{TAB}logo/remove/")

    assert Client().get(f"/shop-logos/{name}.webp").status_code == 404
    assert Shop.objects.get(wallet=merchant).name == SAYS["name"]


def test_the_logo_of_who_is_blocked_is_not_served(as_merchant: Client, merchant: Wallet) -> None:
    as_merchant.post(TAB, {"logo": logo()})
    Account.objects.filter(id=merchant.account_id).update(is_blocked=True)

    assert Client().get(f"/shop-logos/{ShopLogo.objects.get().name}.webp").status_code == 404


def test_a_stranger_says_nothing_for_another(as_stranger: Client, merchant: Wallet) -> None:
    for address in (TAB, f"{TAB}logo/remove/"):
        assert as_stranger.post(address, SAYS).status_code == 404

    assert not Shop.objects.exists()
