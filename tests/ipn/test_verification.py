"""ipn-verify: which questions are VERIFIED, what the others are told, and that nothing whatever upsets it."""

import random
import re
import string
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import quote, quote_plus

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django import Settings

from ipn import delivery, verification
from ipn.comparison import compare, explain_change
from ipn.models import IpnMessage, Verification
from sandbox.models import Sandbox
from tests.ipn.conftest import NOW, PAIRS, Queue

VERIFIED, INVALID, TEST = "VERIFIED", "INVALID", "TEST"
URL = "http://shop.example/ipn"


def verify(question: str | bytes) -> Verification:
    raw = question.encode() if isinstance(question, str) else question
    answer = verification.verify(
        raw,
        method="POST",
        content_type="application/x-www-form-urlencoded",
        remote_address="192.0.2.7",
        now=timezone.now(),
    )
    stored = Verification.objects.get(id=answer.id)
    assert stored.verdict == answer.verdict
    assert stored.reason
    return stored


def back(message: IpnMessage) -> str:
    return "ok_verify=true&" + message.body(resend=False)


def form(pairs: list[tuple[str, str]], escape: Callable[[str], str] = quote_plus) -> str:
    return "&".join(f"{escape(name)}={escape(value)}" for name, value in [("ok_verify", "true"), *pairs])


@pytest.fixture
def message(queue: Queue) -> IpnMessage:
    return queue(URL)


def test_what_was_sent_is_verified(message: IpnMessage) -> None:
    answer = verify(back(message))

    assert (answer.verdict, answer.message, answer.differences) == (VERIFIED, message, {})
    assert answer.reason == "Every variable is as it was sent."
    assert answer.remote_address == "192.0.2.7"
    assert answer.body == back(message)


@pytest.mark.parametrize("escape", [quote_plus, quote, lambda text: "".join(f"%{byte:02x}" for byte in text.encode())])
def test_how_it_is_escaped_does_not_matter(message: IpnMessage, escape: Callable[[str], str]) -> None:
    assert verify(form(message.pairs, escape)).verdict == VERIFIED


@pytest.mark.parametrize("place", [0, 3, -1, 99])
def test_ok_verify_may_stand_anywhere(message: IpnMessage, place: int) -> None:
    pieces = message.body(resend=False).split("&")
    pieces.insert(place, "ok_verify=true")

    assert verify("&".join(pieces)).verdict == VERIFIED


@pytest.mark.parametrize(
    ("question", "differences", "reason"),
    [
        ("{body}", {"ok_verify": "absent"}, "ok_verify=true is absent."),
        ("ok_verify=yes&{body}", {"ok_verify": "yes"}, "ok_verify is 'yes'"),
        ("ok_verify=&{body}", {"ok_verify": ""}, "ok_verify is ''"),
        ("ok_verify=true", {"unknown_message": ""}, "There is no ok_ipn_id"),
        ("", {"unknown_message": "", "ok_verify": "absent"}, "ok_verify=true is absent."),
    ],
)
def test_questions_that_are_none(
    message: IpnMessage, question: str, differences: dict[str, object], reason: str
) -> None:
    answer = verify(question.format(body=message.body(resend=False)))

    assert (answer.verdict, answer.differences) == (INVALID, differences)
    assert reason in answer.reason


