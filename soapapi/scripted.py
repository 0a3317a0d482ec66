"""What scenarios and directives make of a call: who it is like, and what happens instead of, or after, the function.

Authenticated and readable calls only: whoever has no right to call uses nothing up.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction

from sandbox import clock, scenarios, transport
from sandbox.directives import DirectiveError, is_in
from sandbox.effects import FUNCTIONS_THAT_PAY
from sandbox.models import Sandbox
from sandbox.scenarios import Cue, Occasion
from soapapi.errors import ScriptedFault
from wallets import parties
from wallets.errors import IncorrectParameters
from wallets.models import Transaction, Wallet
from wallets.scripted import outcome, was_paid

if TYPE_CHECKING:
    from soapapi.service import Caller

LOOKED_UP_EVERY = 1.0  # seconds

_default: tuple[float, Sandbox] | None = None


def may_be(sandbox: Sandbox, arguments: Sequence[Any]) -> bool:
    """Whether it is worth looking closer. Asked with every call."""
    if sandbox.scripted:
        return scenarios.may_meet(sandbox)
    return any(type(each) is str and is_in(each) for each in arguments)


def default_sandbox() -> Sandbox:
    """The sandbox of a call that no wallet makes. Looked up once a second at most: such calls look up nothing else."""
    global _default
    moment = time.monotonic()
    if _default is None or moment - _default[0] > LOOKED_UP_EVERY:
        _default = (moment, clock.default_sandbox())
    return _default[1]


def look_again() -> None:
    """Forget what was looked up."""
    global _default
    _default = None


def perform(
    operation: str,
    function: Callable[..., Any],
    names: Sequence[str],
    arguments: Sequence[Any],
    caller: "Caller | None",
) -> Any:
    """Call the function, or not, and see to what becomes of its answer. Raises what the function does, CallRefused."""
    given = dict(zip(names, arguments, strict=True))
    occasion, now = _occasion(operation, given, caller)
    with transaction.atomic():
        try:
            cue = scenarios.meet(occasion, now=now, is_paying=operation in FUNCTIONS_THAT_PAY)
        except DirectiveError as error:
            raise IncorrectParameters("Invoice", str(error)) from None
        if cue and cue.play.status and caller:
            # In one database transaction: a payment that is refused anyway does not use it up.
            return _pay(cue, function, arguments, caller)
    if cue and (cue.play.fault or not cue.play.processed):
        raise ScriptedFault(cue.play.fault or "Internal_Error", cue.told)
    answer = function(*((caller,) if caller else ()), *arguments)
    if cue and (number := getattr(answer, "ID", 0) or getattr(answer, "OperationID", 0)):
        cue.led_to(transaction_id=number)
    return answer


def _pay(cue: Cue, function: Callable[..., Any], arguments: Sequence[Any], caller: "Caller") -> Any:
    try:
        answer = function(replace(caller, outcome=outcome(cue.play)), *arguments)
    except Exception:
        transport.calm()
        raise
    was_paid(cue, Transaction.objects.get(id=answer.ID), now=caller.now)
    return answer


def _occasion(operation: str, given: dict[str, Any], caller: "Caller | None") -> tuple[Occasion, datetime]:
    if caller is None:
        sandbox = default_sandbox()
        return Occasion(operation, sandbox), clock.now(sandbox)
    sandbox = caller.wallet.account.sandbox
    receivers = _receivers(given.get("Receiver", ""), sandbox)
    occasion = Occasion(
        operation=operation,
        sandbox=sandbox,
        wallets=(caller.wallet.id, *(wallet.id for wallet in receivers)),
        receivers=(given.get("Receiver", "").strip(), *(wallet.id for wallet in receivers)),
        currency=given.get("Currency", "").strip().upper(),
        amount=given.get("Amount"),
        invoice=given.get("Invoice", ""),
    )
    return occasion, caller.now


def _receivers(name: str, sandbox: Sandbox) -> list[Wallet]:
    """By a wallet ID, an e-mail address or a phone number it is the same wallet."""
    found = parties.find_wallet(name, sandbox=sandbox) if name else None
    return [found] if found else []
