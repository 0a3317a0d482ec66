"""Where a call comes from, and who may call."""

import pytest

from soapapi import addresses

PROXIES = ["10.0.0.0/8", "2001:db8:ffff::/48", "::1"]


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.7", "", "192.0.2.7"),
        # Not one of ours: what it says about others does not count.
        ("192.0.2.7", "203.0.113.9", "192.0.2.7"),
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        # The client wrote the first himself; our proxy added the second.
        ("10.0.0.1", "203.0.113.9, 198.51.100.4", "198.51.100.4"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.4, 10.1.2.3", "198.51.100.4"),
        ("10.0.0.1", "10.9.9.9", "10.9.9.9"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", " , ,", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9:51234", "203.0.113.9"),
        ("10.0.0.1", "[2001:db8::5]:443", "2001:db8::5"),
        ("10.0.0.1", "2001:DB8:0::5", "2001:db8::5"),
        ("2001:db8:ffff::1", "203.0.113.9", "203.0.113.9"),
        ("::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("::ffff:192.0.2.7", "", "192.0.2.7"),
    ],
)
def test_the_client_is_the_nearest_machine_that_is_no_proxy(peer: str, forwarded: str, client: str) -> None:
    environ = {"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": forwarded}

    assert str(addresses.client_address(environ, PROXIES)) == client


@pytest.mark.parametrize(
    ("peer", "forwarded"),
    [("10.0.0.1", "unknown"), ("10.0.0.1", "203.0.113.9, <script>"), ("", ""), ("unix:", "203.0.113.9")],
)
def test_an_address_that_cannot_be_told_is_none(peer: str, forwarded: str) -> None:
    assert addresses.client_address({"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": forwarded}, PROXIES) is None


@pytest.mark.parametrize(
    ("allowed", "address", "lets_in"),
    [
        ([], "203.0.113.9", True),
        (["203.0.113.9"], "203.0.113.9", True),
        (["203.0.113.9"], "203.0.113.10", False),
        (["203.0.113.0/24"], "203.0.113.10", True),
        (["203.0.113.77/24"], "203.0.113.10", True),
        (["203.0.113.9"], "::ffff:203.0.113.9", True),
        (["::ffff:203.0.113.9"], "203.0.113.9", True),
        (["::ffff:203.0.113.0/120"], "203.0.113.10", True),
        (["2001:db8::/32"], "2001:db8:1::9", True),
        (["2001:DB8:0:0::9"], "2001:db8::9", True),
        (["2001:db8::9"], "2001:db8::a", False),
        (["::/0"], "203.0.113.9", False),
        (["0.0.0.0/0"], "203.0.113.9", True),
        (["192.0.2.1", " 203.0.113.9 "], "203.0.113.9", True),
        # What is no address lets nobody in, not everybody.
        (["my server"], "203.0.113.9", False),
        ([""], "203.0.113.9", False),
    ],
)
def test_who_may_call(allowed: list[str], address: str, lets_in: bool) -> None:
    assert addresses.is_allowed(addresses.parse(address), allowed) is lets_in


def test_nobody_knows_whom_a_list_does_not_let_in() -> None:
    assert not addresses.is_allowed(None, ["0.0.0.0/0"])
    assert addresses.is_allowed(None, [])


@pytest.mark.parametrize(
    ("scheme", "peer", "proto", "by_https"),
    [
        ("https", "192.0.2.7", "", True),
        ("http", "192.0.2.7", "", False),
        ("http", "192.0.2.7", "https", False),
        ("http", "10.0.0.1", "https", True),
        ("http", "10.0.0.1", "HTTPS", True),
        ("http", "10.0.0.1", "http", False),
    ],
)
def test_https_here_or_at_a_proxy_of_ours(scheme: str, peer: str, proto: str, by_https: bool) -> None:
    environ = {"wsgi.url_scheme": scheme, "REMOTE_ADDR": peer, "HTTP_X_FORWARDED_PROTO": proto}

    assert addresses.came_by_https(environ, PROXIES) is by_https
