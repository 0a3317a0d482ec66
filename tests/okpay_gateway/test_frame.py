"""The frame around every page: it holds when things go wrong, gives nothing away, and can be read by everyone."""

import logging
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory, override_settings
from django.urls import include, path

from okpay_gateway import problems
from okpay_gateway.middleware import HeadersOnly, RequestID, TolerantHost, WithRequestID

# The home page shows what sells well.
pytestmark = pytest.mark.django_db


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("the password is swordfish")


def without_a_database(request: HttpRequest) -> HttpResponse:
    raise OperationalError("the password is swordfish")


def forbidden(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied("the password is swordfish")


def malformed(request: HttpRequest) -> HttpResponse:
    raise BadRequest("the password is swordfish")


urlpatterns = [
    path("broken/", broken),
    path("away/", without_a_database),
    path("forbidden/", forbidden),
    path("malformed/", malformed),
    path("", include("okpay_gateway.urls")),
]
handler400 = "okpay_gateway.views.bad_request"
handler403 = "okpay_gateway.views.permission_denied"
handler404 = "okpay_gateway.views.not_found"
handler500 = "okpay_gateway.views.server_error"


@pytest.fixture
def visitor() -> Client:
    """Sees what a browser would see, errors too."""
    return Client(raise_request_exception=False)


@pytest.fixture
def _pages_that_fail() -> Iterator[None]:
    with override_settings(ROOT_URLCONF=__name__):
        yield


# The pages


def test_home_opens_three_doors(visitor: Client) -> None:
    page = visitor.get("/").content.decode()

    assert 'action="/process.html"' in page
    assert 'href="/api/docs/"' in page
    assert 'href="/admin/"' in page
    assert "http://testserver<wbr>/ipn-verify.html" in page


def test_home_names_the_demo_cast_in_a_sandbox_only(visitor: Client) -> None:
    cast = ["merchant@example.com", "OK100000001", "MyApiPass", "Sandbox: no real money moves"]
    sandbox = visitor.get("/").content.decode()
    with override_settings(SANDBOX=False):
        hosted = visitor.get("/", secure=True).content.decode()

    assert [name in sandbox for name in cast] == [True, True, False, True]
    assert not any(name in hosted for name in cast)


def test_home_uses_the_public_address_when_there_is_one(visitor: Client) -> None:
    with override_settings(PUBLIC_URL="https://pay.example.com"):
        assert "https://pay.example.com<wbr>/process.html" in visitor.get("/").content.decode()


@pytest.mark.parametrize("address", ["/", "/account/login/", "/account/register/", "/nowhere"])
def test_a_page_has_what_assistive_technology_needs(visitor: Client, address: str) -> None:
    outline = Outline(visitor.get(address).content.decode())

    assert outline.count("h1") == outline.count("main") == outline.count("header") == outline.count("title") == 1
    assert outline.tags[0] == ("html", {"lang": "en", "dir": "ltr"})
    assert ("a", {"class": "skip", "href": "#main"}) in outline.tags
    assert outline.unlabelled_fields() == []


# When something goes wrong


@pytest.mark.usefixtures("_pages_that_fail")
@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/malformed/", 400, "We could not understand this request"),
        ("/forbidden/", 403, "This page is not open to you"),
        ("/nowhere/", 404, "There is no page at this address"),
        ("/broken/", 500, "Something went wrong on our side"),
        ("/away/", 503, "Something went wrong on our side"),
    ],
)
def test_an_error_is_told_calmly_and_with_its_number(visitor: Client, address: str, status: int, words: str) -> None:
    # No database is to be had in this test: none of these pages may ask for one.
    response = visitor.get(address, headers={"X-Request-ID": "abc-1"})

    page = response.content.decode()
    assert response.status_code == status
    assert words in page
    assert "abc-1" in page
    assert response["X-Request-ID"] == "abc-1"
    assert "swordfish" not in page
    assert "Traceback" not in page


