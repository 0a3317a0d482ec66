"""Which addresses a message may be posted to. Its URL is anybody's word, and we post from inside our own network.

What is judged is the numeric address about to be connected to, so no spelling of it, no name and no change of a name
between check and connection gets around this. docs/listener-addresses.md has the policy as a table.
"""

import ipaddress
import socket
from collections.abc import Iterator
from urllib.parse import SplitResult, urlsplit

from django.utils.translation import gettext as _

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Where clouds tell their machines secrets, beyond the link-local addresses.
METADATA = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("100.100.100.200", "168.63.129.16", "192.0.0.192"),
        *("fd00:ec2::/32", "fd20:ce::254", "fd00:42::42", "fd00:a9fe:a9fe::1"),
    )
)
# Whose last 32 bits a gateway or a kernel may take for an IPv4 address: NAT64, SIIT, IPv4-compatible.
TRANSLATED = tuple(
    ipaddress.IPv6Network(network) for network in ("64:ff9b::/96", "64:ff9b:1::/48", "::ffff:0:0:0/96", "::/96")
)
# ISATAP: the second half of such an address is one of these, then an IPv4 address.
ISATAP = (0x00005EFE, 0x02005EFE)
# Nobody's, whatever this Python's own list of networks says: no hosts have other IPv6 addresses than these, and
HOSTS = (ipaddress.IPv6Network("2000::/3"), TRANSLATED[0])
# these only stand in documents, or lead to whichever relay is near.
NO_HOSTS = (ipaddress.ip_network("3fff::/20"), ipaddress.ip_network("192.88.99.0/24"))


def flaw(url: str) -> str:
    """What nobody posts to, whatever its host is; empty for any other URL. Raises ValueError for what is no URL."""
    return _flaw(urlsplit(url))


def never_posted(url: str, *, allow_private: bool) -> str:
    """Why this URL is refused at each attempt, so that it need not be kept; empty when only an attempt can tell.

    An address in any spelling that the system reads as one is judged; a name is not looked up, for it may change.
    """
    try:
        parts = urlsplit(url)
        if found := _flaw(parts):
            return found
        known = socket.getaddrinfo(parts.hostname, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, ValueError):
        return ""
    reasons = [refusal(str(address[0]), allow_private=allow_private) for *_family, address in known]
    return _("Forbidden address: %(reason)s") % {"reason": reasons[0]} if all(reasons) else ""


def _flaw(parts: SplitResult) -> str:
    if parts.scheme.lower() not in ("http", "https"):
        return _("the URL must start with http:// or https://")
    if parts.username is not None or parts.password is not None:
        return _("the URL must not hold a user name or a password")
    if not parts.hostname:
        return _("the URL names no host")
    return ""


def refusal(address: str, *, allow_private: bool) -> str:
    """Why an address is forbidden, in words; empty when it is not. `allow_private` opens this machine and its networks.

    Never open: link-local and cloud metadata addresses, multicast, broadcast and other addresses that are no host's.
    """
    try:
        outer = ipaddress.ip_address(address)
    except ValueError:
        return _("%(address)s is not an IP address") % {"address": address[:60]}
    for inner in _readings(outer):
        if reason := _refusal(inner, allow_private):
            words = {"address": address, "inner": inner, "reason": reason}
            if inner == outer:
                return _("%(address)s is %(reason)s") % words
            return _("%(address)s stands for %(inner)s, which is %(reason)s") % words
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
        is_isatap = int(address) >> 32 & 0xFFFFFFFF in ISATAP
        if int(address) > 1 and (is_isatap or any(address in network for network in TRANSLATED)):
            yield ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    yield address


def _refusal(address: Address, allow_private: bool) -> str:
    if any(address in network for network in METADATA):
        return _("a cloud's metadata address")
    if address.is_link_local:
        return _("a link-local address")
    if address.is_multicast:
        return _("a multicast address")
    if isinstance(address, ipaddress.IPv4Address) and address.is_reserved:
        return _("a reserved address")
    if allow_private:
        return ""
    if address.is_loopback or address.is_unspecified:
        return _("this machine itself, and IPN_ALLOW_PRIVATE is off")
    if not address.is_global or not _is_a_hosts(address):
        return _("a private address, and IPN_ALLOW_PRIVATE is off")
    return ""


def _is_a_hosts(address: Address) -> bool:
    if any(address in network for network in NO_HOSTS):
        return False
    return isinstance(address, ipaddress.IPv4Address) or any(address in network for network in HOSTS)
