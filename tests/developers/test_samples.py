"""The twelve official forms on the page: their source is the official one, and each button opens a checkout."""

import re
from html import unescape

import pytest
from django.conf import LazySettings
from django.test import Client

from okpay_gateway.developers.samples import SAMPLES
from tests.official.code_samples import CODE_SAMPLES, HOST
from wallets.models import Wallet

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("world")]


def sections(client: Client) -> list[str]:
    html = client.get("/developers/code-samples/").content.decode()
    return re.findall(r'<section class="card sample".*?</section>', html, re.DOTALL)


def test_the_source_is_the_official_one_with_our_address(client: Client, settings: LazySettings) -> None:
    settings.PUBLIC_URL = HOST
    found = sections(client)

    assert [sample.title for sample in SAMPLES] == list(CODE_SAMPLES)
    for section, source in zip(found, CODE_SAMPLES.values(), strict=True):
        (shown,) = re.findall(r"<textarea[^>]*>(.*?)</textarea>", section, re.DOTALL)
        # The official page indents by non-breaking spaces, which nobody wants in his source.
        assert unescape(shown) == source.replace("\xa0", " ")


@pytest.mark.parametrize("number", range(12))
def test_its_button_opens_a_checkout_of_the_demo_merchant(client: Client, number: int) -> None:
    section = sections(client)[number]
    (action,) = re.findall(r'<form method="post" action="([^"]+)"', section)
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', section)

    answer = client.post(action, {name: unescape(value) for name, value in fields}, follow=True)

    assert ("ok_receiver", "OK702746927") in fields
    assert answer.status_code == 200
    assert re.match(r"/checkout/[\w-]+/", answer.redirect_chain[0][0])
    page = answer.content.decode()
    assert "OKPAY Poster" in page or "Sofort" in page


def test_a_hosted_server_pays_the_visitors_own_wallet(client: Client, stranger: Wallet, settings: LazySettings) -> None:
    settings.SANDBOX = False
    settings.SECURE_SSL_REDIRECT = False
    assert all("<form method" not in section for section in sections(client))

    client.force_login(stranger.account.user)

    for section in sections(client):
        assert f'name="ok_receiver" value="{stranger.id}"' in section
        assert "OK702746927" not in section
