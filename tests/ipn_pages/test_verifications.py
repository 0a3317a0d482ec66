"""The log of ipn-verify, and "why INVALID?": each thing that listeners do wrong is named, with its cure."""

import random
from urllib.parse import parse_qsl, quote_plus, urlencode

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from ipn import diagnosis, history, verification
from ipn.diagnosis import Line, diagnose
from ipn.models import IpnMessage, Verification
from tests.ipn_pages.conftest import PAIRS, Queue, asked, attempted
from wallets.models import Wallet


@pytest.fixture
def message(queue: Queue) -> IpnMessage:
    return attempted(queue(), 200)


def keys(verification: Verification) -> list[str]:
    return [finding.key for finding in diagnose(verification).findings]


def states(verification: Verification) -> dict[str, str]:
    return {line.name: line.state for line in diagnose(verification).lines if line.state != Line.SAME}


def page_of(client: Client, verification: Verification) -> str:
    response = client.get(f"/account/ipn/verifications/{verification.id}/")
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def with_value(message: IpnMessage, name: str, raw: str) -> str:
    """The message's body with one value as a listener wrote it."""
    return "&".join(f"{name}={raw}" if part.startswith(f"{name}=") else part for part in _parts(message))


def _parts(message: IpnMessage) -> list[str]:
    return message.body(resend=False).split("&")


# The log


def test_nothing_yet(at_merchants: Client) -> None:
    assert "No such call yet." in at_merchants.get("/account/ipn/verifications/").content.decode()


def test_every_call_with_its_verdict_and_its_message(at_merchants: Client, message: IpnMessage, queue: Queue) -> None:
    verified = asked(message.body(resend=False))
    invalid = asked(message.body(resend=False) + "&more=1")
    test = asked(queue(is_test=True).body(resend=False))

    response = at_merchants.get("/account/ipn/verifications/")

    assert [row.id for row in response.context["page"].verifications] == [test.id, invalid.id, verified.id]
    page = " ".join(response.content.decode().split())
    assert "Added: more." in page
    assert f'<a href="/account/ipn/{message.id}/">{message.id}</a>' in page
    only = at_merchants.get("/account/ipn/verifications/", {"verdict": "INVALID"})
    assert [row.id for row in only.context["page"].verifications] == [invalid.id]


def test_pages(at_merchants: Client, message: IpnMessage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "PAGE_SIZE", 2)
    ids = [asked(message.body(resend=False)).id for _number in range(5)][::-1]

    seen = []
    older: int | None = None
    while True:
        page = at_merchants.get("/account/ipn/verifications/", {"older": older} if older else {}).context["page"]
        seen += [row.id for row in page.verifications]
        if not (older := page.older):
            break

    assert seen == ids


def test_a_call_about_an_unknown_message_belongs_to_the_wallet_that_it_names(
    at_merchants: Client, at_strangers: Client, merchant: Wallet
) -> None:
    forged = asked("ok_receiver_wallet=OK702746927&ok_txn_id=1&ok_ipn_id=12")
    nobodys = asked("ok_txn_id=1&ok_ipn_id=12")

    assert keys(forged) == ["unknown"]
    page = page_of(at_merchants, forged)
    assert "No message with this ok_ipn_id is known" in page
    assert "somebody forged it: do not deliver" in page
    assert at_merchants.get(f"/account/ipn/verifications/{nobodys.id}/").status_code == 404
    assert at_strangers.get(f"/account/ipn/verifications/{forged.id}/").status_code == 404


# Why INVALID?


def test_what_is_right_is_said_to_be(at_merchants: Client, message: IpnMessage) -> None:
    page = page_of(at_merchants, asked(message.body(resend=False)))

    assert "What came back is what was sent." in page
    assert "Why INVALID?" not in page
    assert "banner error" not in page


def test_missing(at_merchants: Client, message: IpnMessage) -> None:
    verification = asked("&".join(part for part in _parts(message) if not part.startswith("ok_txn_gross")))

    assert keys(verification) == ["missing"]
    assert states(verification) == {"ok_txn_gross": "missing"}
    page = page_of(at_merchants, verification)
    assert "Why INVALID?" in page
    assert "Variables are missing" in page
    assert "Post back all that you received" in page
    assert '<tr class="line-missing"> <th scope="row"><code>ok_txn_gross</code></th>' in page
    assert f'<a href="/account/ipn/{message.id}/">{message.id}</a>' in page