class TestDifferences:
    """Every INVALID names the message that it came nearest to, and what is wrong."""

    def test_a_changed_variable(self, message: IpnMessage) -> None:
        answer = verify(back(message).replace("ok_txn_gross=25.00", "ok_txn_gross=1.00"))

        assert (answer.verdict, answer.message) == (INVALID, message)
        assert answer.differences == {"changed": [["ok_txn_gross", "25.00", "1.00"]]}
        assert answer.reason == "Changed: ok_txn_gross was sent as '25.00', asked as '1.00'."

    def test_an_added_variable(self, message: IpnMessage) -> None:
        answer = verify(back(message) + "&submit=1")

        assert (answer.verdict, answer.differences) == (INVALID, {"added": ["submit"]})
        assert answer.reason == "Added: submit."

    def test_a_missing_variable(self, message: IpnMessage) -> None:
        answer = verify(back(message).replace("&ok_invoice=", ""))

        assert (answer.verdict, answer.differences) == (INVALID, {"missing": ["ok_invoice"]})
        assert answer.reason == "Missing: ok_invoice."

    def test_a_variable_that_came_twice(self, message: IpnMessage) -> None:
        answer = verify(back(message) + "&ok_txn_gross=25.00")

        assert (answer.verdict, answer.differences) == (INVALID, {"duplicated": ["ok_txn_gross"]})

    def test_another_order_is_verified_with_a_warning(self, message: IpnMessage) -> None:
        answer = verify(form(sorted(message.pairs)))

        assert (answer.verdict, answer.differences) == (VERIFIED, {"reordered": True})
        assert "another order" in answer.reason
        assert "warning" in answer.reason

    def test_another_order_is_invalid_when_the_setting_says_so(self, message: IpnMessage, settings: Settings) -> None:
        settings.IPN_VERIFY_STRICT_ORDER = True

        answer = verify(form(sorted(message.pairs)))

        assert (answer.verdict, answer.differences) == (INVALID, {"reordered": True})
        assert verify(back(message)).verdict == VERIFIED

    def test_an_unknown_identifier(self, message: IpnMessage) -> None:
        answer = verify(back(message).replace(f"ok_ipn_id={message.id}", "ok_ipn_id=9999999"))

        assert (answer.verdict, answer.message) == (INVALID, message)
        assert answer.differences == {
            "changed": [["ok_ipn_id", str(message.id), "9999999"]],
            "unknown_message": "9999999",
        }
        assert "No message has the ok_ipn_id '9999999'." in answer.reason

    def test_a_forgotten_identifier(self, message: IpnMessage) -> None:
        answer = verify(back(message).replace(f"&ok_ipn_id={message.id}", ""))

        assert (answer.verdict, answer.message) == (INVALID, message)
        assert answer.differences == {"missing": ["ok_ipn_id"]}

    def test_nothing_like_it(self, message: IpnMessage) -> None:
        answer = verify("ok_verify=true&ok_txn_id=1&ok_ipn_id=12")

        assert (answer.verdict, answer.message, answer.differences) == (INVALID, None, {"unknown_message": "12"})

    @pytest.mark.parametrize("ipn_id", ["0", "-1", "1e6", "９", "9" * 30, "%00", "%ff", "3000001 or 1=1"])
    def test_identifiers_that_are_none(self, message: IpnMessage, ipn_id: str) -> None:
        assert verify(f"ok_verify=true&ok_ipn_id={ipn_id}&ok_txn_id={ipn_id}").verdict == INVALID


class TestEncodingTrouble:
    """The usual ways to garble a value are recognised."""

    SENT = 'Bücher & Tee\'s, 100 % + "mehr"\nдом'

    @pytest.mark.parametrize(
        ("sent", "asked", "explanation"),
        [
            ("Bücher", "B%fccher", "encoded as windows-1252 instead of UTF-8"),
            ("дом", "%e4%ee%ec", "encoded as windows-1251 instead of UTF-8"),
            ("Bücher", "B%c3%83%c2%bccher", "UTF-8 taken for windows-1252 and encoded again"),
            ("“ü”", "%c3%a2%c2%80%c2%9c%c3%83%c2%bc%c3%a2%c2%80%c2%9d", "UTF-8 taken for iso-8859-1 and encoded again"),
            ("ü α", "%fc+%3f", "encoded as windows-1252 instead of UTF-8, letters that it lacks replaced by ?"),
            ("100.00", "100", "the number was written in another way"),
            ("100.00", "100,00", "the number was written in another way"),
            ("10:33", "10%253a33", "escaped twice"),
            ("Tee & Co", "Tee+%26amp%3b+Co", "HTML-escaped"),
            ("Tee's", "Tee%5c's", "backslashes added"),
            ("1+1", "1+1", "a + was not escaped, so that it reads as a space"),
            ("Bücher", "B%3fcher", "letters replaced by ?"),
            ("a\nb", "a%0d%0ab", "other line ends"),
            (" a ", "a", "spaces removed at its ends"),
            ("Bücher", "Bu%cc%88cher", "another Unicode form"),
            ("Abc", "abc", "upper or lower case changed"),
            ("abcdef", "abc", "cut off"),
            ("abc", "%ff%fe", "not UTF-8"),
        ],
    )
    def test_it_is_named(self, queue: Queue, sent: str, asked: str, explanation: str) -> None:
        message = queue(URL, pairs=[("ok_txn_id", "7"), ("ok_invoice", sent)])

        answer = verify(f"ok_verify=true&ok_txn_id=7&ok_invoice={asked}&ok_ipn_id={message.id}")

        assert answer.verdict == INVALID
        assert answer.differences["encoding"] == [["ok_invoice", explanation]]
        assert explanation in answer.reason

    def test_an_ampersand_that_was_not_escaped(self, queue: Queue) -> None:
        message = queue(URL, pairs=[("ok_invoice", "Tee & Co")])

        answer = verify(f"ok_verify=true&ok_invoice=Tee+&+Co&ok_ipn_id={message.id}")

        assert answer.differences["encoding"] == [["ok_invoice", "an & was not escaped, so that the value ends there"]]
        assert answer.differences["added"] == [" Co"]

    def test_bytes_that_are_no_utf_8_are_shown_as_bytes(self, queue: Queue) -> None:
        message = queue(URL, pairs=[("ok_invoice", "Bücher")])

        assert r"asked as 'B\xfccher'" in verify(f"ok_verify=true&ok_invoice=B%fccher&ok_ipn_id={message.id}").reason

    def test_something_else_is_not_explained(self) -> None:
        assert explain_change("25.00", "1.00") == ""


