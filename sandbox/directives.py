"""What a call itself asks for: `order-17 [sandbox:pending=review,ipn=late:30]` in an invoice.

For a shop that can send a form and nothing else. The grammar:

    directive = "[sandbox:" item *( "," item ) "]"      once, anywhere in the invoice
    item      = effect [ "=" argument ]                 of the payment: pending=review, failed, fault=Limits_Exceeded
              | "slow=" seconds                         before the answer
              | "ipn=" effect [ ":" argument ]          of every notification with this invoice: ipn=late:30
              | "verify=" effect [ ":" argument ]       of every question about them: verify=invalid
              | "verify-slow=" seconds

The effects are those of effects.py. The invoice goes on unchanged, in notifications too: that is how those are found.
In hosted mode an invoice is a text like any other.
"""

import re
from dataclasses import dataclass, field

from django.conf import settings
from django.utils.translation import gettext as _

from sandbox.effects import IPN, IPN_VERIFY, Play, UnreadableEffect, delayed, forms, read, read_seconds

OPENING = "[sandbox:"
# Also what somebody meant for one, and wrote in capitals or with a space: [Sandbox:failed], [sandbox :failed].
_MEANT = re.compile(r"\[\s*sandbox\s*:", re.IGNORECASE)
_DIRECTIVE = re.compile(r"\[sandbox:([^\]]*)\]")
_OPERATIONS = {"ipn": IPN, "verify": IPN_VERIFY}


class DirectiveError(ValueError):
    """An unknown or impossible directive. The text names it, and what there is."""


@dataclass
class Directive:
    """What an invoice asks for, by operation."""

    text: str
    plays: dict[str, Play] = field(default_factory=dict)


def is_in(invoice: str) -> bool:
    """Whether there is one to be read. Cheap: it is asked with every payment."""
    return "[" in invoice and settings.SANDBOX and _MEANT.search(invoice) is not None


def find(invoice: str, *, operation: str = "") -> Directive | None:
    """What an invoice asks for when it is that of `operation`. Raises DirectiveError.

    Without an operation only what notifications and verifications are told is read.
    """
    if not is_in(invoice):
        return None
    if OPENING not in invoice:
        raise DirectiveError(
            _("A directive begins with [sandbox: in small letters, without spaces: [sandbox:pending=review].")
        )
    found = _DIRECTIVE.search(invoice)
    if found is None:
        raise DirectiveError(_("[sandbox: has no closing ]. Write it so: [sandbox:pending=review,ipn=late:30]."))
    if invoice.count(OPENING) > 1:
        raise DirectiveError(_("One [sandbox:...] in an invoice; put all of it into one, with commas between."))
    return _Reader(found[0], operation).read([item.strip() for item in found[1].split(",")])


class _Reader:
    def __init__(self, text: str, operation: str) -> None:
        self.directive = Directive(text)
        self.operation = operation
        self.delays: dict[str, float] = {}

    def read(self, items: list[str]) -> Directive:
        for item in items:
            name, _equals, value = item.partition("=")
            try:
                self._item(item, name, value)
            except UnreadableEffect as error:
                raise DirectiveError(_("[sandbox:%(item)s]: %(error)s") % {"item": item, "error": error}) from None
        for operation, delay in self.delays.items():
            if operation:
                play = self.directive.plays.get(operation) or read("succeed", operation=operation)
                self.directive.plays[operation] = delayed(play, delay)
        return self.directive

    def _item(self, item: str, name: str, value: str) -> None:
        if name in ("slow", "verify-slow"):
            operation = IPN_VERIFY if name == "verify-slow" else self.operation
            if operation in self.delays:
                raise UnreadableEffect(_("It is there twice."))
            self.delays[operation] = read_seconds(value)
            return
        operation = _OPERATIONS.get(name, self.operation)
        if not operation:
            return
        effect = value if name in _OPERATIONS else item.replace("=", ":", 1)
        if name not in _OPERATIONS and effect.partition(":")[0] not in _names(operation):
            raise UnreadableEffect(
                _("There is no directive “%(name)s” here. Known: %(known)s.")
                % {"name": name, "known": ", ".join(known(operation))}
            )
        if operation in self.directive.plays:
            raise UnreadableEffect(_("One effect for the payment, one for ipn, one for verify; this is a second one."))
        self.directive.plays[operation] = read(effect, operation=operation)


def known(operation: str) -> list[str]:
    """How directives may be written in an invoice of this operation."""
    own = [form.replace(":", "=", 1) for form in forms(operation)]
    beside = [f"{name}={form}" for name, about in _OPERATIONS.items() for form in forms(about)]
    return [*own, "slow=SECONDS", *beside, "verify-slow=SECONDS"]


def _names(operation: str) -> set[str]:
    return {form.partition(":")[0].partition("[")[0] for form in forms(operation)}
