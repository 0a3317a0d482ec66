"""What arrives at process.html: a plain form, a payment link that is kept here, or an encrypted button.

    ok_encrypted  an encrypted button (seals.py): its form counts, and nobody can change it
    ok_link       alone, as in a QR code: the form of that payment link, as it is now, counts
    ok_link       in a plain form or in a seal: the link is counted, and may be switched off

Beside what is fixed may stand what only the page or the buyer knows: ok_invoice, ok_language, ok_payer_*, and a price
or custom value that is left to the buyer. Anything else that differs is an error, never silently without effect.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NoReturn

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from checkout import payment_form, seals
from checkout.models import PaymentLink
from checkout.payment_form import Pair, PaymentFormError, PaymentRequest, Problem
from checkout.refusals import Refused
from checkout.variable_reference import Group, Variable, find
from sandbox.models import Sandbox
from wallets.models import Wallet

SEAL, LINK = "ok_encrypted", "ok_link"
# Only in seals, which would otherwise hold for ever: until when, and which revision of the link was sealed.
EXPIRES, REVISION = "ok_expires", "ok_link_revision"
OURS = (SEAL, LINK, EXPIRES, REVISION)
OWN_VARIABLES = Group(
    gettext_lazy("Links and encrypted buttons"),
    (
        Variable(SEAL, seals.LONGEST, gettext_lazy("An encrypted button: the whole form, which nobody can change.")),
        Variable(LINK, 20, gettext_lazy("A saved payment link: alone, its form counts; in a form, it is counted.")),
        Variable(
            EXPIRES,
            19,
            gettext_lazy("Only inside an encrypted button: until when it holds, such as 2030-12-31 23:59:59, UTC."),
        ),
        Variable(
            REVISION,
            9,
            gettext_lazy("Only inside an encrypted button of this site: how often its link had been changed."),
        ),
    ),
)
MOMENT = "%Y-%m-%d %H:%M:%S"
_FREE = {"ok_invoice", "ok_language"}


class SwitchedOff(Refused):
    title = gettext_lazy("This payment link is switched off")
    text = gettext_lazy("The shop does not accept payments by it at present.")
    cure = gettext_lazy("Enable it in the account, under Payment Links & Buttons.")


class Expired(Refused):
    title = gettext_lazy("This payment link has expired")
    text = gettext_lazy("It was valid for a certain time, which is over.")
    cure = gettext_lazy("Give it more time in the account, under Payment Links & Buttons, or make a new one.")


class NoSuchLink(Refused):
    title = gettext_lazy("There is no such payment link")
    text = gettext_lazy("The shop has deleted it, or its address is cut off.")
    cure = gettext_lazy("Put the code of a present link on the page.")


class PlainForm(Refused):
    title = gettext_lazy("This shop accepts only encrypted buttons")
    text = gettext_lazy("The price of this one could have been changed by anybody.")
    cure = gettext_lazy("Use an encrypted button, or change the setting in the wallet’s Integration tab.")


@dataclass(frozen=True)
class Arrival:
    """A readable form, and the payment link that it came by, if any."""

    request: PaymentRequest
    link: PaymentLink | None = None


def read(pairs: Iterable[Pair], *, now_in: Callable[[Sandbox], datetime]) -> Arrival:
    """What is to be paid. Raises PaymentFormError with everything that is wrong, and Refused. Changes nothing."""
    sent = [(name, value) for name, value in pairs if value.strip()]
    ours = {name: _single(name, sent) for name in OURS}
    plain = [(name, value) for name, value in sent if name not in OURS]
    if ours[SEAL]:
        return _sealed(ours, plain, now_in)
    _only_in_seals(ours, EXPIRES, REVISION)
    if ours[LINK] and not any(name == "ok_receiver" for name, _value in plain):
        return _kept(ours[LINK], plain, now_in)
    request = payment_form.parse(plain)
    if request.receiver.encrypted_only:
        raise PlainForm(request.receiver)
    link = _link(ours[LINK], request.receiver, now_in) if ours[LINK] else None
    return Arrival(request, link)


def moment(text: str) -> datetime:
    """ok_expires: UTC, as the wire writes dates. Raises ValueError."""
    return datetime.strptime(text.strip(), MOMENT).replace(tzinfo=UTC)


def _sealed(ours: dict[str, str], plain: list[Pair], now_in: Callable[[Sandbox], datetime]) -> Arrival:
    opened = seals.open_seal(ours[SEAL])
    _only_in_seals(ours, LINK, EXPIRES, REVISION)
    inside = {name: _single(name, opened.pairs) for name in OURS}
    if inside[SEAL]:
        _wrong(SEAL, inside[SEAL], _("a payment form in the seal, not another seal"))
    if inside[EXPIRES]:
        try:
            is_over = moment(inside[EXPIRES]) <= now_in(opened.wallet.account.sandbox)
        except ValueError:
            _wrong(EXPIRES, inside[EXPIRES], _("a moment in UTC such as 2030-12-31 23:59:59"))
        if is_over:
            raise Expired(opened.wallet)
    form = [(name, value) for name, value in opened.pairs if name not in OURS and value.strip()]
    if not any(name == "ok_receiver" for name, _value in form):
        form.insert(0, ("ok_receiver", opened.wallet.id))
    request = payment_form.parse(_joined(form, plain))
    if request.receiver.id != opened.wallet.id:
        _wrong("ok_receiver", request.receiver_as_sent, _("the wallet whose key has sealed the button, or nothing"))
    if not inside[LINK]:
        return Arrival(request)
    link = _link(inside[LINK], opened.wallet, now_in)
    if inside[REVISION] and not _is_accepted(inside[REVISION], link):
        raise seals.Revoked(opened.wallet)
    return Arrival(request, link)


def _is_accepted(revision: str, link: PaymentLink) -> bool:
    if not re.fullmatch(r"\d{1,9}", revision, re.ASCII):
        _wrong(REVISION, revision, _("a whole number"))
    return link.oldest_revision <= int(revision)


def _kept(link_id: str, plain: list[Pair], now_in: Callable[[Sandbox], datetime]) -> Arrival:
    link = _link(link_id, None, now_in)
    request = payment_form.parse(_joined(link.pairs, plain))
    if request.receiver.id != link.wallet_id:
        # It was kept with an address that stands for another wallet by now.
        _wrong("ok_receiver", request.receiver_as_sent, _("the wallet of the payment link: %s") % link.wallet_id)
    return Arrival(request, link)


def _link(link_id: str, receiver: Wallet | None, now_in: Callable[[Sandbox], datetime]) -> PaymentLink:
    link = PaymentLink.objects.select_related("wallet__account__sandbox").filter(id=link_id[:20]).first()
    if link is None:
        raise NoSuchLink(receiver)
    if receiver and link.wallet_id != receiver.id:
        _wrong(LINK, link_id, _("a payment link of this receiver; this one pays somebody else"))
    if not link.is_enabled:
        raise SwitchedOff(link.wallet)
    if link.expires_at and link.expires_at <= now_in(link.sandbox):
        raise Expired(link.wallet)
    return link


def _joined(fixed: list[Pair], beside: list[Pair]) -> list[Pair]:
    """Both together. Raises PaymentFormError for what stands beside and must not."""
    values = {_official(name): value for name, value in fixed}
    problems, added = [], []
    for sent_name, value in beside:
        name = _official(sent_name)
        if find(sent_name)[0] is None:
            added.append((sent_name, value))  # unknown, so without effect; perhaps it gets a hint
        elif name in values:
            if values[name] != value:
                problems.append(Problem(name, payment_form.shown(value), _("what is fixed; leave this variable out")))
        elif _may_be_added(name, values):
            added.append((sent_name, value))
        else:
            expected = _("nothing: this variable may only stand in the encrypted button or in the saved link itself")
            problems.append(Problem(name, payment_form.shown(value), expected))
    if problems:
        raise PaymentFormError(problems, [])
    return fixed + added


def _official(name: str) -> str:
    """A variable under its official name; later shops have other names for some."""
    variable, number = find(name)
    return variable.name.replace("#", str(number)) if variable else name


def _may_be_added(name: str, fixed: dict[str, str]) -> bool:
    if name in _FREE or name.startswith("ok_payer_"):
        return True
    # What the buyer is asked for may as well be said by the page that he comes from.
    item, _underscore, field = name.removeprefix("ok_item_").partition("_")
    if field == "price":
        return f"ok_item_{item}_name" in fixed
    return field in ("custom_1_value", "custom_2_value") and f"{name.removesuffix('value')}title" in fixed


def _single(name: str, pairs: Iterable[Pair]) -> str:
    values = list(dict.fromkeys(value for sent, value in pairs if sent == name and value.strip()))
    if len(values) > 1:
        shown = payment_form.shown(", ".join(values))
        raise PaymentFormError([Problem(name, shown, str(payment_form.TWO_VALUES))], [])
    return values[0] if values else ""


def _only_in_seals(ours: dict[str, str], *names: str) -> None:
    for name in names:
        if ours[name]:
            _wrong(name, ours[name], _("nothing: this variable may only stand inside an encrypted button"))


def _wrong(variable: str, sent: str, expected: str) -> NoReturn:
    raise PaymentFormError([Problem(variable, payment_form.shown(sent), expected)], [])