@pytest.mark.usefixtures("_pages_that_fail")
def test_even_a_broken_template_ends_in_calm_words(visitor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("okpay_gateway.views.get_template", broken)

    response = visitor.get("/broken/")

    assert response.status_code == 500
    assert b"Something went wrong on our side" in response.content


def test_a_form_without_its_token_changes_nothing_and_says_so() -> None:
    response = Client(enforce_csrf_checks=True).post("/language/", {"language": "de"})

    assert response.status_code == 403
    assert b"This form has expired" in response.content
    assert "okpay_language" not in response.cookies


# The choice of a language


def test_a_language_is_kept_in_our_cookie(visitor: Client) -> None:
    response = visitor.post("/language/", {"language": "de", "next": "/account/login/?next=/account/"})

    assert response.status_code == 302
    assert response["Location"] == "/account/login/?next=/account/"
    assert response.cookies["okpay_language"].value == "de"
    assert response.cookies["okpay_language"]["httponly"]
    assert 'lang="de"' in visitor.get("/").content.decode()


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "\\\\evil"])
def test_choosing_a_language_leads_nowhere_else(visitor: Client, elsewhere: str) -> None:
    response = visitor.post("/language/", {"language": "de", "next": elsewhere})

    assert response["Location"] == "/"


def test_a_language_that_we_do_not_speak_is_not_kept(visitor: Client) -> None:
    assert "okpay_language" not in visitor.post("/language/", {"language": "tlh", "next": "/"}).cookies


def test_a_link_cannot_choose_a_language(visitor: Client) -> None:
    assert visitor.get("/language/?language=de").status_code == 405


# Before everything else


@pytest.mark.parametrize("address", ["/ipn-verify", "/ipn-verify.html", "/health/", "/metrics", "/metrics/"])
@pytest.mark.parametrize("host", ["", "shop.example, shop.example", "http://okpay/", "a b", "evil.example"])
def test_a_mangled_host_does_not_matter_where_no_address_is_named(address: str, host: str) -> None:
    request = RequestFactory().post(address, HTTP_HOST=host)

    TolerantHost(lambda request: HttpResponse(request.get_host()))(request)

    assert request.get_host() in settings.ALLOWED_HOSTS


@pytest.mark.parametrize("address", ["/", "/process.html", "/ipn-verify/../", "/account/login/"])
def test_elsewhere_a_mangled_host_is_refused(visitor: Client, address: str) -> None:
    assert visitor.get(address, headers={"Host": "evil.example"}).status_code == 400


@pytest.mark.parametrize("address", ["/", "/process.html", "/OkPayAPI?wsdl", "/account/login/"])
def test_an_unknown_host_is_told_the_setting_that_makes_it_known(visitor: Client, address: str) -> None:
    page = visitor.get(address, headers={"Host": "shop.internal:8000"}).content.decode()

    assert "ALLOWED_HOSTS=localhost,127.0.0.1,www.okpay.com" in page
    assert "shop.internal" not in page


@pytest.mark.parametrize("name", [name for name, logger in settings.LOGGING["loggers"].items() if "handlers" in logger])
def test_a_logger_that_shall_be_quiet_has_a_handler(name: str) -> None:
    # Python writes what nobody handles to stderr, with its traceback: a line for each scanner that knocks.
    assert settings.LOGGING["loggers"][name]["handlers"]


def test_a_program_is_told_of_an_unknown_host_by_a_problem_document(visitor: Client) -> None:
    response = visitor.post("/api/v1/reset/", headers={"Host": "okpay.internal"})

    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")
    assert "ALLOWED_HOSTS" in response.json()["errors"]["Host"][0]


@pytest.mark.parametrize(
    ("allowed", "host"), [(["*"], "localhost"), ([".example.com"], "example.com"), (["pay.example"], "pay.example")]
)
def test_the_host_put_in_place_is_one_of_ours(allowed: list[str], host: str) -> None:
    request = RequestFactory().post("/ipn-verify", HTTP_HOST="a b")

    with override_settings(ALLOWED_HOSTS=allowed):
        assert TolerantHost(lambda request: HttpResponse(request.get_host()))(request).content.decode() == host


@pytest.mark.parametrize("given", ["", "a" * 65, "a b", "-x", "<b>", "ä"])
def test_a_malformed_request_id_is_replaced(given: str) -> None:
    request = RequestFactory().get("/", headers={"X-Request-ID": given})

    response = RequestID(lambda request: HttpResponse())(request)

    assert re.fullmatch(r"[0-9a-f]{16}", response["X-Request-ID"])