def test_missing_because_empty(message: IpnMessage) -> None:
    verification = asked("&".join(part for part in _parts(message) if not part.endswith("=")))

    (finding,) = diagnose(verification).findings
    assert finding.names == ("ok_invoice",)
    assert "All of them are empty." in str(finding.cure)


def test_missing_because_cut_off(message: IpnMessage) -> None:
    verification = asked("&".join(_parts(message)[:-3]))

    assert keys(verification) == ["missing"]
    assert "The end is missing." in str(diagnose(verification).findings[0].cure)


def test_added(message: IpnMessage) -> None:
    verification = asked("route=shop/ipn&" + message.body(resend=False) + "&PHPSESSID=1")

    assert keys(verification) == ["added"]
    assert states(verification) == {"route": "added", "PHPSESSID": "added"}
    lines = diagnose(verification).lines
    assert (lines[0].name, lines[-1].name) == ("route", "PHPSESSID")  # where they came


def test_repeated(message: IpnMessage) -> None:
    verification = asked(message.body(resend=False) + "&ok_txn_gross=25.00")

    assert keys(verification) == ["repeated"]


def test_changed(at_merchants: Client, message: IpnMessage) -> None:
    verification = asked(with_value(message, "ok_txn_gross", "1.00"))

    assert keys(verification) == ["changed"]
    page = page_of(at_merchants, verification)
    assert '<td data-label="Sent by OKPAY"><span class="value">25.00</span></td>' in page
    assert '<td data-label="Posted back"><span class="value">1.00</span></td>' in page
    assert "<strong>Changed</strong>: Another value" in page


@pytest.mark.parametrize(
    ("name", "raw", "key"),
    [
        ("ok_payer_first_name", "Zo%eb", "charset"),
        ("ok_payer_first_name", "Zo%c3%83%c2%ab", "read-in-charset"),
        ("ok_payer_first_name", "Zo%3f", "letters-lost"),
        ("ok_payer_first_name", "Zoe%cc%88", "unicode-form"),
        ("ok_payer_first_name", "ZO%c3%8b", "case"),
        ("ok_payer_first_name", "Zo", "cut-off"),
        ("ok_payer_first_name", "", "emptied"),
        ("ok_txn_datetime", "2026-01-05%2b12%253a00%253a00", "double-encoded"),
        ("ok_txn_comment", "+1+1+=+2+%26+'more'+", "not-encoded"),
        ("ok_txn_comment", "+1%2b1+=+2+%26amp;+%26%23x27;more%26%23x27;+", "html"),
        ("ok_txn_comment", "+1%2b1+=+2+%26+%5c'more%5c'+", "backslashes"),
        ("ok_txn_comment", "1%2b1+=+2+%26+'more'", "trimmed"),
        ("ok_txn_gross", "25", "number"),
        ("ok_txn_gross", "25%2c00", "number"),
        ("ok_txn_gross", "%ff", "not-utf-8"),
        ("ok_txn_gross", "NaN", "changed"),
    ],
)
def test_how_a_value_was_spoilt(at_merchants: Client, message: IpnMessage, name: str, raw: str, key: str) -> None:
    verification = asked(with_value(message, name, raw))

    assert verification.verdict == "INVALID"
    assert keys(verification) == [key]
    (finding,) = diagnose(verification).findings
    assert finding.names == (name,)
    assert str(finding.title) in page_of(at_merchants, verification)


def test_what_is_no_utf_8_can_be_shown(at_merchants: Client, message: IpnMessage) -> None:
    page = page_of(at_merchants, asked(with_value(message, "ok_payer_first_name", "Zo%eb")))

    assert '<span class="value">Zo\\xeb</span>' in page


def test_one_cure_for_all_that_were_spoilt_alike(message: IpnMessage) -> None:
    twice = urlencode([(name, quote_plus(value)) for name, value in message.pairs])

    verification = asked(twice)

    (finding,) = diagnose(verification).findings
    assert finding.key == "double-encoded"
    assert set(finding.names) == {"ok_txn_datetime", "ok_payer_first_name", "ok_txn_comment"}


