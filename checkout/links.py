"""Payment links that a merchant keeps: saved, changed, switched off. Their form is checked as any other."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction as database
from django.db.models import Count, F, Sum
from django.utils.translation import gettext as _

from checkout import door, graphics, payment_form
from checkout.models import CheckoutSession, PaymentLink
from checkout.payment_form import Hint, Pair, PaymentFormError, PaymentRequest, Problem
from wallets.models import Account, Transaction
from wallets.web_addresses import no_listener

MOST_LINKS = 1000  # of one account
MOST_VARIABLES = 200
LONGEST = payment_form.LONGEST


class TooManyLinks(Exception):
    """Nobody keeps so many by hand: for a whole catalogue, links are made by the shop's program."""

    def __str__(self) -> str:
        return _("An account can keep at most %(most)d payment links. Delete some first.") % {"most": MOST_LINKS}


@dataclass(frozen=True)
class Looks:
    """How the button is shown, and what else is no variable of the form."""

    graphic: str = graphics.DEFAULT
    graphic_language: str = "en"
    caption: str = ""
    is_encrypted: bool = False
    expires_at: datetime | None = None


def check(pairs: Iterable[Pair], client: Account) -> tuple[list[Pair], PaymentRequest]:
    """The form as it will be kept, and as it reads. Raises PaymentFormError."""
    kept = [(name.strip(), value) for name, value in pairs if name.strip() and value.strip()]
    if problems := _not_to_be_kept(kept):
        raise PaymentFormError(problems, [])
    request = payment_form.parse(kept)
    if request.ipn_url and (reason := no_listener(request.ipn_url)):
        expected = _("an address that notifications can be posted to. %(reason)s") % {"reason": reason.rstrip(".")}
        raise PaymentFormError([Problem("ok_ipn", request.ipn_url, expected)], list(request.hints))
    if request.receiver.account_id != client.id:
        expected = _("one of your own wallets, or your own e-mail address or phone number")
        raise PaymentFormError([Problem("ok_receiver", request.receiver_as_sent, expected)], list(request.hints))
    return kept, request


@database.atomic
def create(client: Account, pairs: Iterable[Pair], looks: Looks, *, now: datetime) -> tuple[PaymentLink, list[Hint]]:
    """Keep a new link. Raises PaymentFormError, TooManyLinks."""
    kept, request = check(pairs, client)
    # One at a time: two requests at once must not both be the last that is allowed.
    Account.objects.select_for_update(no_key=True).get(id=client.id)
    if PaymentLink.objects.filter(wallet__account=client).count() >= MOST_LINKS:
        raise TooManyLinks
    link = PaymentLink(wallet=request.receiver, created_at=now, changed_at=now)
    _put(link, kept, request, looks)
    link.save(force_insert=True)
    return link, list(request.hints)


@database.atomic
def change(
    link: PaymentLink, pairs: Iterable[Pair], looks: Looks, *, now: datetime, refuse_older: bool = False
) -> list[Hint]:
    """Replace the form. Encrypted buttons of before go on with what they say, unless `refuse_older`.

    Raises PaymentFormError.
    """
    kept, request = check(pairs, link.wallet.account)
    locked = PaymentLink.objects.select_for_update(no_key=True).get(id=link.id)
    if refuse_older or locked.pairs != kept:
        locked.revision += 1
    if refuse_older or request.receiver.id != locked.wallet_id:
        locked.oldest_revision = locked.revision
    locked.wallet, locked.changed_at = request.receiver, now
    _put(locked, kept, request, looks)
    locked.save()
    link.refresh_from_db()
    return list(request.hints)


def switch(link: PaymentLink, *, on: bool) -> None:
    PaymentLink.objects.filter(id=link.id).update(is_enabled=on)
    link.is_enabled = on


def revoke_buttons(link: PaymentLink, *, now: datetime) -> None:
    """Encrypted buttons of this link that were pasted so far are refused from now on; new code is accepted."""
    PaymentLink.objects.filter(id=link.id).update(
        revision=F("revision") + 1, oldest_revision=F("revision") + 1, changed_at=now
    )
    link.refresh_from_db()


def count(links: Collection[PaymentLink]) -> None:
    """Count the clicks and payments of all of them at once."""
    sessions = CheckoutSession.objects.filter(link__in=[link.id for link in links]).order_by().values("link")
    clicks = _by_link(sessions)
    payments = _by_link(sessions.filter(transaction__status=Transaction.Status.COMPLETED))
    for link in links:
        link.clicks, link.payments = clicks.get(link.id, 0), payments.get(link.id, 0)


def _by_link(sessions: Any) -> dict[str, int]:
    return {row["link"]: row["count"] for row in sessions.annotate(count=Count("pk"))}


def received(link: PaymentLink) -> list[tuple[str, Decimal]]:
    """What completed payments by the link have brought, by currency."""
    completed = Transaction.objects.filter(checkout_session__link=link, status=Transaction.Status.COMPLETED)
    sums = completed.values("currency_id").annotate(received=Sum("gross")).order_by("currency_id")
    return [(row["currency_id"], row["received"]) for row in sums]


def looks_of(link: PaymentLink) -> Looks:
    return Looks(
        graphic=link.graphic,
        graphic_language=link.graphic_language,
        caption=link.caption,
        is_encrypted=link.is_encrypted,
        expires_at=link.expires_at,
    )


def _not_to_be_kept(pairs: list[Pair]) -> list[Problem]:
    """What a form that is sent may have and one that is kept must not, be it a variable of ours or not."""
    if len(pairs) > MOST_VARIABLES:
        expected = _("at most %(most)d variables") % {"most": MOST_VARIABLES}
        return [Problem(_("the whole form"), str(len(pairs)), expected)]
    problems = []
    for name, value in pairs:
        expected = payment_form.not_text(name) or payment_form.not_text(value)
        if name in door.OURS:
            expected = _("nothing: this variable is added by the site")
        elif max(len(name), len(value)) > LONGEST:
            expected = _("at most %(most)d characters") % {"most": LONGEST}
        if expected:
            problems.append(Problem(payment_form.shown(name), payment_form.shown(value), expected))
    return problems


def _put(link: PaymentLink, pairs: list[Pair], request: PaymentRequest, looks: Looks) -> None:
    link.variables = [list(pair) for pair in pairs]
    link.name = request.items[0].name.strip()
    link.graphic, link.graphic_language, link.caption = looks.graphic, looks.graphic_language, looks.caption
    link.is_encrypted, link.expires_at = looks.is_encrypted, looks.expires_at
