"""Good listeners pass, and each bad one is told what is wrong with it."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlencode
from urllib.request import urlopen

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from ipn import history, verification
from ipn.history import Search
from ipn.listener_check import checks, facts
from ipn.listener_check.facts import Interrupted
from ipn.listener_check.stories import STORIES
from ipn.models import DeliveryAttempt, IpnMessage, ListenerCheck, Verification
from sandbox import clock
from tests.listener import Answer, Listener, free_port
from tests.listener_check.conftest import Check, cures, of, outcomes, titles
from tests.listener_check.shops import as_json, shop
from tests.programs import ROOT
from wallets.models import Transaction, Wallet

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

ALL = [story.key for story in STORIES]


# Good ones


@pytest.fixture
def example(gateway: str, tmp_path: Path) -> Iterator[str]:
    """The address of examples/listener.py, as the README starts it."""
    port = free_port()
    listener = subprocess.Popen([sys.executable, ROOT / "examples" / "listener.py", str(port), gateway], cwd=tmp_path)
    url = f"http://127.0.0.1:{port}/"
    deadline = time.monotonic() + 15
    while True:
        try:
            urlopen(url, timeout=5).close()
            break
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    yield url
    listener.kill()
    listener.wait()


def test_the_example_passes_all_and_delivers_what_is_right(example: str, check: Check) -> None:
    report = check(example, orders_url=f"{example}?invoice={{invoice}}")

    assert outcomes(report) == dict.fromkeys(ALL, "pass"), report.faults
    assert report.passed
    assert {judgement.story.key: judgement.facts["shipped"] for judgement in report.judgements} == {
        story.key: story.ships for story in STORIES
    }


def test_it_may_answer_first_and_ask_afterwards(gateway: str, check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "PATIENCE", 4)
    with shop(gateway, answers_first=True) as quick:
        report = check(quick.url, orders_url=quick.orders_url)

    assert outcomes(report) == dict.fromkeys(ALL, "pass"), report.faults


def test_what_is_seen_of_a_good_one(gateway: str, check: Check) -> None:
    with shop(gateway) as good:
        report = check(good.url, number=7)

    verdicts = {
        judgement.story.key: [question["verdict"] for question in judgement.questions]
        for judgement in report.judgements
    }
    assert verdicts == {
        "original": ["VERIFIED"],
        "forged": ["INVALID"],
        "altered-amount": ["INVALID"],
        "underpaid": ["VERIFIED"],
        "wrong-currency": ["VERIFIED"],
        "wrong-receiver": ["VERIFIED"],
        "duplicate": ["VERIFIED"] * 2,
        "five-at-once": ["VERIFIED"] * 5,
        "resent": ["VERIFIED"],
        "late": ["VERIFIED"],
        "pending-then-completed": ["VERIFIED"] * 2,
        "completed-then-reversed": ["VERIFIED"] * 2,
        "chargeback": ["VERIFIED"] * 2,
        "test": ["TEST"],
        "slow-verdict": ["VERIFIED"],
    }
    assert of(report, "duplicate").facts["invoice"] == "CHECK-DUPLICATE-7"
    # Its first verdict was kept back, so the answer came no sooner.
    assert of(report, "slow-verdict").posts[0]["seconds"] > 0.1
    assert 0 <= of(report, "slow-verdict").questions[0]["after"] < of(report, "slow-verdict").posts[0]["seconds"] - 0.1


def test_no_money_moves_and_the_messages_stand_in_the_history(gateway: str, check: Check, merchant: Wallet) -> None:
    with shop(gateway) as good:
        report = check(good.url)

    assert not Transaction.objects.exclude(kind="deposit").exists()
    messages = IpnMessage.objects.filter(wallet_id=merchant.id)
    # All but the forged one; with the second ones of three stories.
    assert messages.count() == len(STORIES) - 1 + 3
    assert not messages.filter(next_attempt_at__isnull=False).exists()
    assert not messages.filter(claimed_until__isnull=False).exists()
    # The altered one was never acknowledged: what was, was something else.
    assert list(messages.exclude(status="sent").values_list("id", "attempts_made")) == [
        (of(report, "altered-amount").facts["messages"][0]["id"], 0)
    ]
    assert history.count(Search([merchant.id], never_verified=True)) == 0
    assert DeliveryAttempt.objects.filter(message__in=messages, error="").count() == 13 + 4 + 4


# Bad ones


def test_one_that_never_verifies(gateway: str, check: Check) -> None:
    with shop(gateway, asks=lambda body: None, ships=lambda verdict, message: True) as trusting:
        report = check(trusting.url)

    assert outcomes(report) == dict.fromkeys(ALL, "fail") | {"test": "warn"}
    assert titles(report, "forged") == ["It never asked ipn-verify"]
    assert "preceded by ok_verify=true" in cures(report, "forged")
    assert "it asks somebody else" in cures(report, "forged")
    assert not report.passed


def test_one_that_asks_another_gateway(gateway: str, check: Check) -> None:
    with shop(f"http://127.0.0.1:{free_port()}") as astray:
        report = check(astray.url)

    assert "it asks somebody else: let it ask this gateway's /ipn-verify.html" in cures(report, "original")


def test_one_that_answers_500(gateway: str, check: Check) -> None:
    with shop(gateway, status=lambda verdict, message: 500) as failing:
        report = check(failing.url)

    assert set(outcomes(report).values()) == {"fail"}
    assert titles(report, "original") == ["Not acknowledged: 500"]
    assert titles(report, "five-at-once") == ["5 of 5 not acknowledged: 500"]
    assert "Its own log says why" in cures(report, "original")


def test_one_that_refuses_what_is_invalid(gateway: str, check: Check) -> None:
    with shop(gateway, status=lambda verdict, message: 200 if verdict == "VERIFIED" else 403) as strict:
        report = check(strict.url)

    failed = [story for story, outcome in outcomes(report).items() if outcome == "fail"]
    assert failed == ["forged", "altered-amount", "test"]
    assert titles(report, "forged") == ["Not acknowledged: 403"]


def reordered(body: bytes) -> bytes:
    return b"ok_verify=true&" + urlencode(sorted(parse_qsl(body.decode(), keep_blank_values=True))).encode()


def test_one_that_verifies_in_another_order(gateway: str, check: Check) -> None:
    with shop(gateway, asks=reordered) as sorting:
        report = check(sorting.url)

    assert set(outcomes(report).values()) == {"warn"}
    assert report.passed
    (fault,) = report.faults
    assert fault.note.title == "The variables came in another order"
    assert "not a sorted or an unordered map" in str(fault.note.cure)
    assert [story.key for story in fault.stories] == ALL


def test_another_order_where_a_setting_forbids_it(gateway: str, check: Check, settings: Settings) -> None:
    settings.IPN_VERIFY_STRICT_ORDER = True
    with shop(gateway, asks=reordered) as sorting:
        report = check(sorting.url)

    assert not report.passed
    assert titles(report, "original") == [
        "ipn-verify said INVALID, where VERIFIED was right",
        "The variables came in another order",
    ]
    assert outcomes(report)["original"] == "fail"
    assert outcomes(report)["forged"] == "warn"  # INVALID was right, if for another reason


def test_one_that_asks_and_delivers_whatever_the_verdict_is(gateway: str, check: Check) -> None:
    with shop(gateway, ships=lambda verdict, message: True) as careless:
        unseen = check(careless.url)
        seen = check(careless.url, orders_url=careless.orders_url)

    # From outside it looks well, and no more is claimed.
    assert unseen.passed
    assert all(judgement.facts["shipped"] is None for judgement in unseen.judgements)
    assert [story for story, outcome in outcomes(seen).items() if outcome == "fail"] == [
        *("forged", "altered-amount", "underpaid", "wrong-currency", "wrong-receiver", "duplicate", "five-at-once"),
        *("pending-then-completed", "completed-then-reversed", "chargeback", "test"),
    ]
    assert titles(seen, "forged") == ["Delivered 1 time; 0 would be right"]
    assert titles(seen, "five-at-once") == ["Delivered 5 times; 1 would be right"]
    assert "Compare ok_txn_gross with what the order costs." in cures(seen, "underpaid")


def test_one_that_takes_the_second_message_for_a_duplicate(gateway: str, check: Check) -> None:
    seen: set[str] = set()

    def asks_once(body: bytes) -> bytes | None:
        transaction = dict(parse_qsl(body.decode()))["ok_txn_id"]
        known = transaction in seen
        seen.add(transaction)
        return None if known else b"ok_verify=true&" + body

    with shop(gateway, asks=asks_once) as forgetful:
        report = check(forgetful.url, orders_url=forgetful.orders_url)

    assert [story for story, outcome in outcomes(report).items() if outcome == "fail"] == ["pending-then-completed"]
    assert titles(report, "pending-then-completed") == [
        "ipn-verify was not asked about the second message",
        "Delivered 0 times; 1 would be right",
    ]
    assert "ok_txn_id together with ok_txn_status" in cures(report, "pending-then-completed")


def test_one_that_hangs(listener: Listener, check: Check) -> None:
    listener.will(Answer(hang=True))
    started = time.monotonic()

    report = check(listener.url, timeout=0.4)

    assert time.monotonic() - started < 3
    assert outcomes(report) == {"original": "fail"} | dict.fromkeys(ALL[1:], "skipped")
    assert titles(report, "original") == ["Not acknowledged: Timed out (no answer within 0.4 seconds)"]
    assert "Answer 200 at once and do the work afterwards." in cures(report, "original")
    assert not report.passed


def test_one_that_redirects(listener: Listener, check: Check) -> None:
    listener.will(Answer(301, headers=(("Location", "https://shop.example/ipn/"),)))

    report = check(listener.url)

    assert titles(report, "original")[0].startswith(
        "Not acknowledged: Redirect, not followed (to https://shop.example/"
    )
    assert "Use the final URL" in cures(report, "original")
    assert set(outcomes(report).values()) == {"fail"}


def test_one_that_is_not_there(check: Check) -> None:
    report = check(f"http://127.0.0.1:{free_port()}/")

    assert outcomes(report) == {"original": "fail"} | dict.fromkeys(ALL[1:], "skipped")
    assert "Connection refused" in titles(report, "original")[0]
    assert "Nothing listens at this port." in cures(report, "original")


def test_one_that_hangs_at_what_it_does_not_know(listener: Listener, check: Check, gateway: str) -> None:
    """Twice in a row is enough to know."""
    listener.will(Answer(), Answer(hang=True))

    report = check(listener.url, timeout=0.3)

    assert [outcome == "skipped" for outcome in outcomes(report).values()] == [False] * 3 + [True] * 12


def test_one_that_is_slow(gateway: str, check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "BUDGET", 0.5)
    with shop(gateway, delay=0.6) as slow:
        report = check(slow.url, timeout=1)

    assert outcomes(report)["original"] == "warn"
    assert "seconds that there are" in titles(report, "original")[0]
    assert "on a busy day this answer comes too late" in cures(report, "original")


def test_all_together_takes_no_longer_than_there_is(
    gateway: str, check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "BUDGET", 0.5)
    with shop(gateway, delay=0.3) as slow:
        report = check(slow.url)

    assert report.counts["skipped"] == len(STORIES) - 2
    assert of(report, "late").why_skipped == "Not told: the stories before took all the time that a check has."


def test_one_that_serves_one_at_a_time_and_refuses_the_others(gateway: str, check: Check) -> None:
    busy = threading.Lock()

    def status(verdict: str, message: dict[str, str]) -> int:
        if not busy.acquire(blocking=False):
            return 503
        time.sleep(0.6 if "FIVE" in message["ok_invoice"] else 0)
        busy.release()
        return 200

    with shop(gateway, status=status) as single:
        report = check(single.url)

    assert [story for story, outcome in outcomes(report).items() if outcome == "fail"] == ["five-at-once"]
    assert titles(report, "five-at-once") == ["4 of 5 not acknowledged: 503"]
    assert "let your server take several messages at once" in cures(report, "five-at-once")


@pytest.mark.parametrize(
    ("asks", "words"),
    [
        (lambda body: body, "ok_verify=true is absent"),
        (lambda body: b"ok_verify=true&" + body.rpartition(b"&")[0], "Variables are missing"),
        (lambda body: b"ok_verify=true&" + body.replace(b"&ok_item_1_article=&", b"&"), "Variables are missing"),
        (lambda body: b"ok_verify=true&" + body + b"&session=1", "Variables were added"),
        (lambda body: b"ok_verify=true&" + body.replace(b"100.00", b"100"), "The number was written in another way"),
        (lambda body: b"ok_verify=true&" + body.replace(b"Zo%c3%ab", b"Zo%eb"), "In the wrong charset"),
    ],
)
def test_one_that_does_not_ask_letter_for_letter(gateway: str, check: Check, asks: object, words: str) -> None:
    with shop(gateway, asks=asks) as mangling:
        report = check(mangling.url)

    assert titles(report, "original") == ["ipn-verify said INVALID, where VERIFIED was right", words]
    # Also where INVALID was right all the same.
    assert titles(report, "forged") == [words]
    assert not report.passed


def test_one_that_asks_in_json(gateway: str, check: Check) -> None:
    with shop(gateway, asks=as_json, content_type="application/json") as modern:
        report = check(modern.url)

    assert titles(report, "original")[0] == "ipn-verify was asked, but not about this message"
    assert "The body is not form-encoded" in titles(report, "original")


def test_a_hosted_gateway_takes_nobody_elses_question_for_the_listeners(
    gateway: str, check: Check, settings: Settings
) -> None:
    settings.SANDBOX = False
    with shop(gateway, asks=as_json, content_type="application/json") as modern:
        report = check(modern.url)

    assert titles(report, "original") == ["It never asked ipn-verify"]


@pytest.mark.parametrize("says", [lambda number: "many", lambda number: '{"shipped": "1"}', lambda number: "-1"])
def test_a_shop_that_cannot_say_what_it_delivered(gateway: str, check: Check, says: object) -> None:
    with shop(gateway, orders=says) as mute:
        report = check(mute.url, orders_url=mute.orders_url)

    assert titles(report, "original")[0].startswith("The shop did not say how often it delivered: neither a number nor")
    assert not report.passed


def test_a_shop_that_takes_all_day_to_say_it(gateway: str, check: Check) -> None:
    def slowly(number: int) -> str:
        time.sleep(0.15)
        return str(number)

    with shop(gateway, orders=slowly) as slow:
        report = check(slow.url, orders_url=slow.orders_url, timeout=0.5)

    assert of(report, "original").facts["orders_trouble"] == ""
    assert "all orders took longer than 1 seconds" in titles(report, "slow-verdict")[0]


def test_a_shop_may_say_it_as_json_and_about_other_invoices(gateway: str, check: Check) -> None:
    with shop(gateway, orders=lambda number: f'{{"invoice": "?", "shipped": {number}}}') as good:
        report = check(good.url, orders_url=good.orders_url, invoices={"late": "2026/11 & Söhne"})

    assert report.passed
    assert good.shipped["2026/11 & Söhne"] == 1


def test_an_order_that_an_earlier_check_was_about(gateway: str, check: Check) -> None:
    delivered: set[str] = set()

    def ships(verdict: str, message: dict[str, str]) -> bool:
        """Each order once, whatever is paid for it again."""
        right = good.is_right(verdict, message) and message["ok_invoice"] not in delivered
        delivered.update({message["ok_invoice"]} if right else ())
        return right

    with shop(gateway, ships=ships) as good:
        assert check(good.url, orders_url=good.orders_url).passed
        again = check(good.url, orders_url=good.orders_url)
        assert check(good.url, orders_url=good.orders_url, number=2).passed

    assert titles(again, "original") == ["Delivered 0 times; 1 would be right"]
    assert "give another number" in cures(again, "original")


# Around it


def test_a_clock_that_stands_still_cannot_tell_how_long_it_took(gateway: str, check: Check, merchant: Wallet) -> None:
    clock.freeze(merchant.account.sandbox)
    with shop(gateway) as good:
        report = check(good.url)

    assert report.passed
    assert of(report, "original").questions[0]["after"] is None


def test_a_reset_ends_it(gateway: str, check: Check) -> None:
    def asks(body: bytes) -> bytes:
        ListenerCheck.objects.all().delete()
        connection.close()
        return b"ok_verify=true&" + body

    with shop(gateway, asks=asks) as good, pytest.raises(Interrupted):
        check(good.url)


def test_the_verdict_is_kept_back_once(gateway: str, check: Check) -> None:
    with shop(gateway) as good:
        report = check(good.url)
        slow = IpnMessage.objects.get(id=of(report, "slow-verdict").facts["messages"][0]["id"])
        assert good.verdict(slow.body(resend=False).encode()) == "VERIFIED"

    first, second = Verification.objects.filter(message=slow).order_by("id")
    assert (verification.delay(first), verification.delay(second)) == (0.1, 0)
    other = of(report, "original").questions[0]["id"]
    assert verification.delay(Verification.objects.get(id=other)) == 0


def test_only_the_latest_are_kept(merchant: Wallet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "MOST_KEPT", 2)
    made = [
        checks.prepare(sandbox=merchant.account.sandbox, wallet_id=merchant.id, url="http://x/", now=timezone.now())
        for _number in range(4)
    ]

    assert set(ListenerCheck.objects.values_list("id", flat=True)) == {check.id for check in made[2:]}