class TestResend:
    def test_the_mark_is_believed_of_a_message_that_was_sent_twice(self, message: IpnMessage) -> None:
        resent = "ok_verify=true&" + message.body(resend=True)
        assert verify(resent).differences == {"added": ["ok_ipn_resend"]}

        IpnMessage.objects.update(attempts_made=1)
        assert verify(resent).verdict == INVALID

        IpnMessage.objects.update(attempts_made=2)
        assert verify(resent).verdict == VERIFIED
        assert verify(back(message)).verdict == VERIFIED

    def test_a_listener_may_ask_before_it_answers(self, message: IpnMessage) -> None:
        # The second attempt is under way: it is claimed and not yet counted.
        IpnMessage.objects.update(attempts_made=1, claimed_until=timezone.now() + timedelta(seconds=9))

        assert verify("ok_verify=true&" + message.body(resend=True)).verdict == VERIFIED


class TestTestMessages:
    def test_their_verdict_is_test(self, queue: Queue) -> None:
        message = queue(URL, is_test=True, pairs=[*PAIRS, ("ok_ipn_test", "1")])

        assert verify(back(message)).verdict == TEST
        assert verify(back(message) + "&more=1").verdict == INVALID
        assert verify(message.body(resend=False)).verdict == INVALID


class TestReturns:
    def test_the_variables_of_a_return_verify_without_an_identifier(self, sandbox: Sandbox) -> None:
        sealed = verification.seal_return(
            sandbox=sandbox, wallet_id="OK702746927", transaction_id=1234567, pairs=PAIRS, now=NOW
        )

        answer = verify(form(PAIRS))

        assert (answer.verdict, answer.auto_return, answer.message) == (VERIFIED, sealed, None)

    def test_each_state_of_a_payment_has_its_own_return(self, sandbox: Sandbox) -> None:
        pending = [(name, "pending" if name == "ok_txn_status" else value) for name, value in PAIRS]
        for pairs in (pending, PAIRS):
            verification.seal_return(sandbox=sandbox, wallet_id="OK1", transaction_id=1234567, pairs=pairs, now=NOW)

        assert verify(form(pending)).verdict == VERIFIED
        assert verify(form(PAIRS)).verdict == VERIFIED
        changed = verify(form([*PAIRS[:-1], ("ok_item_1_name", "Gold")]))
        assert changed.verdict == INVALID
        assert [name for name, _, _ in changed.differences["changed"]] == ["ok_item_1_name"]

    def test_a_return_does_not_vouch_for_a_message(self, sandbox: Sandbox) -> None:
        verification.seal_return(sandbox=sandbox, wallet_id="OK1", transaction_id=1234567, pairs=PAIRS, now=NOW)

        assert verify(form([*PAIRS, ("ok_ipn_id", "3999999")])).verdict == INVALID


