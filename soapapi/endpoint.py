"""Takes a request's bytes, gives an answer's: always an envelope, whatever came in.

spyne's ServerBase without its WSGI transport, which answers some input with a page of HTML.
"""

import logging
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError
from spyne import MethodContext
from spyne.server import ServerBase

from soapapi import authentication, writer
from soapapi.authentication import Call
from soapapi.errors import CallRefused, InternalError, name_of
from wallets.errors import PaymentError

OK, FAULT = 200, 500
LONGEST_DETAIL = 200  # characters in the log: it may name what was sent

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes


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
            return Answer(OK, ctx.out_string[0])
        _note(call, ctx.out_error.error)
        return Answer(FAULT, ctx.out_string[0])

    def _answered(self, body: bytes, content_type: str, call: Call) -> Any:
        ctx = MethodContext(self, MethodContext.SERVER)
        ctx.in_string, ctx.udc = body, call
        (ctx,) = self.generate_contexts(ctx, content_type)
        if ctx.in_error is None:
            self.get_in_object(ctx)
            self.get_out_object(ctx)
        self.get_out_string(ctx)
        return ctx


def refusal(error: CallRefused) -> Answer:
    """What a request gets that never reached spyne."""
    return Answer(FAULT, writer.fault(error.faultcode, name_of(error)).encode())


def _note(call: Call, error: CallRefused | PaymentError) -> None:
    """One line for the log, with nothing of what was sent but the names of things; a row for the merchant."""
    name = name_of(error)
    detail = f" ({error.detail[:LONGEST_DETAIL]})" if isinstance(error, CallRefused) and error.detail else ""
    wallet = call.wallet.id if call.wallet else "nobody"
    log.info("%s for %s from %s: %s%s", call.operation or "SOAP request", wallet, call.address, name, detail)
    try:
        authentication.keep(call, error, name)
    except DatabaseError:
        log.exception("A refusal could not be kept for its merchant.")
