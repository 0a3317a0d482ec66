"""What a scenario may be: everything that could never happen is an error that names the field and the cure."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from sandbox import scenarios
from sandbox.effects import EVERY_FACET, FACETS, IPN, OPERATIONS, UnreadableEffect, read
from sandbox.models import DEFAULT, Sandbox
from wallets.models import Currency, Wallet
from wallets.parties import WALLET_ID

MOST_STEPS = 50
MOST_TIMES = 1_000_000
# Of one sandbox. Each call that may meet any looks through those of its operation.
MOST_SCENARIOS = 500
MATCHED_BY = ("wallet", *EVERY_FACET)

Errors = dict[str, list[str]]


def faults(wanted: Mapping[str, Any], sandbox: Sandbox) -> Errors:
    """What is wrong with a whole scenario, by field. `wanted` has every field that can be set."""
    errors: Errors = {}
    operation = wanted["operation"]
    if not operation and not _is_magic(wanted["steps"]):
        errors["operation"] = [
            _("Say which operation, one of %(known)s. Only the effect magic is for all.")
            % {"known": ", ".join(OPERATIONS)}
        ]
    errors |= _impossible_matches(wanted, sandbox)
    if "operation" not in errors:
        errors |= impossible_steps(wanted["steps"], operation)
    return errors


def _impossible_matches(wanted: Mapping[str, Any], sandbox: Sandbox) -> Errors:
    errors: Errors = {}
    operation = wanted["operation"]
    if operation == "Get_Date_Time" and sandbox.id != DEFAULT:
        errors["operation"] = [
            _("Get_Date_Time is called by nobody in particular, so only the default sandbox has it.")
        ]
    for field, facet in (("wallet", "wallet"), *((name, name) for name in EVERY_FACET[:2]), ("invoice", "invoice")):
        if wanted[field] and not _tells(operation, facet):
            errors[field] = [_never(operation, facet)]
    for field in ("min_amount", "max_amount"):
        if wanted[field] is not None and not _tells(operation, "amount"):
            errors["amount"] = [_never(operation, "amount")]
        elif wanted[field] is not None and wanted[field] != round(wanted[field], 2):
            errors["amount"] = [_("At most two decimal places.")]
    low, high = wanted["min_amount"], wanted["max_amount"]
    if low is not None and high is not None and low > high:
        errors["max_amount"] = [_("Not less than min_amount.")]
    for field in ("wallet", "receiver"):
        name = wanted[field]
        if (field == "wallet" or WALLET_ID.fullmatch(name)) and name and not _is_ours(name, sandbox):
            errors.setdefault(field, []).append(
                _("There is no wallet %(wallet)s in the sandbox %(sandbox)s.") % {"wallet": name, "sandbox": sandbox.id}
            )
    if (code := wanted["currency"]) and not Currency.objects.filter(code=code).exists():
        codes = ", ".join(Currency.objects.order_by("position").values_list("code", flat=True))
        errors.setdefault("currency", []).append(_("There is no such currency. Known: %(codes)s.") % {"codes": codes})
    return errors


def _tells(operation: str, facet: str) -> bool:
    if facet == "wallet":
        return operation != "Get_Date_Time"
    return facet in FACETS.get(operation, ())


def _never(operation: str, facet: str) -> str:
    known = ", ".join(name for name in MATCHED_BY if _tells(operation, name)) or _("nothing")
    return _("%(operation)s has no %(facet)s, so this would never match. It can be told by: %(known)s.") % {
        "operation": operation,
        "facet": facet,
        "known": known,
    }


def _is_ours(wallet_id: str, sandbox: Sandbox) -> bool:
    return Wallet.objects.filter(id=wallet_id, role=Wallet.Role.CLIENT, account__sandbox=sandbox).exists()


def impossible_steps(steps: Sequence[Mapping[str, Any]], operation: str) -> Errors:
    """What is wrong with the steps of a scenario for an operation, by `steps.0.effect` and the like."""
    errors: Errors = {}

    def wrong(number: int, field: str, text: str) -> None:
        errors.setdefault(f"steps.{number}.{field}", []).append(text)

    if not 1 <= len(steps) <= MOST_STEPS:
        return {"steps": [_("1 to %d steps.") % MOST_STEPS]}
    for number, step in enumerate(steps):
        try:
            play = read(step["effect"], operation=operation)
        except UnreadableEffect as error:
            wrong(number, "effect", str(error))
            continue
        if step["times"] is None and number < len(steps) - 1:
            wrong(number, "times", _("Only the last step may go on for ever, or the next would never come."))
        if step["delay"] and (operation == IPN or play.is_magic):
            wrong(number, "delay", _("Only answers are delayed. A notification is late with the effect late:TIME."))
        if play.is_magic and len(steps) > 1:
            wrong(number, "effect", _("magic stands alone: it is no part of a sequence."))
    if not errors and (scenarios.most_of(steps) or 0) > MOST_TIMES:
        errors["steps"] = [_("At most %d times in all.") % MOST_TIMES]
    return errors


def _is_magic(steps: Sequence[Mapping[str, Any]]) -> bool:
    return any(re.fullmatch("magic(:.*)?", step["effect"].strip()) for step in steps)
