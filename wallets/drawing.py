"""Pictures that strangers upload: looked at by a decoder, then drawn anew, and only the drawing is kept.

So nothing that came along survives: no place where a photo was taken, no comment, no script behind the last pixel.
"""

import io

from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps

from wallets.documents import LARGEST_PIXELS, LARGEST_SIZE, MOST_SCANS, SCAN
from wallets.errors import NotAPicture

FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
CONTENT_TYPE = "image/webp"
QUALITY = 82
# Of Pillow's 0 to 6: with 4, its own choice, a photo takes twice as long and is 5 % smaller.
EFFORT = 2
# Strangers made these files: the browser shall show them and do nothing else.
HARMLESS = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def decode(content: bytes, *, edge: int) -> Image.Image:
    """The picture, upright, not necessarily larger than twice `edge`. Raises NotAPicture, saying why."""
    if len(content) > LARGEST_SIZE:
        raise NotAPicture(_("The picture may have at most 5 MB."))
    if content.count(SCAN) > MOST_SCANS and content.startswith(b"\xff\xd8"):
        raise NotAPicture
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            # Asked before anything is decoded: a small file may claim to be enormous.
            if picture.width * picture.height > LARGEST_PIXELS:
                raise NotAPicture(_("The picture may have at most 40 million pixels."))
            # A JPEG is decoded no larger than needed. Twice the size, so that it is still smoothed.
            picture.draft("RGB", (2 * edge, 2 * edge))
            picture.load()
            upright = ImageOps.exif_transpose(picture)
            has_holes = upright.has_transparency_data
            return upright.convert("RGBA" if has_holes else "RGB")
    # What Pillow's decoders raise for broken files; OSError includes UnidentifiedImageError.
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, OverflowError):
        raise NotAPicture from None


def shrink(picture: Image.Image, *, edge: int) -> Image.Image:
    """A copy with no side longer than `edge`; a smaller picture is not blown up."""
    smaller = picture.copy()
    smaller.thumbnail((edge, edge), Image.Resampling.LANCZOS)
    return smaller


def encode(picture: Image.Image) -> bytes:
    """As WebP, without a word beside the pixels."""
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=QUALITY, method=EFFORT, exif=b"", icc_profile=b"", xmp=b"")
    return file.getvalue()
