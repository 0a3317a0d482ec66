"""The code that a payment link is used by: HTML for a page, URLs for e-mails and documents, a QR code for paper."""

import io
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

import segno
from django.urls import reverse
from django.utils.html import escape

from checkout import door, graphics, seals
from checkout.models import PaymentLink
from checkout.payment_form import Pair

# Web servers, this one too, refuse a longer request line.
LONGEST_URL = 4000
CAPTION = "Click here to pay"
# With four modules around it, as the standard asks.
QR_SCALE, QR_BORDER = 8, 4


@dataclass(frozen=True)
class Code:
    """`url` is empty when it would be too long for an address. `short_url` follows every change of the link."""

    html: str
    url: str
    short_url: str


def code(link: PaymentLink, *, origin: str, now: datetime) -> Code:
    """The code of a link on the server at `origin`. Raises secrecy.KeyChanged for an encrypted one."""
    process = origin + reverse("process")
    pairs = fields(link, now=now)
    url = f"{process}?{urlencode(pairs)}"
    if len(url) > LONGEST_URL:
        url = ""
    if link.graphic:
        html = _form(process, pairs, origin + graphics.address(link.graphic, link.graphic_language))
    else:
        address = url or short_url(link, origin=origin)
        html = f'<a href="{escape(address)}">{escape(link.caption or CAPTION)}</a>'
    return Code(html, url, short_url(link, origin=origin))


def short_url(link: PaymentLink, *, origin: str) -> str:
    """The door and the link's name, nothing else."""
    return f"{origin}{reverse('process')}?{urlencode({door.LINK: link.id})}"


def fields(link: PaymentLink, *, now: datetime) -> list[Pair]:
    """The hidden fields of the button."""
    named = (door.LINK, link.id)
    if not link.is_encrypted:
        return [*link.pairs, named]
    # Until when it is valid is asked of the link, so that it can still be changed.
    sealed = [*link.pairs, named, (door.REVISION, str(link.revision))]
    return [(door.SEAL, seals.seal(sealed, wallet=link.wallet, now=now))]


def qr_svg(short_url: str) -> str:
    """Black on white, whatever the page's colours are: cameras want contrast. As large as where it is put."""
    written = io.BytesIO()
    _qr(short_url).save(written, kind="svg", border=QR_BORDER, light="#fff", xmldecl=False, omitsize=True)
    return written.getvalue().decode()


def qr_png(short_url: str) -> bytes:
    written = io.BytesIO()
    _qr(short_url).save(written, kind="png", scale=QR_SCALE, border=QR_BORDER)
    return written.getvalue()


def _qr(text: str) -> segno.QRCode:
    return segno.make_qr(text, error="m")


def _form(process: str, pairs: list[Pair], graphic: str) -> str:
    """As the official samples have it; and in UTF-8, whatever the shop's page is written in."""
    hidden = [f'   <input type="hidden" name="{escape(name)}" value="{escape(value)}"/>' for name, value in pairs]
    lines = [
        f'<form method="post" action="{escape(process)}" accept-charset="utf-8">',
        *hidden,
        f'   <input type="image" name="submit" alt="OKPAY Payment" src="{escape(graphic)}"/>',
        "</form>",
    ]
    return "\n".join(lines)
