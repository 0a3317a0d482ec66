"""Which addresses are posted to, by themselves and by every spelling of a URL."""

import asyncio

import pytest
from pytest_django import Settings

from ipn import http
from ipn.addresses import refusal
from ipn.models import DeliveryAttempt
from tests.listener import Answer, Listener

Error = DeliveryAttempt.Error

ALWAYS_FORBIDDEN = [
    "169.254.169.254",
    "169.254.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "fe80::1",
    "fe80::1%eth0",
    "fd00:ec2::254",
    "ff02::1",
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "::169.254.169.254",
    "64:ff9b::169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
    "2001:0:a9fe:a9fe::1",
    "2001:0:808:808::5601:5601",  # Teredo hides its client's address by inverting it
    "not an address",
    "",
]
PRIVATE = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "198.18.0.1",
    "192.0.2.1",
    "::1",
    "::",
    "fc00::1",
    "fd12:3456::1",
    "fec0::1",
    "2001:db8::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::10.0.0.1",
    "2002:7f00:1::",
    "2002:c0a8:101::1",
]
PUBLIC = ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"]


@pytest.mark.parametrize("address", ALWAYS_FORBIDDEN)
def test_addresses_that_are_never_posted_to(address: str) -> None:
    assert refusal(address, allow_private=True)
    assert refusal(address, allow_private=False)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_open_in_a_sandbox_only(address: str) -> None:
    assert not refusal(address, allow_private=True)
    assert refusal(address, allow_private=False)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_open(address: str) -> None:
    assert not refusal(address, allow_private=True)
    assert not refusal(address, allow_private=False)


# Spellings of 127.0.0.1 in a URL. Some no resolver understands; nothing may connect.
LOOPBACK_SPELLINGS = [
    "127.0.0.1",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0x7f.0x0.0x0.0x1",
    "017700000001",
    "0177.0.0.1",
    "0177.1",
    "127.0.0.1.",
    "127.000.000.001",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "0.0.0.0",
    "0",
    "[::]",
    "①②⑦.⓪.⓪.①",
    "127。0。0。1",
    "１２７.0.0.1",
    "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
    "%31%32%37.0.0.1",
]
METADATA_SPELLINGS = [
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "0xA9.0xFE.0xA9.0xFE",
    "0251.0376.0251.0376",
    "025177524776",
    "169.254.43518",
    "169.16689662",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    "[64:ff9b::a9fe:a9fe]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "169。254。169。254",
    "①⑥⑨.②⑤④.①⑥⑨.②⑤④",
]


def post(url: str) -> http.Answer:
    async def _post() -> http.Answer:
        async with http.open_session() as session:
            return await http.post(session, url, "a=b")

    return asyncio.run(_post())


@pytest.mark.parametrize("host", LOOPBACK_SPELLINGS)
def test_no_spelling_of_this_machine_is_posted_to_by_a_hosted_gateway(
    host: str, listener: Listener, settings: Settings
) -> None:
    settings.IPN_ALLOW_PRIVATE = False

    answer = post(f"http://{host}:{listener.port}/ipn")

    assert answer.error in (Error.FORBIDDEN_ADDRESS, Error.INCORRECT_URL, Error.NAME_NOT_FOUND)
    assert answer.detail
    assert listener.connections == 0


@pytest.mark.parametrize("host", METADATA_SPELLINGS)
def test_no_spelling_of_a_metadata_address_is_posted_to_even_in_a_sandbox(host: str) -> None:
    answer = post(f"http://{host}/latest/meta-data/")

    assert answer.error in (Error.FORBIDDEN_ADDRESS, Error.INCORRECT_URL, Error.NAME_NOT_FOUND)
    assert answer.detail


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", "[::ffff:127.0.0.1]"])
def test_a_sandbox_posts_to_this_machine(host: str, listener: Listener) -> None:
    assert post(f"http://{host}:{listener.port}/ipn").response_code == 200


def test_a_redirect_to_a_forbidden_address_is_not_followed(listener: Listener) -> None:
    listener.will(Answer(307, headers=(("Location", "http://169.254.169.254/"),)))

    answer = post(listener.url)

    assert (answer.response_code, answer.error) == (307, Error.REDIRECT)
    assert "169.254.169.254" in answer.detail
