"""Which addresses a message may be posted to. Its URL is anybody's word, and we post from inside our own network.

What is judged is the numeric address about to be connected to, so no spelling of it, no name and no change of a name
between check and connection gets around this.
"""

import ipaddress
from collections.abc import Iterator

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Where clouds tell their machines secrets, beyond the link-local addresses.
METADATA = frozenset(
    ipaddress.ip_address(address)
    for address in ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254")
)
NAT64 = tuple(ipaddress.IPv6Network(network) for network in ("64:ff9b::/96", "64:ff9b:1::/48"))
IPV4_COMPATIBLE = ipaddress.IPv6Network("::/96")


def refusal(address: str, *, allow_private: bool) -> str:
    """Why an address is forbidden, in words; empty when it is not. `allow_private` opens this machine and its networks.

    Never open: link-local and cloud metadata addresses, multicast, broadcast and other addresses that are no host's.
    """
    try:
        outer = ipaddress.ip_address(address)
    except ValueError:
        return f"{address[:60]} is not an IP address"
    for inner in _readings(outer):
        if reason := _refusal(inner, allow_private):
            return f"{address} is {reason}" if inner == outer else f"{address} stands for {inner}, which is {reason}"
    return ""


def _readings(address: Address) -> Iterator[Address]:
    """The address, and the IPv4 addresses inside it that a gateway or the kernel may turn it into."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            yield address.ipv4_mapped  # the kernel connects by IPv4
            return
        if address.sixtofour:
            yield address.sixtofour
        if address.teredo:
            yield from address.teredo
        if any(address in network for network in (*NAT64, IPV4_COMPATIBLE)) and int(address) > 1:
            yield ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    yield address


def _refusal(address: Address, allow_private: bool) -> str:
    if address in METADATA:
        return "a cloud's metadata address"
    if address.is_link_local:
        return "a link-local address"
    if address.is_multicast:
        return "a multicast address"
    if isinstance(address, ipaddress.IPv4Address) and address.is_reserved:
        return "a reserved address"
    if allow_private:
        return ""
    if address.is_loopback or address.is_unspecified:
        return "this machine itself, and IPN_ALLOW_PRIVATE is off"
    if not address.is_global or (isinstance(address, ipaddress.IPv6Address) and address.is_site_local):
        return "a private address, and IPN_ALLOW_PRIVATE is off"
    return ""
