"""Which addresses are posted to, by themselves and by every spelling of a URL."""

import asyncio
import errno
import re
import socket

import pytest
from aiohttp import AddrInfoType
from django.utils import translation
from pytest_django import Settings

from ipn import http
from ipn.addresses import never_posted, refusal
from ipn.models import DeliveryAttempt
from tests.listener import Answer, Listener
from tests.programs import ROOT

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


# The policy, as docs/listener-addresses.md has it


def policy() -> list[tuple[str, str, str]]:
    """Each row of the table of spellings: the spelling, and what comes of it in a sandbox and hosted."""
    text = (ROOT / "docs" / "listener-addresses.md").read_text()
    rows = re.findall(r"^\| `([^`]+)` \| [^|]+ \| (\w+) \| (\w+) \|$", text, re.MULTILINE)
    assert {word for row in rows for word in row[1:]} == {"posted", "refused", "either"}
    assert text.count("\n| `") == len(rows)
    return rows


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that passed. None is connected to."""
    passed: list[str] = []
    permitted_socket = http._permitted_socket

    def factory(address: AddrInfoType) -> socket.socket:
        permitted_socket(address).close()
        passed.append(str(address[4][0]))
        raise OSError(errno.ECONNREFUSED, "not in a test")

    monkeypatch.setattr(http, "_permitted_socket", factory)
    return passed


def test_the_table_is_long_enough() -> None:
    spellings = [spelling for spelling, _sandbox, _hosted in policy()]
    assert len(spellings) == len(set(spellings)) > 100


@pytest.mark.parametrize(("spelling", "sandbox", "hosted"), policy())
def test_table_and_code_agree(spelling: str, sandbox: str, hosted: str, tried: list[str], settings: Settings) -> None:
    for is_private_allowed, word in ((True, sandbox), (False, hosted)):
        settings.IPN_ALLOW_PRIVATE = is_private_allowed
        tried.clear()

        answer = post(f"http://{spelling}/ipn")

        assert word in ("either", "posted" if tried else "refused"), answer
        assert answer.error in (
            (Error.REFUSED,) if tried else (Error.FORBIDDEN_ADDRESS, Error.INCORRECT_URL, Error.NAME_NOT_FOUND)
        )
        assert answer.detail


# What is refused when it is entered


@pytest.mark.parametrize(("spelling", "sandbox", "hosted"), policy())
def test_what_may_be_posted_to_may_be_entered(spelling: str, sandbox: str, hosted: str) -> None:
    for is_private_allowed, word in ((True, sandbox), (False, hosted)):
        reason = never_posted(f"http://{spelling}/ipn", allow_private=is_private_allowed)

        assert not reason or word in ("refused", "either")


@pytest.mark.parametrize("host", [*METADATA_SPELLINGS, "100.100.100.200", "224.0.0.1", "u:p@shop", "u@127.0.0.1"])
def test_what_is_refused_when_entered_is_refused_at_the_attempt(host: str) -> None:
    url = f"http://{host}/ipn"
    reason = never_posted(url, allow_private=True)
    answer = post(url)

    assert answer.error in (Error.FORBIDDEN_ADDRESS, Error.INCORRECT_URL, Error.NAME_NOT_FOUND)
    # Only the resolver knows what these are.
    assert reason or host in ("169。254。169。254", "①⑥⑨.②⑤④.①⑥⑨.②⑤④")
    if host in ("169.254.169.254", "100.100.100.200", "224.0.0.1", "[fd00:ec2::254]", "u:p@shop", "u@127.0.0.1"):
        assert reason == answer.detail


def test_it_is_told_in_the_readers_language_and_kept_in_english() -> None:
    with translation.override("de"):
        assert never_posted("http://u:p@shop/", allow_private=True).startswith("die URL darf weder")
        assert post("http://u:p@shop/").detail == "the URL must not hold a user name or a password"
        assert "ist eine private Adresse" in never_posted("http://10.0.0.1/", allow_private=False)


def test_a_name_is_not_looked_up() -> None:
    assert never_posted("http://localhost/ipn", allow_private=False) == ""
    assert "this machine itself" in never_posted("http://127.0.0.1/ipn", allow_private=False)
    assert never_posted("http://127.0.0.1/ipn", allow_private=True) == ""


# Names: what they resolve to counts, and each time anew


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """What each name resolves to, one answer after the other; the last one stays."""
    names: dict[str, list[list[str]]] = {}
    real = socket.getaddrinfo

    def getaddrinfo(host: str, port: int, *args: object, **kwargs: object) -> list[object]:
        if host not in names:
            return real(host, port, *args, **kwargs)
        answers = names[host]
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            (family, socket.SOCK_STREAM, 6, "", (address, port, 0, 0) if ":" in address else (address, port))
            for address in addresses
            for family in [socket.AF_INET6 if ":" in address else socket.AF_INET]
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return names


@pytest.mark.parametrize("name", ["metadata.google.internal", "metadata", "instance-data.ec2.internal"])
@pytest.mark.parametrize("address", ["169.254.169.254", "fd00:ec2::254", "100.100.100.200"])
def test_a_name_is_what_it_resolves_to(resolver: dict[str, list[list[str]]], name: str, address: str) -> None:
    resolver[name] = [[address]]

    answer = post(f"http://{name}/latest/meta-data/")

    assert answer.error == Error.FORBIDDEN_ADDRESS
    assert address in answer.detail


def test_a_name_that_changes_its_address_gains_nothing(
    resolver: dict[str, list[list[str]]], tried: list[str], listener: Listener, settings: Settings
) -> None:
    """Rebinding: public when it is checked, this machine when it is connected to. There is only one look."""
    settings.IPN_ALLOW_PRIVATE = False
    resolver["shop.example"] = [["93.184.216.34"], ["127.0.0.1"], ["93.184.216.34"], ["169.254.169.254"], ["::1"]]

    errors = [post(f"http://shop.example:{listener.port}/ipn").error for _number in range(5)]

    assert errors == [Error.REFUSED, Error.FORBIDDEN_ADDRESS] * 2 + [Error.FORBIDDEN_ADDRESS]
    assert tried == ["93.184.216.34", "93.184.216.34"]
    assert listener.connections == 0


def test_nor_does_one_whose_address_changes_between_two_messages_of_a_session(
    resolver: dict[str, list[list[str]]], tried: list[str], listener: Listener, settings: Settings
) -> None:
    settings.IPN_ALLOW_PRIVATE = False
    resolver["shop.example"] = [["93.184.216.34"], ["127.0.0.1"]]

    async def post_twice() -> None:
        async with http.open_session() as session:
            for _number in range(2):
                await http.post(session, f"http://shop.example:{listener.port}/ipn", "a=b")
                session.connector.clear_dns_cache()

    asyncio.run(post_twice())

    assert tried == ["93.184.216.34"]
    assert listener.connections == 0


def test_of_several_addresses_only_the_permitted_ones_are_tried(
    resolver: dict[str, list[list[str]]], tried: list[str], listener: Listener, settings: Settings
) -> None:
    settings.IPN_ALLOW_PRIVATE = False
    resolver["shop.example"] = [["127.0.0.1", "::1", "93.184.216.34", "169.254.169.254"]]

    post(f"http://shop.example:{listener.port}/ipn")

    assert set(tried) == {"93.184.216.34"}
    assert listener.connections == 0


def test_several_addresses_none_of_which_is_permitted(
    resolver: dict[str, list[list[str]]], listener: Listener, settings: Settings
) -> None:
    settings.IPN_ALLOW_PRIVATE = False
    resolver["shop.example"] = [["127.0.0.1", "10.0.0.1", "::1"]]

    answer = post(f"http://shop.example:{listener.port}/ipn")

    assert answer.error == Error.FORBIDDEN_ADDRESS
    assert listener.connections == 0
