"""Bodies that come in chunks get a length, for Django takes a request without Content-Length for an empty one.

Java's, Go's and .NET's HTTP clients send JSON and forms in chunks unless told otherwise. What comes is put aside, on
disk if it is large, and handed on as if it had been announced. ipn-verify and OkPayAPI read their bodies themselves.
"""

from collections.abc import Callable, Iterable
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from okpay_gateway.doors import IPN_VERIFY, SOAP_API
from okpay_gateway.uploads import LARGEST_FORM

WSGI = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

READ_BY_THEMSELVES = frozenset({*IPN_VERIFY, SOAP_API})
BLOCK = 64 * 1024  # bytes
IN_MEMORY = 1024 * 1024  # bytes
BROKEN = b"The body broke off, or its chunks are malformed. Nothing was changed; send the request again.\n"


def measured(application: WSGI) -> WSGI:
    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if not _is_in_chunks(environ):
            return application(environ, start_response)
        with SpooledTemporaryFile(max_size=IN_MEMORY) as body:
            try:
                length = _copy(environ["wsgi.input"], body)
            except Exception:  # every WSGI server has errors of its own for chunks that are none
                headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(BROKEN)))]
                start_response("400 Bad Request", headers)
                return [BROKEN]
            body.seek(0)
            del environ["HTTP_TRANSFER_ENCODING"]
            environ |= {"wsgi.input": body, "CONTENT_LENGTH": str(length)}
            return application(environ, start_response)

    return answer


def _is_in_chunks(environ: dict[str, Any]) -> bool:
    return (
        not environ.get("CONTENT_LENGTH")
        and "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()
        and bool(environ.get("wsgi.input_terminated"))
        and environ.get("PATH_INFO") not in READ_BY_THEMSELVES
    )


def _copy(stream: Any, body: IO[bytes]) -> int:
    """How long it is, at most one byte longer than any form may be: that is refused by its length, as ever."""
    length = 0
    while length <= LARGEST_FORM and (block := stream.read(min(BLOCK, LARGEST_FORM + 1 - length))):
        body.write(block)
        length += len(block)
    return length
