"""A client's papers: taken in only if they are what they say, judged by staff.

Accepting raises the account's verification and never lowers it: any accepted document makes an unverified account
formally verified; a passport or identity card and a utility bill, both accepted, make it verified. Refusing changes
nothing but the document.
"""

import hashlib
import io
from datetime import datetime

from django.db import transaction as database
from django.utils.translation import gettext_lazy as _
from PIL import Image

from wallets.errors import AlreadyJudged, ClientAccessDenied, ImageNotFound, IncorrectParameters
from wallets.models import Account, ClientDocument, User, Wallet

Kind, Status, Verification = ClientDocument.Kind, ClientDocument.Status, Account.Verification

LARGEST_SIZE = 5 * 1024 * 1024
# A page scanned at 600 dpi has 35 million. Decoded it takes 4 bytes for each, so a small file must not claim more.
LARGEST_PIXELS = 40_000_000
# How many documents of a client may wait for staff.
MOST_WAITING = 20
PICTURES = {"JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif"}
# A progressive JPEG has some ten scans, each of which decodes the whole picture anew.
MOST_SCANS, SCAN = 100, b"\xff\xda"
PDF = "application/pdf"
IDENTITY, ADDRESS = {Kind.PASSPORT, Kind.ID_CARD}, {Kind.UTILITY_BILL}

# Our own limit is stricter than Pillow's and is asked before anything is decoded; Pillow would only warn.
Image.MAX_IMAGE_PIXELS = None


@database.atomic
def upload(
    account: Account, *, kind: str, content: bytes, now: datetime, uploaded_by: Wallet | None = None
) -> ClientDocument:
    """Take a document in. `uploaded_by` is the merchant's wallet whose API call brings it; None: the client himself.

    The same file sent again while it waits is the same document. Raises ClientAccessDenied (a merchant speaks only for
    clients whom he registered, and for himself), IncorrectParameters, ImageNotFound.
    """
    if uploaded_by and uploaded_by.account_id not in (account.id, account.registered_by_id):
        raise ClientAccessDenied
    if kind not in Kind:
        raise IncorrectParameters("kind", _("The kind must be one of: %(kinds)s.") % {"kinds": ", ".join(Kind.values)})
    if len(content) > LARGEST_SIZE:
        raise IncorrectParameters("image", _("The file may have at most 5 MB."))
    content_type = what_it_is(content)
    sha256 = hashlib.sha256(content).hexdigest()
    _lock(account)
    waiting = account.documents.filter(status=Status.UPLOADED).defer("content")
    if same := waiting.filter(kind=kind, sha256=sha256).first():
        return same
    if waiting.count() >= MOST_WAITING:
        raise IncorrectParameters("image", _("Too many documents of this client are waiting to be judged."))
    return ClientDocument.objects.create(
        account=account,
        uploaded_by=uploaded_by,
        kind=kind,
        content_type=content_type,
        content=content,
        size=len(content),
        sha256=sha256,
        uploaded_at=now,
    )


@database.atomic
def accept(document: ClientDocument, *, by: User | None, now: datetime) -> None:
    """The document is good. Raises AlreadyJudged."""
    # The account first: of an identity and an address document accepted at once, the second sees the first.
    account = _lock(document.account)
    _judge(document, Status.ACCEPTED, "", by, now)
    earned = _earned(account)
    if account.verification != Verification.VERIFIED and account.verification != earned:
        account.verification = earned
        account.save(update_fields=["verification"])
    document.account = account


@database.atomic
def refuse(document: ClientDocument, *, reason: str, by: User | None, now: datetime) -> None:
    """The document is of no use, for a reason that the client may read. Raises AlreadyJudged."""
    _judge(document, Status.REFUSED, reason, by, now)


def what_it_is(content: bytes) -> str:
    """The content type of a JPEG, PNG or GIF that can be decoded, or of a PDF. Raises ImageNotFound for all else."""
    if content.startswith(b"%PDF-"):
        if b"%%EOF" not in content[-1024:]:
            raise ImageNotFound
        return PDF
    try:
        with Image.open(io.BytesIO(content), formats=list(PICTURES)) as picture:
            if picture.width * picture.height > LARGEST_PIXELS:
                raise IncorrectParameters("image", _("The picture may have at most 40 million pixels."))
            # Phones write JPEGs that hold several pictures; Pillow calls those MPO.
            content_type = PICTURES["JPEG" if picture.format == "MPO" else str(picture.format)]
            if content_type == PICTURES["JPEG"] and content.count(SCAN) > MOST_SCANS:
                raise ImageNotFound
            picture.load()
            return content_type
    # What Pillow's decoders raise for broken files; OSError includes UnidentifiedImageError.
    except (OSError, SyntaxError, ValueError, EOFError):
        raise ImageNotFound from None


def _lock(account: Account) -> Account:
    return Account.objects.select_for_update(of=("self",), no_key=True).get(id=account.id)


def _judge(document: ClientDocument, status: str, reason: str, by: User | None, now: datetime) -> None:
    # Conditional, so that of two judges only one is obeyed.
    judged = ClientDocument.objects.filter(id=document.id, status=Status.UPLOADED).update(
        status=status, reason=reason, judged_by=by, judged_at=now
    )
    if not judged:
        raise AlreadyJudged
    document.refresh_from_db(fields=["status", "reason", "judged_by", "judged_at"])


def _earned(account: Account) -> Account.Verification:
    accepted = set(account.documents.filter(status=Status.ACCEPTED).values_list("kind", flat=True))
    return Verification.VERIFIED if accepted & IDENTITY and accepted & ADDRESS else Verification.FORMAL