def test_it_is_asked_in_the_time_of_the_messages_sandbox(queue: Queue) -> None:
    ahead = Sandbox.objects.create(id="ahead", clock_offset=timedelta(days=100))
    answer = verify(back(queue(URL, sandbox=ahead)))

    assert answer.asked_at - timezone.now() > timedelta(days=99)


def test_little_is_kept_of_a_lot(message: IpnMessage) -> None:
    answer = verify(back(message) + "".join(f"&{number}{'x' * 1000}={'y' * 100}" for number in range(900)))

    assert answer.verdict == INVALID
    assert len(answer.body) <= verification.KEPT_OF_A_BODY
    assert len(answer.differences["added"]) == 100
    assert all(len(name) <= 500 for name in answer.differences["added"])
    assert len(answer.reason) <= 2000


def test_a_body_beyond_the_limit(message: IpnMessage) -> None:
    answer = verify(back(message) + "&x=" + "y" * 1024 * 1024)

    assert answer.verdict == INVALID
    assert answer.differences["unreadable"] == "the body is longer than 1048576 bytes"


# A thousand messages


ALPHABETS = [
    string.ascii_letters + string.digits,
    string.punctuation,
    "+%&=;#? /\\\"'<>",
    "äöüßéñçøåÄÖÜ",
    "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
    "漢字かなカナ한글",
    "אבגד\u200fעברית",
    "😀👩‍👩‍👧‍👦🏴‍☠️e\u0301",
    "\t\r\n\x0b\x1f\x7f\u00a0\u2028\ufeff\ufffd",
]
OFFICIAL_LENGTHS = [0, 1, 13, 40, 127]
LONGEST = 255


def generated_pairs(chance: random.Random) -> list[tuple[str, str]]:
    names = chance.sample([name for name, _ in PAIRS], k=chance.randint(3, len(PAIRS)))
    names += [f"ok_item_{number}_name" for number in range(2, chance.randint(2, 12))]
    return [("ok_txn_comment", _value(chance, LONGEST)), *((name, _value(chance)) for name in names)]


def _value(chance: random.Random, length: int | None = None) -> str:
    alphabet = "".join(chance.sample(ALPHABETS, k=chance.randint(1, 3)))
    return "".join(chance.choices(alphabet, k=chance.choice(OFFICIAL_LENGTHS) if length is None else length))


def upper_case(body: str) -> str:
    return re.sub("%[0-9a-f]{2}", lambda escape: escape[0].upper(), body)


def changed(body: str, chance: random.Random) -> str:
    """One variable changed, added or removed."""
    pieces = body.split("&")
    place = chance.randrange(1, len(pieces))
    name, _, value = pieces[place].partition("=")
    match chance.choice(["change", "add", "remove"]):
        case "change":
            pieces[place] = f"{name}={value}{chance.choice(['x', '+', '%00', '%c3%a9', '0'])}"
        case "add":
            pieces.insert(place, f"ok_item_{chance.randint(20, 99)}_name={value}")
        case "remove":
            del pieces[place]
    return "&".join(pieces)


@pytest.mark.slow
def test_a_thousand_generated_messages(queue: Queue) -> None:
    chance = random.Random(20100601)
    for number in range(1000):
        message = queue(URL, transaction_id=number, pairs=generated_pairs(chance))
        body = back(message)

        assert verify(body).verdict == VERIFIED, body
        assert verify(upper_case(body)).verdict == VERIFIED, body
        assert verify(form(message.pairs, quote)).verdict == VERIFIED, body
        wrong = verify(changed(body, chance))
        assert wrong.verdict == INVALID, body
        assert wrong.differences, body
        assert wrong.reason != "Every variable is as it was sent."


@given(st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=6), st.randoms())
def test_differences_are_found_exactly_when_there_are_some(pairs: list[tuple[str, str]], chance: random.Random) -> None:
    shuffled = chance.sample(pairs, k=len(pairs))

    assert not len(compare(pairs, list(pairs)))
    found = compare(pairs, shuffled)
    assert found.reordered == (shuffled != pairs) or len(found)
    assert len(compare(pairs, [*pairs, ("new", "")]))
    assert not pairs or len(compare(pairs, pairs[1:]))


# No 5xx for any request

