"""Files that are far too large are refused by their announced length, before a byte is written to disk.

What each file may be is the business of who takes it in: documents, pictures, price lists. This is the lid on all.
"""

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler

# Of a whole form. The largest single file that anything takes has 10 MB.
LARGEST_FORM = 16 * 1024 * 1024


class NotTooLarge(FileUploadHandler):
    """Stands before the handlers that keep what is uploaded, and hands everything on to them."""

    def handle_raw_input(
        self, input_data: Any, META: Any, content_length: int, boundary: Any, encoding: Any = None
    ) -> None:
        if content_length > LARGEST_FORM:
            raise RequestDataTooBig

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None
