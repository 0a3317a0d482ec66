"""spyne's SOAP 1.1 with a strict front door and a fast back door.

spyne finds the method and calls it. Reading and writing are ours: spyne's own takes `maybe` for false and `1_0` for
ten, answers half of what is malformed with an error page, and spends half of its time on writing.
"""

from typing import Any

from spyne.error import Fault
from spyne.protocol.soap import Soap11

from soapapi import envelope, reader, writer
from soapapi.errors import CallRefused, UnknownOperation, name_of
from soapapi.namespaces import SPELLINGS_OF_T
from wallets.errors import PaymentError


class NamedFault(Fault):  # type: ignore[misc]
    """A refusal on its way out. The faultstring is the error's name and nothing else: integrations compare it."""

    def __init__(self, error: CallRefused | PaymentError) -> None:
        faultcode = error.faultcode if isinstance(error, CallRefused) else "Client"
        super().__init__(faultcode, name_of(error))
        self.error = error


class OkPaySoap(Soap11):  # type: ignore[misc]
    def create_in_document(self, ctx: Any, charset: str | None = None) -> None:
        """Finds the element of the call. Raises NamedFault."""
        try:
            ctx.in_document = envelope.call_in(ctx.in_string, charset or "")
        except CallRefused as error:
            raise NamedFault(error) from None

    def decompose_incoming_envelope(self, ctx: Any, message: Any = None) -> None:
        """Names the method. The Body decides, not the SOAPAction: half of the hand-written clients send a wrong one."""
        namespace, name = envelope.local_name(ctx.in_document)
        if namespace not in SPELLINGS_OF_T:
            raise NamedFault(UnknownOperation(f"the call is in the namespace {namespace!r}"))
        ctx.in_body_doc = ctx.in_document
        ctx.method_request_string = f"{{{self.app.interface.tns}}}{name}"
        if ctx.method_request_string not in self.app.interface.service_method_map:
            raise NamedFault(UnknownOperation(f"there is no operation {name!r}"))

    def generate_method_contexts(self, ctx: Any) -> list[Any]:
        """The one there is. spyne copies it, for a name may stand for several methods; here none does."""
        (ctx.descriptor,) = self.get_call_handles(ctx)
        return [ctx]

    def deserialize(self, ctx: Any, message: Any) -> None:
        ctx.in_object, ctx.udc.unreadable = reader.arguments(ctx.descriptor.in_message, ctx.in_body_doc)

    def serialize(self, ctx: Any, message: Any) -> None:
        if ctx.out_error is not None:
            ctx.out_document = writer.fault(ctx.out_error.faultcode, ctx.out_error.faultstring)
        else:
            ctx.out_document = writer.answer(ctx.descriptor.out_message, ctx.out_object[0])

    def create_out_string(self, ctx: Any, charset: str | None = None) -> None:
        ctx.out_string = [ctx.out_document.encode()]
