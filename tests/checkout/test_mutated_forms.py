"""Whatever comes to process.html is answered: with a checkout, or with a page that says what is wrong."""

from collections.abc import Callable
from urllib.parse import quote_plus

import pytest
from django.http import HttpResponse
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checkout.models import CheckoutSession
from checkout.variable_reference import LATER_NAMES, VARIABLES
from tests.checkout.conftest import BASIC
from wallets.paysystems import PAYSYSTEMS

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.usefixtures("world")]

REQUESTS = 2_500

# Right and wrong values that are more interesting than random ones.
SPECIAL = [
    *("", " ", "0", "1", "-1", "00", "1e9", "1.005", "1,234.50", "1,23", "NaN"),
    *("999999999999.99", "9" * 15, "99999999"),
    *("OK702746927", "OK100000003", "buyer@example.com", "+49 30 1234567", "OK000000000", "@", "+", "00"),
    *("EUR", "eur", "XXX", "shipment", "donation", "subscription", "payment", *PAYSYSTEMS, "OKB", "CC SF", " , ;"),
    *("http://a", "https://[::1]/", "http://[", "http://a:99999/", "http://a:b/", "//a", "http://a\r\n b"),
    *("http://" + "ü" * 80 + ".example/", "http://xn--/", "http://.../", "http://a/?x#y", "http://a@b:1/"),
    *("de", "cn", "ar", "x" * 20, "en-US", "zh_Hans", "javascript:1"),
    *("\0", "a\0b", "\ufffd", "\u202e", "<b>&amp;", "%", "%zz", "{{ x }}"),
    *("x" * 128, "ж" * 127, "😀" * 40, "٣", "½"),
]  # fmt: skip

names = st.one_of(
    st.sampled_from([name.replace("#", "1") for name in VARIABLES]),
    st.sampled_from([name.replace("#", "1") for name in VARIABLES]),
    st.sampled_from([name for name in VARIABLES if "#" in name]).flatmap(
        lambda name: st.sampled_from(["0", "2", "3", "7", "99", "01", "999999", "9999999", "#", "-1", "٣", ""]).map(
            lambda number: name.replace("#", number)
        )
    ),
    st.sampled_from([*LATER_NAMES, "submit", "submit.x", "ok_item_1_custom_3_title", "ok_s_title"]),
    st.sampled_from(["OK_RECEIVER", "amp;ok_ipn", "ok_itme_1_name"]),
    st.text(max_size=20),
)
values = st.one_of(st.sampled_from(SPECIAL), st.text(max_size=140))
pairs = st.lists(st.tuples(names, values), max_size=6)
raw_bytes = st.lists(st.binary(max_size=12) | st.sampled_from([b"&", b"=", b"%", b"+", b";"]), max_size=12).map(
    b"".join
)

Send = Callable[[Client, list[tuple[str, str]], bytes], HttpResponse]


def urlencoded(mutated: list[tuple[str, str]], junk: bytes, *, encode: bool = True) -> bytes:
    as_is = str if not encode else quote_plus
    body = "&".join(f"{as_is(name)}={as_is(value)}" for name, value in mutated).encode("utf-8", "surrogatepass")
    return body + (b"&" + junk if junk else b"")


def by_get(client: Client, mutated: list[tuple[str, str]], junk: bytes) -> HttpResponse:
    return client.generic("GET", "/process.html", QUERY_STRING=urlencoded(mutated, junk).decode("latin-1"))


def by_bare_get(client: Client, mutated: list[tuple[str, str]], junk: bytes) -> HttpResponse:
    query = urlencoded(mutated, junk, encode=False).decode("latin-1")
    return client.generic("GET", "/process.html", QUERY_STRING=query)


def by_post(client: Client, mutated: list[tuple[str, str]], junk: bytes) -> HttpResponse:
    return client.generic("POST", "/process.html", urlencoded(mutated, junk), "application/x-www-form-urlencoded")


def by_odd_post(client: Client, mutated: list[tuple[str, str]], junk: bytes) -> HttpResponse:
    kinds = (
        "",
        "text/xml",
        "application/json",
        "application/x-www-form-urlencoded; charset=utf-7",
        "multipart",
        "\xff",
    )
    return client.generic("POST", "/process.html", urlencoded(mutated, junk), kinds[len(junk) % len(kinds)])


def by_multipart(client: Client, mutated: list[tuple[str, str]], junk: bytes) -> HttpResponse:
    boundaries = ("b", "b", "b", "", "b" * 300, "é")
    charsets = ("", "", "; charset=utf-8", "; charset=base64", "; charset=utf-16", "; charset=nonsense")
    parts = [
        b'--b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n'
        % (
            name.encode("utf-8", "replace").replace(b'"', b"%22").replace(b"\n", b"").replace(b"\r", b""),
            value.encode(),
        )
        for name, value in mutated
    ]
    if junk:
        parts.append(
            b'--b\r\nContent-Disposition: form-data; name="ok_invoice"; filename="\0x"\r\n\r\n' + junk + b"\r\n"
        )
    body = b"".join(parts) + (b"--b--\r\n" if len(junk) % 3 else junk)
    kind = f"multipart/form-data; boundary={boundaries[len(junk) % 6]}{charsets[len(mutated) % 6]}"
    return client.generic("POST", "/process.html", body, kind)


@settings(
    max_examples=REQUESTS, deadline=None, database=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(
    left_out=st.sets(st.sampled_from([*BASIC]), max_size=1),
    changes=pairs,
    junk=st.just(b"") | raw_bytes,
    send=st.sampled_from([by_get, by_bare_get, by_post, by_odd_post, by_multipart]),
)
def test_every_mutated_form_is_answered(
    client: Client, left_out: set[str], changes: list[tuple[str, str]], junk: bytes, send: Send
) -> None:
    form = {name: value for name, value in BASIC.items() if name not in left_out}
    # Half of the changes take the place of a value, the other half come on top of it.
    form |= dict(changes[::2])
    before = CheckoutSession.objects.count()
    client.cookies.clear()

    response = send(client, [*form.items(), *changes[1::2]], junk)

    assert response.status_code in (302, 400)
    assert CheckoutSession.objects.count() - before == (response.status_code == 302)
    if response.status_code == 302:
        page = client.get(response["Location"], follow=True)
        assert page.status_code == 200
