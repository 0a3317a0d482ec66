"""Where a call comes from, and whether a wallet lets it in.

Addresses are compared as numbers, so that every way to write one is the same, and ::ffff:192.0.2.1 is 192.0.2.1.
"""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
# Some proxies add the port: 192.0.2.1:5000, [2001:db8::1]:5000.
_WITH_PORT = re.compile(r"\[(?P<six>[^\]]+)\](?::\d+)?|(?P<four>\d+\.\d+\.\d+\.\d+):\d+")


def client_address(environ: Mapping[str, object], trusted_proxies: Iterable[str]) -> IPAddress | None:
    """The address of the nearest machine that is no proxy of ours; None when that cannot be told.

    X-Forwarded-For is believed from the right, and only as far as trusted proxies wrote it.
    """
    proxies = _networks(tuple(trusted_proxies))
    address = parse(str(environ.get("REMOTE_ADDR", "")))
    hops = [hop for hop in str(environ.get("HTTP_X_FORWARDED_FOR", "")).split(",") if hop.strip()]
    while address is not None and hops and _within(address, proxies):
        address = parse(hops.pop())
    return address


def came_by_https(environ: Mapping[str, object], trusted_proxies: Iterable[str]) -> bool:
    """By HTTPS to this server, or to the trusted proxy in front of it."""
    if environ.get("wsgi.url_scheme") == "https":
        return True
    peer = parse(str(environ.get("REMOTE_ADDR", "")))
    trusted = peer is not None and _within(peer, _networks(tuple(trusted_proxies)))
    return trusted and str(environ.get("HTTP_X_FORWARDED_PROTO", "")).strip().lower() == "https"


def is_allowed(address: IPAddress | None, allowed: Iterable[str]) -> bool:
    """Whether an address is among these addresses and networks. An empty list allows every one."""
    allowed = tuple(allowed)
    return not allowed or (address is not None and _within(address, _networks(allowed)))


@lru_cache(maxsize=1000)
def parse(text: str) -> IPAddress | None:
    text = text.strip()
    if port := _WITH_PORT.fullmatch(text):
        text = port["six"] or port["four"]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return (isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped) or address


@lru_cache(maxsize=1000)
def _networks(texts: tuple[str, ...]) -> tuple[IPNetwork, ...]:
    return tuple(network for text in texts if (network := _network(text)))


def _network(text: str) -> IPNetwork | None:
    """None for what is none: it lets nobody in."""
    try:
        network = ipaddress.ip_network(str(text).strip(), strict=False)
    except ValueError:
        return None
    if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(_MAPPED):
        return ipaddress.IPv4Network((int(network.network_address) & 0xFFFFFFFF, network.prefixlen - 96))
    return network


def _within(address: IPAddress, networks: Iterable[IPNetwork]) -> bool:
    return any(address in network for network in networks)