FRAGMENTS = st.sampled_from(
    (
        *(b"ok_verify=true", b"ok_ipn_id=3000001", b"ok_txn_id=1", b"ok_ipn_resend=true", b"ok_ipn_id=" + b"9" * 40),
        *(b"&", b"=", b"%", b"%00", b"%ed%a0%80", b"%ff", b"%u0041", b"\x00", b"\xff", b"+", b";", b"\r\n"),
        *(b"--boundary", b"<xml/>", b"[]"),
    )
)
BODIES = st.lists(FRAGMENTS | st.binary(max_size=20), max_size=15).map(b"".join)
HEADERS = st.dictionaries(
    st.sampled_from(
        (
            *("REMOTE_ADDR", "HTTP_HOST", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_FOR", "HTTP_X_REQUEST_ID"),
            *("HTTP_ACCEPT_LANGUAGE", "HTTP_COOKIE", "HTTP_USER_AGENT", "HTTP_TRANSFER_ENCODING", "HTTP_EXPECT"),
        )
    ),
    st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=30),
    max_size=3,
)
CONTENT_TYPES = st.sampled_from(
    (
        *("application/x-www-form-urlencoded", "text/xml", "", "multipart/form-data; boundary=x", "\xff\x00"),
        *("multipart/form-data", "application/json", "text/plain; charset=utf-7", "text/html; charset=bogus"),
    )
)


@pytest.mark.slow
@pytest.mark.django_db
@hypothesis_settings(
    max_examples=2500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    method=st.sampled_from(["POST", "GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW"]),
    path=st.sampled_from(["/ipn-verify.html", "/ipn-verify"]),
    query=BODIES,
    body=BODIES,
    content_type=CONTENT_TYPES,
    headers=HEADERS,
    keep=st.booleans(),
    cut=st.integers(0, 400),
)
def test_no_request_upsets_it(
    client: Client,
    queue: Queue,
    method: str,
    path: str,
    query: bytes,
    body: bytes,
    content_type: str,
    headers: dict[str, str],
    keep: bool,
    cut: int,
) -> None:
    if keep:  # begin with a true message, cut off somewhere
        body = back(queue(URL)).encode()[:cut] + body
    response = client.generic(
        method, path, body, content_type=content_type, QUERY_STRING=query.decode("latin-1"), **headers
    )

    assert response.status_code == 200
    assert response.content in (b"INVALID", b"VERIFIED", b"")
    assert response.content or method == "HEAD"
    assert response["Content-Type"] == "text/plain"
    assert Verification.objects.latest("id").reason


@pytest.mark.parametrize(
    "body",
    [
        b"&".join(b"v%d=%d" % (number, number) for number in range(10_000)),
        b"&" * 1_000_000,
        b"=" * 1_000_000,
        b"%" * 1_000_000,
        b"a&" * 500_000,
        b"ok_ipn_id=1&" * 80_000,
        b"ok_verify=true&x=" + b"\x00" * 1_000_000,
        b"x=" + b"%ed%a0%80" * 100_000,
        b"a" * 20_000_000,
    ],
    ids=["10000 variables", "&", "=", "%", "names", "twice", "NUL", "surrogates", "20 MB"],
)
def test_huge_questions(client: Client, sandbox: Sandbox, body: bytes) -> None:
    response = client.generic("POST", "/ipn-verify.html", body, content_type="application/x-www-form-urlencoded")

    assert (response.status_code, response.content) == (200, b"INVALID")


def test_variables_by_get_or_in_both_places(client: Client, queue: Queue) -> None:
    message = queue(URL)

    assert client.get("/ipn-verify?" + back(message)).content == b"VERIFIED"
    body = message.body(resend=False)
    assert client.generic("POST", "/ipn-verify.html?ok_verify=true", body, content_type="").content == b"VERIFIED"
    assert client.generic("POST", "/ipn-verify.html", back(message), content_type="text/xml").content == b"VERIFIED"


def test_what_a_listener_posts_back_is_verified(queue: Queue, sandbox: Sandbox, client: Client) -> None:
    from tests.listener import listening

    with listening() as listener:
        queue(listener.url)
        delivery.deliver_due(sandbox, now=NOW)
        body = listener.requests[0].body

    response = client.generic("POST", "/ipn-verify.html", b"ok_verify=true&" + body)
    assert response.content == b"VERIFIED"
