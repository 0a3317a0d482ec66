"""IPN History: what a merchant finds again, page by page, and what is sent again."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from ipn import history, verification
from ipn.encoding import encode
from ipn.history import Search
from ipn.models import IpnMessage
from tests.ipn_pages.conftest import PAIRS, Queue, asked, attempted
from tests.listener import Listener
from wallets.models import Wallet

DAY = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def found(client: Client, **search: object) -> list[int]:
    response = client.get("/account/ipn/", search)
    assert response.status_code == 200
    return [message.id for message in response.context["page"].messages]


def page_of(client: Client, message: IpnMessage) -> str:
    response = client.get(f"/account/ipn/{message.id}/")
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


# Search


def test_nothing_yet(at_merchants: Client) -> None:
    page = at_merchants.get("/account/ipn/").content.decode()

    assert "Nothing yet." in page
    assert "Resend" not in page


def test_each_column_of_the_official_page(at_merchants: Client, queue: Queue) -> None:
    message = attempted(queue(now=DAY), 500, 200)

    page = " ".join(at_merchants.get("/account/ipn/").content.decode().split())

    assert "2026-01-05 12:00:00<abbr" in page  # the asterisk of what was resent
    assert f'<a href="/account/ipn/{message.id}/">{message.id}</a>' in page
    assert '<span class="pill sent">Sent</span>' in page
    assert '<td data-label="HTTP response code">200</td>' in page
    assert "1234567" in page


def test_the_original_has_no_asterisk(at_merchants: Client, queue: Queue) -> None:
    attempted(queue(), 200)

    assert "<abbr" not in at_merchants.get("/account/ipn/").content.decode()


def test_the_four_statuses_are_told_apart(at_merchants: Client, queue: Queue) -> None:
    queued = queue()
    sent, retrying, failed = attempted(queue(), 200), attempted(queue(), 500), attempted(queue(), *[500] * 16)

    for message, status in ((queued, "queued"), (sent, "sent"), (retrying, "retrying"), (failed, "failed")):
        assert found(at_merchants, status=status) == [message.id]
    assert found(at_merchants) == [failed.id, retrying.id, sent.id, queued.id]


def test_by_wallet(at_merchants: Client, queue: Queue, merchant: Wallet) -> None:
    second = Wallet.objects.create(
        id="OK700000002", account=merchant.account, title="Second", created_at=timezone.now()
    )
    in_first, in_second = queue(now=DAY), queue(wallet_id=second.id, now=DAY + timedelta(hours=1))

    assert found(at_merchants, wallet=merchant.id) == [in_first.id]
    assert found(at_merchants, wallet=second.id) == [in_second.id]
    assert found(at_merchants) == [in_second.id, in_first.id]


def test_by_days_both_included(at_merchants: Client, queue: Queue) -> None:
    for day in (4, 5, 6):
        queue(transaction_id=day, now=datetime(2026, 1, day, 0, 0, tzinfo=UTC))
        queue(transaction_id=day, now=datetime(2026, 1, day, 23, 59, 59, 999999, tzinfo=UTC))

    assert len(found(at_merchants, first_day="2026-01-05")) == 4
    assert len(found(at_merchants, last_day="2026-01-05")) == 4
    assert len(found(at_merchants, first_day="2026-01-05", last_day="2026-01-05")) == 2
    assert len(found(at_merchants, first_day="0001-01-01", last_day="9999-12-31")) == 6
    assert found(at_merchants, first_day="2026-01-07") == []


def test_by_transaction(at_merchants: Client, queue: Queue) -> None:
    queue()
    mine = queue(transaction_id=7654321)

    assert found(at_merchants, transaction="7654321") == [mine.id]
    assert found(at_merchants, transaction="7654322") == []


@pytest.mark.parametrize(
    "search",
    [
        {"transaction": "abc"},
        {"transaction": "9" * 30},
        {"first_day": "yesterday"},
        {"status": "lost"},
        {"wallet": "OK100000004"},
        {"wallet": "\0"},
    ],
)
def test_a_search_that_is_none_says_so(at_merchants: Client, queue: Queue, search: dict[str, str]) -> None:
    queue()

    response = at_merchants.get("/account/ipn/", search)

    assert response.status_code == 200
    assert 'class="errors"' in response.content.decode()
    assert response.context["page"] is None


# Pages


def test_pages_hold_every_message_once(at_merchants: Client, queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "PAGE_SIZE", 3)
    # Some of one moment, and IDs that do not grow with time.
    messages = [queue(now=DAY + timedelta(hours=number // 3 * (-1 if number > 5 else 1))) for number in range(10)]
    expected = [message.id for message in sorted(messages, key=lambda message: (message.created_at, message.id))][::-1]

    forth: list[list[int]] = []
    response = at_merchants.get("/account/ipn/")
    while True:
        page = response.context["page"]
        forth.append([message.id for message in page.messages])
        if not page.older:
            break
        response = at_merchants.get("/account/ipn/", {"older": page.older})
    back = []
    while page.newer:
        page = at_merchants.get("/account/ipn/", {"newer": page.newer}).context["page"]
        back.append([message.id for message in page.messages])

    assert [message for page in forth for message in page] == expected
    assert back == forth[-2::-1]


@pytest.mark.parametrize("cursor", ["older", "newer"])
@pytest.mark.parametrize("place", ["0", "-1", "x", "9" * 40, "１"])
def test_a_page_from_nowhere_is_the_first(at_merchants: Client, queue: Queue, cursor: str, place: str) -> None:
    message = queue()

    assert found(at_merchants, **{cursor: place}) == [message.id]


def test_the_links_between_pages_keep_the_search(
    at_merchants: Client, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "PAGE_SIZE", 1)
    first, _second = queue(), queue()

    page = at_merchants.get("/account/ipn/", {"status": "queued", "wallet": ""}).content.decode()

    assert f'href="?status=queued&amp;older={_second.id}"' in page
    assert found(at_merchants, status="queued", older=_second.id) == [first.id]


def test_a_page_takes_few_queries(
    at_merchants: Client, queue: Queue, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _number in range(20):
        attempted(queue(), 200)

    with django_assert_max_num_queries(12):
        at_merchants.get("/account/ipn/")


# Acknowledged, never verified


def test_what_was_acknowledged_and_never_verified_is_shown_as_such(at_merchants: Client, queue: Queue) -> None:
    verified, silent, refused, unsent = (
        attempted(queue(), 200),
        attempted(queue(), 200),
        attempted(queue(), 200),
        attempted(queue(), 500),
    )
    asked(verified.body(resend=False))
    asked(refused.body(resend=False) + "&more=1")
    asked(unsent.body(resend=False))

    page = " ".join(at_merchants.get("/account/ipn/").content.decode().split())

    assert "2 messages were acknowledged with 200, but never verified" in page
    assert page.count('<span class="pill pending">never verified</span>') == 2
    assert found(at_merchants, status="never-verified") == [refused.id, silent.id]
    assert "Your listener answered without asking" in page_of(at_merchants, silent)
    assert "Acknowledged, but ipn-verify said INVALID" in page_of(at_merchants, refused)
    assert "never verified" not in page_of(at_merchants, verified)
    assert "never verified" not in page_of(at_merchants, unsent)


def test_who_asks_without_ok_ipn_id_is_not_told_that_he_did_not_ask(
    at_merchants: Client, queue: Queue, merchant: Wallet
) -> None:
    message, another = attempted(queue(), 200), attempted(queue(transaction_id=7654321), 200)
    verification.seal_return(
        sandbox=merchant.account.sandbox,
        wallet_id=merchant.id,
        transaction_id=1234567,
        pairs=PAIRS,
        now=message.created_at,
    )
    question = asked(encode(PAIRS).replace("ok_txn_gross=25.00", "ok_txn_gross=1.00"))
    assert question.message is None

    page = page_of(at_merchants, message)

    assert "nobody asked about this very message" in page
    assert "Your listener answered without asking" not in page
    assert f'href="/account/ipn/verifications/{question.id}/"' in page
    assert "Your listener answered without asking" in page_of(at_merchants, another)


def test_a_test_message_counts_as_verified_by_test(at_merchants: Client, queue: Queue) -> None:
    message = attempted(queue(is_test=True), 200)
    assert found(at_merchants, status="never-verified") == [message.id]

    assert asked(message.body(resend=False)).verdict == "TEST"

    assert found(at_merchants, status="never-verified") == []
    assert "but never verified</p>" not in at_merchants.get("/account/ipn/").content.decode()


# Details


def test_the_details_have_what_the_official_page_lists(at_merchants: Client, queue: Queue) -> None:
    message = attempted(queue(now=DAY, url="http://shop.example/ipn?a=1&b=2"), 500, "timed_out", 404)

    page = page_of(at_merchants, message)

    assert "<dt>No. of retries</dt><dd>3" in page
    assert "<dt>Last time resent</dt><dd>2026-01-05 13:00:00 UTC" in page
    assert "<code>http://shop.example/ipn?a=1&amp;b=2</code>" in page
    assert "<dt>Type</dt><dd>payment_link</dd>" in page
    assert "<dt>Next attempt</dt>" in page
    assert "<dt>HTTP response code</dt><dd>404</dd>" in page
    for name, value in message.pairs:
        assert f"<code>{name}</code>" in page
        assert value.replace("&", "&amp;").replace("'", "&#x27;").strip() in page
    assert "ok_txn_comment=+1%2b1+%3d+2+%26amp" not in page
    assert "&amp;ok_txn_comment=+1%2b1+%3d+2+%26+%27more%27+&amp;" in page


def test_the_original_message_has_one_retry(at_merchants: Client, queue: Queue) -> None:
    page = page_of(at_merchants, attempted(queue(), 200))

    assert '<dt>No. of retries</dt><dd>1 <span class="muted">(the original message)</span>' in page
    assert "<dt>Last time resent</dt><dd>never</dd>" in page
    assert "<dt>Next attempt</dt>" not in page


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([200], '1 <span class="muted">(the original message)</span>'),
        ([500, "refused", 200], "3"),
        ([500, 200, 500], "2"),
        ([500], "not acknowledged"),
        ([], "not acknowledged"),
    ],
)
def test_how_many_it_took_until_it_was_acknowledged(
    at_merchants: Client, queue: Queue, answers: list[int | str], words: str
) -> None:
    page = page_of(at_merchants, attempted(queue(), *answers))

    assert f"<dt>No. of retries until it was acknowledged</dt><dd>{words}</dd>" in page


def test_the_words_of_the_official_page_are_explained(at_merchants: Client, queue: Queue) -> None:
    attempted(queue(), "refused")

    page = " ".join(at_merchants.get("/account/ipn/").content.decode().split())

    assert "is sent again every 30 min, up to 15 times" in page
    assert "If there is none, check that your server is running." in page


@pytest.mark.parametrize(
    ("answer", "words", "cure"),
    [
        ("name_not_found", "Host name not found", "Check the spelling of the host"),
        ("refused", "Connection refused", "Nothing listens at this port"),
        ("timed_out", "Timed out", "Answer 200 at once"),
        ("tls", "TLS error", "Install a certificate"),
        ("forbidden_address", "Forbidden address", "Put the listener on a public address"),
        ("redirect", "Redirect, not followed", "Use the final URL"),
        ("disconnected", "Disconnected without an answer", "Look for a crash"),
        ("unreachable", "Host unreachable", "no firewall or route"),
        ("incorrect_url", "Incorrect URL", "starts with http://"),
        ("malformed_answer", "Malformed answer", "is not HTTP"),
        ("header_too_big", "Header of the answer too big", "fewer or shorter header fields"),
        (204, "Status is not 200", "only 200 acknowledges it"),
        (403, "Status is not 200", "Exempt this path from CSRF checks"),
        (404, "Status is not 200", "similar to, but not the same as"),
        (418, "Status is not 200", "Only 200 acknowledges a message"),
        (500, "Status is not 200", "The listener failed"),
    ],
)
def test_every_error_is_told_in_words_with_its_cure(
    at_merchants: Client, queue: Queue, answer: int | str, words: str, cure: str
) -> None:
    page = page_of(at_merchants, attempted(queue(), answer))

    assert words in page
    assert cure in page


def test_every_attempt_is_shown_with_request_and_answer(at_merchants: Client, queue: Queue) -> None:
    page = page_of(at_merchants, attempted(queue(), 500, 200))

    assert "body of 1" in page
    assert "body of 2" in page
    assert page.count("POST http://127.0.0.1:9/ipn") == 2
    assert page.count("&amp;ok_ipn_resend=true&amp;") == 2  # in the second request, and as it goes over the wire


def test_the_timeline_says_in_words_what_it_shows(at_merchants: Client, queue: Queue) -> None:
    page = page_of(at_merchants, attempted(queue(now=DAY), 500, "refused"))

    assert "Attempt 1 at 2026-01-05 12:00:00: 500, Status is not 200, after 0.020 s." in page
    assert "Attempt 2 at 2026-01-05 12:30:00: Connection refused, after 0.040 s." in page
    assert "The next attempt is due at 2026-01-05 13:00:00." in page
    assert "+30 min" in page
    assert " style=" not in page
    assert "<script" not in page


def test_a_message_without_an_attempt_has_no_timeline(at_merchants: Client, queue: Queue) -> None:
    page = page_of(at_merchants, queue())

    assert "<svg" not in page.split("<main", 1)[1]
    assert "not sent yet" in page
    assert "due now" in page


def test_a_message_that_was_resent_without_end(at_merchants: Client, queue: Queue) -> None:
    message = attempted(queue(), *[500] * 45)

    page = page_of(at_merchants, message)

    assert "5 older attempts are not shown." in page
    assert page.count('<details class="attempt"') == 40


# Resend


def test_one_message_is_resent(at_merchants: Client, queue: Queue) -> None:
    message = attempted(queue(), 200)

    response = at_merchants.post(f"/account/ipn/{message.id}/resend/", follow=True)

    message.refresh_from_db()
    assert response.redirect_chain == [(f"/account/ipn/{message.id}/", 302)]
    assert "The message is being resent." in response.content.decode()
    assert message.status == "queued"
    assert message.next_attempt_at is not None


def test_a_message_that_waits_for_its_first_attempt_is_left_alone(at_merchants: Client, queue: Queue) -> None:
    message = queue(now=DAY)

    response = at_merchants.post(f"/account/ipn/{message.id}/resend/", follow=True)

    message.refresh_from_db()
    assert message.next_attempt_at == DAY
    assert "about to be sent for the first time" in response.content.decode()


def test_all_that_the_search_found_is_resent_and_nothing_else(at_merchants: Client, queue: Queue) -> None:
    failed = [attempted(queue(), *[500] * 16) for _number in range(3)]
    sent = attempted(queue(), 200)

    response = at_merchants.post("/account/ipn/resend/", {"status": "failed"}, follow=True)

    assert "3 messages are being resent." in response.content.decode()
    assert response.redirect_chain == [("/account/ipn/?status=failed", 302)]
    due = IpnMessage.objects.filter(next_attempt_at__isnull=False)
    assert set(due.values_list("id", flat=True)) == {message.id for message in failed}
    sent.refresh_from_db()
    assert sent.status == "sent"


def test_one_click_resends_only_so_many(at_merchants: Client, queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MAX_RESEND", 2)
    messages = [attempted(queue(), 200) for _number in range(3)]

    page = at_merchants.get("/account/ipn/").content.decode()
    at_merchants.post("/account/ipn/resend/")

    assert "More than 2 messages" in page
    assert "Resend the newest 2 of these messages" in page
    due = IpnMessage.objects.filter(next_attempt_at__isnull=False)
    assert set(due.values_list("id", flat=True)) == {message.id for message in messages[1:]}


def test_a_search_that_is_none_resends_nothing(at_merchants: Client, queue: Queue) -> None:
    attempted(queue(), 200)

    response = at_merchants.post("/account/ipn/resend/", {"wallet": "OK100000004"}, follow=True)

    assert "Nothing was resent" in response.content.decode()
    assert not IpnMessage.objects.filter(next_attempt_at__isnull=False).exists()


@pytest.mark.django_db(transaction=True)
def test_a_resent_message_arrives(at_merchants: Client, queue: Queue, worker: None, listener: Listener) -> None:
    # Due later, so that the worker leaves it alone before the click.
    message = attempted(queue(url=listener.url, now=timezone.now() + timedelta(hours=1)), 500, 200)

    at_merchants.post(f"/account/ipn/{message.id}/resend/")

    arrived = listener.wait_for(1)[0]
    assert arrived.variables["ok_ipn_resend"] == "true"
    assert arrived.variables["ok_ipn_id"] == str(message.id)


# Bounds


def test_no_search_looks_beyond_its_wallets(queue: Queue) -> None:
    message = attempted(queue(), 200)

    assert history.page(Search(["OK100000004"]), older_than=message.id).messages == []
    assert history.count(Search([])) == 0
    assert history.resend_found(Search(["OK100000004"]), now=timezone.now()) == 0