@pytest.mark.parametrize(("method", "body"), [("HEAD", b""), ("GET", b"four")])
def test_a_head_request_gets_the_headers_of_a_get_and_no_body(method: str, body: bytes) -> None:
    response = HeadersOnly(lambda request: HttpResponse(b"four"))(RequestFactory().generic(method, "/health/"))

    assert response.content == body
    assert response.headers.get("Content-Length") == ("4" if method == "HEAD" else None)


def test_the_request_id_stands_in_the_log_lines() -> None:
    record = logging.makeLogRecord({"msg": "inside"})
    outside = logging.makeLogRecord({"msg": "outside"})

    def answer(request: HttpRequest) -> HttpResponse:
        WithRequestID().filter(record)
        return HttpResponse()

    RequestID(answer)(RequestFactory().get("/", headers={"X-Request-ID": "abc-1"}))
    WithRequestID().filter(outside)

    assert (record.request_id, outside.request_id) == ("abc-1", "-")


# The look


def test_no_template_needs_what_the_content_security_policy_forbids() -> None:
    templates = [file for file in settings.BASE_DIR.glob("*/templates/**/*.html") if file.is_file()]
    forbidden = re.compile(
        r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:|(?:src|href)=\"(?:https?:)?//"
    )

    assert len(templates) > 8
    assert {str(file): found[0] for file in templates if (found := forbidden.search(file.read_text()))} == {}


COLOURS = [
    # text or control, ground, least contrast (WCAG 2.2 AA)
    ("ink", "paper", 4.5),
    ("ink", "sheet", 4.5),
    ("ink", "sunken", 4.5),
    ("ink", "green-soft", 4.5),
    ("quiet", "paper", 4.5),
    ("quiet", "sheet", 4.5),
    ("quiet", "sunken", 4.5),
    ("quiet", "green-soft", 4.5),
    ("green", "paper", 4.5),
    ("green", "sheet", 4.5),
    ("green-strong", "sheet", 4.5),
    ("on-green", "green", 4.5),
    ("on-green", "green-strong", 4.5),
    ("warning", "warning-soft", 4.5),
    ("error", "error-soft", 4.5),
    ("error", "sheet", 4.5),
    ("sheet", "error", 4.5),
    ("info", "info-soft", 4.5),
    ("success", "success-soft", 4.5),
    ("control", "sheet", 3),
    ("control", "paper", 3),
    ("focus", "paper", 3),
    ("focus", "sheet", 3),
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_have_enough_contrast(scheme: str) -> None:
    light, dark = re.findall(r":root \{(.*?)\}", stylesheet(), re.DOTALL)
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", light))
    if scheme == "dark":
        colours |= dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", dark))

    weak = [
        (colour, ground, round(contrast(colours[colour], colours[ground]), 2))
        for colour, ground, least in COLOURS
        if contrast(colours[colour], colours[ground]) < least
    ]

    assert weak == []


def test_the_stylesheet_fetches_nothing() -> None:
    assert "@import" not in stylesheet()
    assert "url(" not in stylesheet()


@pytest.mark.parametrize("file", ["okpay.css", "okpay-mark.svg"])
def test_the_stylesheet_and_our_mark_are_served(visitor: Client, file: str) -> None:
    response = visitor.get(f"/static/{file}")

    assert response.status_code == 200
    assert response.getvalue() == (settings.BASE_DIR / "okpay_gateway" / "static" / file).read_bytes()


def stylesheet() -> str:
    return Path(settings.BASE_DIR / "okpay_gateway" / "static" / "okpay.css").read_text()


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted([luminance(one), luminance(other)])
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


class Outline(HTMLParser):
    """The tags of a page in their order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def count(self, wanted: str) -> int:
        return sum(
            tag == wanted for tag, _attributes in self.tags if (tag, _attributes) != ("title", {"id": "flow-title"})
        )

    def unlabelled_fields(self) -> list[str | None]:
        labelled = {attributes.get("for") for tag, attributes in self.tags if tag == "label"}
        return [
            attributes.get("name")
            for tag, attributes in self.tags
            if tag in ("input", "select", "textarea")
            and attributes.get("type") != "hidden"
            and attributes.get("id") not in labelled
        ]


def test_a_program_is_told_to_come_again_when_the_database_is_away() -> None:
    document, headers = problems.described(OperationalError("the password is swordfish"), instance="/api/v1/clock/")

    assert document["status"] == 503
    assert headers == {"Retry-After": "2"}
    assert "Idempotency-Key" in document["detail"]
    assert "swordfish" not in str(document)
