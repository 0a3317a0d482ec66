"""Addresses that a wallet keeps: what could never be used is refused when it is entered, by page and API alike."""

from django.conf import settings
from django.utils.translation import gettext as _

from ipn import addresses


def no_way_back(url: str) -> str:
    """Why no buyer is sent there, in words; empty when he may be. His browser goes there, so the host is his affair.

    A password in it would be told to every buyer.
    """
    reason = addresses.flaw(url)
    return _("Nobody can be sent back there: %(reason)s.") % {"reason": reason} if reason else ""


def no_listener(url: str) -> str:
    """Why every attempt to post there would be refused, in the words of the attempt; empty when one may be made."""
    reason = addresses.never_posted(url, allow_private=settings.IPN_ALLOW_PRIVATE)
    return _("Nothing would ever be posted there: %(reason)s.") % {"reason": reason} if reason else ""
