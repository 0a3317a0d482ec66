"""Takes a request's bytes, gives an answer's: always an envelope, whatever came in.

spyne's ServerBase without its WSGI transport, which answers some input with a page of HTML.
"""

import logging
import re
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError
from django.utils import translation
from spyne import MethodContext
from spyne.server import ServerBase

from sandbox import journal
from soapapi import authentication, writer
from soapapi.authentication import Call
from soapapi.errors import CallRefused, InternalError, name_of
from wallets.errors import IncorrectParameters, PaymentError

OK, FAULT = 200, 500
LONGEST_DETAIL = 200  # characters in the log: it may name what was sent

# Whose journal a call belongs to that got no further than the door.
A_WALLET_NAMED = re.compile(rb"WalletID[^<>]{0,100}>\s{0,20}(OK[0-9]{9})\b", re.IGNORECASE)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes


class Context(MethodContext):  # type: ignore[misc]
    """Without spyne's guard against misspelt names, and without its events, to which nobody listens here.

    They are most of what a context costs.
    """

    __setattr__ = object.__setattr__

    def fire_event(self, event: str, *args: Any, **kwargs: Any) -> None:
        pass


class Endpoint(ServerBase):  # type: ignore[misc]
    transport = "http://schemas.xmlsoap.org/soap/http"

    def answer(self, body: bytes, content_type: str, call: Call) -> Answer:
        try:
            ctx = self._answered(body, content_type, call)
        except Exception:
            # Not in an operation (service.py sees to those): in the SOAP layer itself.
            log.exception("A SOAP request could not be answered.")
            return refusal(InternalError())
        if ctx.out_error is None:
            _note_success(call, ctx.out_object[0])
            return Answer(OK, ctx.out_string[0])
        _note(call, ctx.out_error.error, body)
        return Answer(FAULT, ctx.out_string[0])

    def _answered(self, body: bytes, content_type: str, call: Call) -> Any:
        ctx = Context(self, Context.SERVER)
        ctx.in_string, ctx.udc = body, call
        (ctx,) = self.generate_contexts(ctx, content_type)
        if ctx.in_error is None:
            self.get_in_object(ctx)
            self.get_out_object(ctx)
        self.get_out_string(ctx)
        return ctx


def refusal(error: CallRefused) -> Answer:
    """What a request gets that never reached spyne."""
    journal.note(outcome=name_of(error), why=_why(error), failed=True)
    return Answer(FAULT, writer.fault(error.faultcode, name_of(error)).encode())


def _note_success(call: Call, result: Any) -> None:
    journal.note(
        operation=call.operation,
        outcome="OK",
        wallet=call.wallet.id if call.wallet else "",
        sandbox=call.wallet.account.sandbox if call.wallet else None,
        transaction=getattr(result, "ID", None) or getattr(result, "OperationID", None),
    )


def _note(call: Call, error: CallRefused | PaymentError, body: bytes) -> None:
    """One line for the log, with nothing of what was sent but the names of things; a row for the merchant."""
    name = name_of(error)
    named = A_WALLET_NAMED.search(body)
    journal.note(
        operation=call.operation,
        outcome=name,
        why=_why(error),
        failed=True,
        wallet=call.wallet.id if call.wallet else named[1].decode().upper() if named else "",
        sandbox=call.wallet.account.sandbox if call.wallet else None,
    )
    detail = f" ({error.detail[:LONGEST_DETAIL]})" if isinstance(error, CallRefused) and error.detail else ""
    wallet = call.wallet.id if call.wallet else "nobody"
    log.info("%s for %s from %s: %s%s", call.operation or "SOAP request", wallet, call.address, name, detail)
    try:
        authentication.keep(call, error, name)
    except DatabaseError:
        log.exception("A refusal could not be kept for its merchant.")


def _why(error: CallRefused | PaymentError) -> str:
    """For the journal, which is written once: in English."""
    with translation.override("en"):
        if isinstance(error, CallRefused):
            return " ".join(filter(None, (str(error.reason.label) if error.reason else "", error.detail)))
        return f"{error} ({error.field})" if isinstance(error, IncorrectParameters) else str(error)
