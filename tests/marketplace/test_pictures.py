"""Pictures: what is none is refused in words, what is one is drawn anew, and nothing else of the file is kept."""

import io
import struct
import zlib
from datetime import datetime

import pytest
from django.test import Client
from PIL import Image, TiffImagePlugin
from PIL.ExifTags import GPS, IFD, Base

from marketplace import catalogue, pictures, stores
from marketplace.models import Picture, Product, Rendition, Store
from wallets.errors import NotAPicture
from wallets.models import User, Wallet

pytestmark = pytest.mark.django_db


def encoded(picture: Image.Image, format: str = "PNG", **how: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, format, **how)
    return file.getvalue()


def photo(width: int = 1600, height: int = 1200) -> Image.Image:
    return Image.linear_gradient("L").resize((width, height)).convert("RGB")


def png_that_claims(width: int, height: int) -> bytes:
    """A small file that says it is enormous."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 100_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "WEBP"])
def test_a_picture_is_drawn_in_three_sizes(poster: Product, now: datetime, format: str) -> None:
    picture = pictures.add(poster, encoded(photo(), format), alt=" A poster ", now=now)

    sizes = {each.size: (each.width, each.height) for each in picture.renditions.all()}
    assert sizes == {"large": (1200, 900), "medium": (480, 360), "small": (160, 120)}
    for each in picture.renditions.all():
        with Image.open(io.BytesIO(bytes(each.content))) as drawn:
            assert (drawn.format, drawn.size) == ("WEBP", (each.width, each.height))
    assert (picture.alt, picture.position) == ("A poster", 0)


def test_a_small_picture_is_not_blown_up() -> None:
    assert {(each.width, each.height) for each in pictures.draw(encoded(photo(100, 50)))} == {(100, 50)}


def test_where_a_photo_was_taken_is_not_kept_and_it_stands_upright() -> None:
    exif = Image.Exif()
    exif[Base.Orientation] = 6
    exif[Base.Artist] = "Mary Merchant, 1 Market Street"
    exif.get_ifd(IFD.GPSInfo)[GPS.GPSLatitude] = tuple(TiffImagePlugin.IFDRational(each) for each in (51, 30, 0))
    content = encoded(photo(800, 600), "JPEG", exif=exif.tobytes(), comment=b"<script>alert(1)</script>")
    assert b"Mary Merchant" in content

    for each in pictures.draw(content):
        with Image.open(io.BytesIO(each.content)) as drawn:
            assert not drawn.getexif()
            assert drawn.height > drawn.width
        assert b"Mary" not in each.content
        assert b"<script>" not in each.content


def test_what_is_transparent_stays_so() -> None:
    content = encoded(Image.new("RGBA", (64, 64), (0, 0, 0, 0)))
    with Image.open(io.BytesIO(pictures.draw(content)[0].content)) as drawn:
        assert drawn.convert("RGBA").getpixel((10, 10))[3] == 0


def test_of_an_animation_the_first_picture_is_kept() -> None:
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "blue")]
    content = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    with Image.open(io.BytesIO(pictures.draw(content)[0].content)) as drawn:
        assert not getattr(drawn, "is_animated", False)
        red, _green, blue = drawn.convert("RGB").getpixel((16, 16))
        assert red > 200 > 60 > blue


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no whole JPEG"),
        (b"hello", "no whole JPEG"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "no whole JPEG"),
        (b"%PDF-1.4 %%EOF", "no whole JPEG"),
        (encoded(photo(64, 64), "BMP"), "no whole JPEG"),
        (encoded(photo(64, 64), "TIFF"), "no whole JPEG"),
        (encoded(photo(), "PNG")[:2000], "no whole JPEG"),
        (encoded(photo(), "JPEG")[:-4000], "no whole JPEG"),
        (encoded(photo(64, 64)) + b"x" * 6_000_000, "at most 5 MB"),
        (png_that_claims(60_000, 60_000), "40 million pixels"),
        (png_that_claims(5000, 5000), "no whole JPEG"),
        (b"\xff\xd8" + b"\xff\xda" * 101, "no whole JPEG"),
        (b"GIF89a" + b"\xff" * 500, "no whole JPEG"),
        (b"RIFF\x10\0\0\0WEBPVP8 " + b"\xff" * 50, "no whole JPEG"),
    ],
)
def test_what_is_no_picture_is_refused_in_words(poster: Product, now: datetime, content: bytes, words: str) -> None:
    with pytest.raises(NotAPicture, match=words):
        pictures.add(poster, content, now=now)

    assert not Picture.objects.exists()


def test_a_product_has_at_most_eight(poster: Product, now: datetime) -> None:
    content = encoded(photo(20, 20))
    for _ in range(8):
        pictures.add(poster, content, now=now)
    with pytest.raises(NotAPicture, match="at most 8"):
        pictures.add(poster, content, now=now)


def test_another_can_be_put_first(poster: Product, now: datetime) -> None:
    first, second, third = (pictures.add(poster, encoded(photo(20, 20)), now=now) for _ in range(3))
    pictures.put_first(third)

    assert list(poster.images.all()) == [third, first, second]


def test_a_new_logo_takes_the_place_of_the_old(store: Store, poster: Product, now: datetime) -> None:
    image = pictures.add(poster, encoded(photo(20, 20)), now=now)
    pictures.set_logo(store, pictures.draw(encoded(photo(20, 20))), now=now)
    logo = pictures.set_logo(store, pictures.draw(encoded(photo(30, 30))), now=now)

    assert list(store.pictures.filter(product=None)) == [logo]
    assert Picture.objects.filter(id=image.id).exists()


# Served


def address(picture: Picture, size: str = "medium") -> str:
    return f"/marketplace/pictures/{picture.name}/{size}.webp"


@pytest.fixture
def image(poster: Product, now: datetime) -> Picture:
    return pictures.add(poster, encoded(photo(320, 240)), now=now)


def test_it_is_served_as_a_picture_and_nothing_else(client: Client, image: Picture) -> None:
    response = client.get(address(image))

    assert response.status_code == 200
    assert response.content == bytes(Rendition.objects.get(picture=image, size="medium").content)
    assert response["Content-Type"] == "image/webp"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert response["Cache-Control"] == "public, max-age=86400"
    assert "Cookie" not in response.get("Vary", "")
    assert not response.cookies


def test_a_browser_that_has_it_is_told_so(client: Client, image: Picture) -> None:
    etag = client.get(address(image))["ETag"]
    again = client.get(address(image), headers={"If-None-Match": etag})
    other = client.get(address(image, "small"), headers={"If-None-Match": etag})

    assert (again.status_code, again.content) == (304, b"")
    assert other.status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "AAAAAAAAAAAAAAAA/medium.webp",
        "../../../etc/passwd",
        "AAAAAAAAAAAAAAAA/huge.webp",
        "x/medium.webp",
        "AAAAAAAAAAAAAAAA/medium.webp.html",
        "%00/medium.webp",
    ],
)
def test_what_is_not_there_is_404(client: Client, world: object, path: str) -> None:
    assert client.get(f"/marketplace/pictures/{path}").status_code == 404


def test_before_it_is_published_only_the_owner_and_staff_see_it(
    client: Client, merchant: Wallet, buyer: Wallet, poster: Product, image: Picture, now: datetime
) -> None:
    catalogue.publish([poster], published=False, now=now)
    assert client.get(address(image)).status_code == 404
    client.force_login(buyer.account.user)
    assert client.get(address(image)).status_code == 404
    for user in (merchant.account.user, User.objects.get(email="admin@example.com")):
        client.force_login(user)
        response = client.get(address(image))
        assert response.status_code == 200
        assert response["Cache-Control"] == "private, no-store"


def test_a_suspended_store_shows_nothing(client: Client, store: Store, image: Picture, now: datetime) -> None:
    logo = pictures.set_logo(store, pictures.draw(encoded(photo(30, 30))), now=now)
    assert client.get(address(logo)).status_code == 200
    stores.suspend(store, reason="Complaints", now=now)

    assert client.get(address(image)).status_code == 404
    assert client.get(address(logo)).status_code == 404


def test_removed_with_its_product(client: Client, poster: Product, image: Picture, now: datetime) -> None:
    catalogue.remove(poster, now=now)

    assert client.get(address(image)).status_code == 404
    assert not Rendition.objects.exists()