def test_reordered_is_a_warning(at_merchants: Client, message: IpnMessage) -> None:
    parts = _parts(message)
    verification = asked("&".join([parts[-1], *parts[:-1]]))

    assert verification.verdict == "VERIFIED"
    assert keys(verification) == ["order"]
    assert states(verification) == {"ok_ipn_id": "moved"}  # one moved, not all the others
    page = page_of(at_merchants, verification)
    assert 'class="banner warning"' in page
    assert "<strong>Re-ordered</strong>" in page


def test_reordered_is_the_reason_where_a_setting_says_so(message: IpnMessage, settings: Settings) -> None:
    settings.IPN_VERIFY_STRICT_ORDER = True

    verification = asked("&".join(sorted(_parts(message))))

    assert verification.verdict == "INVALID"
    assert [(finding.key, finding.is_warning) for finding in diagnose(verification).findings] == [("order", False)]


@pytest.mark.parametrize(
    ("body", "title"),
    [("{body}", "ok_verify=true is absent"), ("ok_verify=yes&{body}", "ok_verify is not true")],
)
def test_without_ok_verify(message: IpnMessage, body: str, title: str) -> None:
    stored = verification.verify(
        body.format(body=message.body(resend=False)).encode(),
        method="POST",
        content_type="",
        remote_address="",
        now=timezone.now(),
    )

    (finding,) = diagnose(stored).findings
    assert (finding.key, finding.title) == ("ok-verify", title)


def test_an_unknown_id_with_a_known_transaction_is_laid_beside_its_message(message: IpnMessage) -> None:
    stored = asked(with_value(message, "ok_ipn_id", "12"))

    assert stored.message == message
    assert keys(stored) == ["unknown", "changed"]
    assert states(stored) == {"ok_ipn_id": "changed"}


@pytest.mark.parametrize(
    ("raw", "content_type", "expected"),
    [
        (b"", "", ["empty"]),
        (b'{"ok_verify": "true"}', "application/json", ["not-a-form", "ok-verify", "unknown"]),
        (b"--x\r\nContent-Disposition: form-data", "multipart/form-data", ["not-a-form", "ok-verify", "unknown"]),
        (b"ok_verify=true&a=" + b"x" * 70_000, "", ["too-long", "unknown"]),
        (b"ok_verify=true&a=" + b"x" * 1_100_000, "", ["unreadable", "too-long", "unknown"]),
    ],
)
def test_what_is_no_form(db: None, raw: bytes, content_type: str, expected: list[str]) -> None:
    stored = verification.verify(raw, method="POST", content_type=content_type, remote_address="", now=timezone.now())

    assert keys(stored) == expected


def test_a_resent_message_is_laid_beside_what_was_sent_last(queue: Queue) -> None:
    message = attempted(queue(), 500, 200)

    assert keys(asked(message.body(resend=True))) == []
    assert keys(asked(message.body(resend=False))) == []
    assert keys(asked(message.body(resend=True) + "&x=")) == ["added"]


def test_an_auto_return_is_laid_beside_what_the_browser_carried(at_merchants: Client, merchant: Wallet) -> None:
    verification.seal_return(
        sandbox=merchant.account.sandbox,
        wallet_id=merchant.id,
        transaction_id=1234567,
        pairs=PAIRS,
        now=timezone.now(),
    )

    right = asked(urlencode(PAIRS))
    wrong = asked(urlencode([*PAIRS, ("more", "1")]))

    page = page_of(at_merchants, right)
    assert "auto return of" in page
    assert "1234567" in page
    assert keys(wrong) == ["added"]


def test_side_by_side_loses_nothing(message: IpnMessage) -> None:
    for seed in range(50):
        chance = random.Random(seed)
        came = parse_qsl(message.body(resend=False), keep_blank_values=True)
        chance.shuffle(came)
        came = [*came[chance.randrange(3) :], ("x", "1"), came[0]]

        lines = diagnosis.compare(message.pairs, came)

        assert [(line.name, line.sent) for line in lines if line.sent is not None] == message.pairs
        assert sorted((line.name, line.came) for line in lines if line.came is not None) == sorted(came)
