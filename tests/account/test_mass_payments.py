"""Mass Payment: every row is checked first; all or nothing, or the good ones; whatever happens to the worker."""

import re
import threading
from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks

from ipn.models import IpnMessage
from sandbox import clock
from sandbox.models import Sandbox
from wallets import mass_payments, parties, payments, registration
from wallets.errors import IncorrectParameters
from wallets.models import Account, Balance, MassPayment, MassPaymentRow, Transaction, Wallet
from wallets.money import D

ROWS = """receiver,amount,comment,invoice
OK702746927,25.00,July,INV-7
Merchant@Example.com,"1,000.00"
+44 7700 900123,10,"Thank you, Mary"
nobody@example.com,3.50
"""
FORM = {"wallet": "OK100000001", "currency": "EUR"}


def listed(payer: Wallet, text: str, *, receiver_pays_fee: bool = False) -> MassPayment:
    return mass_payments.create(
        payer,
        rows=mass_payments.read(text),
        currency="EUR",
        receiver_pays_fee=receiver_pays_fee,
        now=clock.now(payer.account.sandbox),
    )


def errors(mass_payment: MassPayment) -> list[str]:
    return list(mass_payment.rows.order_by("number").values_list("error", flat=True))


def send_all(mass_payment: MassPayment, *, all_or_nothing: bool = False) -> MassPayment:
    assert mass_payments.start(mass_payment, all_or_nothing=all_or_nothing)
    mass_payments.send_due(clock.now)
    mass_payment.refresh_from_db()
    return mass_payment


# Reading


@pytest.mark.parametrize(
    "text",
    [
        ROWS,
        ROWS.replace("\n", "\r\n"),
        "\n\n" + ROWS + "\n\n",
        "sep=,\n" + ROWS,
        ROWS.replace('"1,000.00"', "1000").replace(",", ";").replace("Thank you;", "Thank you,"),
        ROWS.replace('"1,000.00"', "1000")
        .replace('"Thank you, Mary"', "Thank you/ Mary")
        .replace(",", "\t")
        .replace("/", ","),
    ],
)
def test_rows_are_read_as_people_write_them(text: str) -> None:
    rows = mass_payments.read(text)

    assert [row.receiver for row in rows] == [
        "OK702746927",
        "Merchant@Example.com",
        "+44 7700 900123",
        "nobody@example.com",
    ]
    assert [row.amount for row in rows] == [D("25"), D("1000"), D("10"), D("3.5")]
    assert (rows[0].comment, rows[0].invoice, rows[2].comment) == ("July", "INV-7", "Thank you, Mary")
    assert [row.number for row in rows] == [1, 2, 3, 4]


@pytest.mark.parametrize("text", ["", " \n \n", "receiver,amount\n", "x," + "y" * 200_000, "OK702746927,1\n" * 10_001])
def test_what_is_no_list(text: str) -> None:
    with pytest.raises(IncorrectParameters):
        mass_payments.read(text)


# Checking


def test_every_row_is_checked_as_send_money_would(buyer: Wallet, merchant: Wallet, blocked: Wallet) -> None:
    rows = [
        ("OK702746927,1", ""),
        ("ok702746927,1", ""),
        ("nobody@example.com,1", ""),
        ("OK999999999,1", "Target_Account_Doesnt_Exist"),
        (",1", "Target_Account_Doesnt_Exist"),
        ("nonsense,1", "Target_Account_Doesnt_Exist"),
        ("buyer@example.com,1", "Cannot_Pay_Self"),
        ("OK100000003,1", "Target_Account_Blocked"),
        ("OK702746927,0", "Incorrect_Amount"),
        ("OK702746927,-1", "Incorrect_Amount"),
        ("OK702746927,1.001", "Incorrect_Amount"),
        ("OK702746927", "Incorrect_Amount"),
        ("OK702746927,9999999999999", "Incorrect_Amount"),
        (f"OK702746927,1,{'x' * 256}", "Comment_Too_Long"),
        (f"OK702746927,1,,{'x' * 128}", "Invoice_Too_Long"),
        (f"{'x' * 200}@example.com,1", "Target_Account_Doesnt_Exist"),
        ("house@okpay.invalid,1", ""),
    ]

    found = errors(listed(buyer, "\n".join(row for row, _error in rows)))

    assert found == [error for _row, error in rows]
    assert set(found) - {""} <= mass_payments.ERRORS.keys()
    assert not Transaction.objects.filter(kind="mass_pay").exists()


@pytest.mark.parametrize("row", ["OK702746927;1,50", "OK702746927\t1,50", 'OK702746927,"1,50"', "OK702746927;1.500,00"])
def test_an_amount_with_a_comma_is_told_to_use_a_point(as_buyer: Client, merchant: Wallet, row: str) -> None:
    page = as_buyer.post("/account/mass-payment/", {**FORM, "pasted": row}, follow=True)

    assert "with a point, such as 25.00" in page.content.decode()
    assert MassPaymentRow.objects.get().error == "Incorrect_Amount"


@pytest.mark.parametrize(
    ("row", "error"),
    [
        ("OK702746927,1,50", "Comma_In_Amount"),
        ("OK702746927, 1,50 ,July", "Comma_In_Amount"),
        ("OK702746927,1,500.00", "Comma_In_Amount"),
        ("OK702746927,1,234,567.00", "Comma_In_Amount"),
        ('OK702746927,1,"50"', ""),
        ('OK702746927,"1,500.00",50', ""),
        ("OK702746927,1,50 pieces", ""),
        ("OK702746927,1,July 5,50", ""),
        ("OK702746927;1;50", ""),
        ("receiver,amount,comment\nOK702746927,1,50", "Comma_In_Amount"),
    ],
)
def test_half_an_amount_is_never_sent(as_buyer: Client, merchant: Wallet, row: str, error: str) -> None:
    """ "1,50" among columns divided by commas would be 1.00 with the comment "50"."""
    page = as_buyer.post("/account/mass-payment/", {**FORM, "pasted": row}, follow=True)

    assert MassPaymentRow.objects.get().error == error
    assert ("this amount has lost its end" in page.content.decode()) is bool(error)


def test_half_an_amount_is_found_beside_comments_of_several_lines(buyer: Wallet, merchant: Wallet) -> None:
    text = 'OK702746927,1,"For\nOK702746927,1,50"\nOK702746927,1,50\nOK702746927,2, "Two\nlines, and a comma"'

    listing = listed(buyer, text)

    assert errors(listing) == ["", "Comma_In_Amount", ""]
    assert [row.comment for row in listing.rows.order_by("number")][2] == "Two lines, and a comma"


def test_a_quotation_mark_that_nobody_closed_swallows_no_row(as_buyer: Client, merchant: Wallet) -> None:
    rows = 'OK702746927,1,July\nOK702746927,2,"August\nOK702746927,3,September'

    page = as_buyer.post("/account/mass-payment/", {**FORM, "pasted": rows}).content.decode()

    assert "This cannot be read as columns: OK702746927,2,&quot;August. A quotation mark" in page
    assert not MassPaymentRow.objects.exists()


def test_a_fee_that_eats_the_amount(as_buyer: Client, buyer: Wallet, merchant: Wallet) -> None:
    assert errors(listed(buyer, "OK702746927,0.01\nOK702746927,0.02", receiver_pays_fee=True)) == [
        "Fee_Takes_All",
        "",
    ]
    page = as_buyer.post(
        "/account/mass-payment/", {**FORM, "pasted": "OK702746927,0.01", "receiver_pays_fee": "on"}, follow=True
    )
    assert "the receiver would get nothing" in page.content.decode()


def test_what_it_comes_to(buyer: Wallet, merchant: Wallet) -> None:
    totals = mass_payments.totals(listed(buyer, ROWS + "OK999999999,5\n"))

    assert (totals.rows, totals.good, totals.bad) == (5, 4, 1)
    assert totals.amount == D("1038.50")
    assert totals.fees == D("0.13") + D("2.99") + D("0.05") + D("0.02")
    assert totals.due == totals.amount + totals.fees
    assert (totals.balance, totals.missing) == (D("10000.00"), 0)


# Sending


def test_the_good_ones_are_sent(buyer: Wallet, merchant: Wallet) -> None:
    merchant.ipn_enabled, merchant.ipn_url = True, "http://127.0.0.1:9/"
    merchant.save()
    done = send_all(listed(buyer, ROWS + "OK999999999,5\n"))

    assert done.status == MassPayment.Status.SENT
    rows = list(done.rows.order_by("number").select_related("transaction"))
    assert [row.transaction and row.transaction.kind for row in rows] == ["mass_pay"] * 4 + [None]
    assert [row.transaction and row.transaction.status for row in rows[:4]] == ["completed"] * 3 + ["pending"]
    assert (rows[0].transaction.comment, rows[0].transaction.invoice) == ("July", "INV-7")
    assert buyer.balance("EUR") == D("10000") - mass_payments.totals(done).due
    assert merchant.balance("EUR") == D("11035.00")
    assert IpnMessage.objects.filter(kind="mass_pay").count() == 3


def test_what_fails_on_the_way_is_shown_and_the_rest_is_sent(buyer: Wallet, merchant: Wallet) -> None:
    done = send_all(listed(buyer, "OK702746927,9000\nOK702746927,2000\nOK702746927,100"))

    assert errors(done) == ["", "Insufficient_Funds", ""]
    assert merchant.balance("EUR") == D("19100.00")


def test_all_or_nothing_is_nothing_when_one_fails(buyer: Wallet, merchant: Wallet) -> None:
    done = send_all(listed(buyer, "OK702746927,9000\nOK702746927,2000\nOK702746927,100"), all_or_nothing=True)

    assert (done.status, done.error) == (MassPayment.Status.REFUSED, "Insufficient_Funds")
    assert not Transaction.objects.filter(kind="mass_pay").exists()
    assert not done.rows.filter(transaction__isnull=False).exists()
    assert (buyer.balance("EUR"), merchant.balance("EUR")) == (D("10000.00"), D("10000.00"))


def test_all_or_nothing_says_which_row_it_was(
    as_buyer: Client, buyer: Wallet, merchant: Wallet, stranger: Wallet
) -> None:
    whole = listed(buyer, "OK702746927,1\nOK100000004,2\nOK702746927,3")
    Account.objects.filter(id=stranger.account_id).update(is_blocked=True)

    done = send_all(whole, all_or_nothing=True)

    assert done.status == MassPayment.Status.REFUSED
    assert errors(done) == ["", "Target_Account_Blocked", ""]
    assert merchant.balance("EUR") == D("10000.00")
    page = as_buyer.get(f"/account/mass-payment/{done.id}/").content.decode()
    assert "Nothing was sent" in page
    assert "blocked by administration" in page


def test_all_or_nothing_is_all_when_none_fails(buyer: Wallet, merchant: Wallet, stranger: Wallet) -> None:
    done = send_all(listed(buyer, ROWS + "OK100000004,5\n"), all_or_nothing=True)

    assert done.status == MassPayment.Status.SENT
    assert Transaction.objects.filter(kind="mass_pay").count() == 5
    assert stranger.balance("EUR") == D("5.00")


def test_all_cannot_be_sent_when_not_all_is_good(buyer: Wallet, merchant: Wallet) -> None:
    mixed = listed(buyer, "OK702746927,1\nOK999999999,1")

    assert not mass_payments.start(mixed, all_or_nothing=True)
    assert mass_payments.start(mixed, all_or_nothing=False)
    assert not mass_payments.start(mixed, all_or_nothing=False)


def test_a_worker_that_died_is_followed_by_another(
    buyer: Wallet, merchant: Wallet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mass_payments, "TURN", 2)
    started = listed(buyer, "OK702746927,1\n" * 5)
    mass_payments.start(started, all_or_nothing=False)
    real = payments.send_many
    turns = iter(range(100))

    def dies_in_the_second_turn(*sendings: object, **details: object) -> list[Transaction]:
        sent = real(*sendings, **details)  # type: ignore[arg-type]
        if next(turns) == 1:
            raise SystemExit
        return sent

    monkeypatch.setattr(payments, "send_many", dies_in_the_second_turn)
    with pytest.raises(SystemExit):
        mass_payments.send_due(clock.now)
    assert mass_payments.progress(started) == 2
    assert merchant.balance("EUR") == D("10002.00")

    mass_payments.send_due(clock.now)

    assert Transaction.objects.filter(kind="mass_pay").count() == 5
    assert merchant.balance("EUR") == D("10005.00")


@pytest.mark.django_db(transaction=True)
def test_two_workers_pay_no_row_twice(world: Sandbox, buyer: Wallet, merchant: Wallet) -> None:
    lists = [listed(buyer, "OK702746927,1\n" * 30) for _ in range(2)]
    for each in lists:
        mass_payments.start(each, all_or_nothing=False)

    def work() -> None:
        mass_payments.send_due(clock.now)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    mass_payments.send_due(clock.now)

    assert Transaction.objects.filter(kind="mass_pay").count() == 60
    assert merchant.balance("EUR") == D("10060.00")


@pytest.mark.django_db(transaction=True)
def test_all_or_nothing_and_payments_the_other_way_do_not_block_each_other(
    world: Sandbox, buyer: Wallet, merchant: Wallet, stranger: Wallet
) -> None:
    """In the list the receivers stand in the order in which single payments do not lock them."""
    Account.objects.update(verification="Verified")
    payments.send_money(payer=buyer, receiver=stranger.id, currency="EUR", amount=D("100"), now=clock.now(world))
    whole = listed(buyer, "OK702746927,1\nOK100000004,1\n" * 40)
    mass_payments.start(whole, all_or_nothing=True)
    failures: list[Exception] = []

    def pay_each_other() -> None:
        try:
            for _ in range(20):
                payments.send_money(
                    payer=stranger, receiver=merchant.id, currency="EUR", amount=D("1"), now=clock.now(world)
                )
                payments.send_money(
                    payer=merchant, receiver=stranger.id, currency="EUR", amount=D("1"), now=clock.now(world)
                )
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    other = threading.Thread(target=pay_each_other)
    other.start()
    mass_payments.send_due(clock.now)
    other.join()

    whole.refresh_from_db()
    assert failures == []
    assert whole.status == MassPayment.Status.SENT


@pytest.mark.slow
@pytest.mark.parametrize("all_or_nothing", [False, True])
def test_ten_thousand_rows_finish(buyer: Wallet, merchant: Wallet, all_or_nothing: bool) -> None:
    many = listed(buyer, "OK702746927,0.50\nmerchant@example.com,0.50\n" * 5000)

    done = send_all(many, all_or_nothing=all_or_nothing)

    assert done.status == MassPayment.Status.SENT
    assert mass_payments.progress(done) == 10_000
    assert merchant.balance("EUR") == D("15000.00")


# Pages


def test_from_the_list_to_the_end(
    as_buyer: Client,
    buyer: Wallet,
    merchant: Wallet,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kicks: list[bool] = []
    monkeypatch.setattr("wallets.tasks.send_mass_payments.delay", lambda: kicks.append(True))
    checked = as_buyer.post("/account/mass-payment/", {**FORM, "pasted": ROWS + "OK999999999,5"})
    address = checked["Location"]

    page = as_buyer.get(address).content.decode()
    assert "No wallet has this ID" in page
    assert "1041.69 EUR" in page
    assert "Send the good rows" in page
    assert "Send all or nothing" not in page
    assert not Transaction.objects.filter(kind="mass_pay").exists()
    assert "OK999999999" in as_buyer.get(f"{address}?bad").content.decode()
    assert "INV-7" not in as_buyer.get(f"{address}?bad").content.decode()

    with django_capture_on_commit_callbacks(execute=True):
        as_buyer.post(f"{address}send/", {"how": "good"})
        as_buyer.post(f"{address}send/", {"how": "good"})
    assert kicks == [True]
    sending = as_buyer.get(address)
    assert sending["Refresh"] == "2"
    assert "1 of 5 rows are through." in sending.content.decode()
    assert "Refresh" not in as_buyer.get(f"{address}?still").headers

    mass_payments.send_due(clock.now)
    sent = as_buyer.get(address)
    assert "Refresh" not in sent.headers
    paid = Transaction.objects.filter(kind="mass_pay").first()
    assert paid
    assert f"/account/transactions/{paid.id}/" in sent.content.decode()


def test_a_broker_that_is_away_delays_and_loses_nothing(
    as_buyer: Client,
    buyer: Wallet,
    merchant: Wallet,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away() -> None:
        raise OSError("connection refused")

    monkeypatch.setattr("wallets.tasks.send_mass_payments.delay", away)
    address = as_buyer.post("/account/mass-payment/", {**FORM, "pasted": "OK702746927,1"})["Location"]

    with django_capture_on_commit_callbacks(execute=True):
        assert as_buyer.post(f"{address}send/", {"how": "all"}).status_code == 302

    mass_payments.send_due(clock.now)
    assert merchant.balance("EUR") == D("10001.00")


def test_the_progress_of_a_whole_list_can_be_seen(
    as_buyer: Client, buyer: Wallet, merchant: Wallet, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = listed(buyer, "OK702746927,1\n" * 4)
    mass_payments.start(whole, all_or_nothing=True)
    whole.refresh_from_db()
    monkeypatch.setattr(mass_payments, "TELL_EVERY", 2)
    seen: list[int] = []
    real = mass_payments._tell

    def look(number: int, count: int) -> None:
        real(number, count)
        seen.append(mass_payments.progress(whole))

    monkeypatch.setattr(mass_payments, "_tell", look)
    mass_payments.send_due(clock.now)

    assert seen == [0, 2, 2, 4]


def test_a_file(as_buyer: Client, merchant: Wallet) -> None:
    file = SimpleUploadedFile("list.csv", ("\ufeff" + ROWS).encode(), "text/csv")

    response = as_buyer.post("/account/mass-payment/", {**FORM, "file": file})

    assert MassPayment.objects.get().rows.count() == 4
    assert response["Location"] == f"/account/mass-payment/{MassPayment.objects.get().id}/"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"pasted": ""}, "pasted"),
        ({"pasted": "OK702746927,1\n" * 10_001}, "pasted"),
        ({"file": b"\xff\xfe\x00"}, "file"),
        ({"file": b"x" * (2 * 1024 * 1024 + 1)}, "file"),
        ({"pasted": "OK702746927,1", "file": b"OK702746927,1"}, "file"),
        ({"pasted": "OK702746927,1", "currency": "XXX"}, "currency"),
        ({"pasted": "a\0b,1"}, "pasted"),
    ],
)
def test_what_is_wrong_is_named(as_buyer: Client, wrong: dict[str, object], field: str) -> None:
    given = {
        name: SimpleUploadedFile("list.csv", value) if isinstance(value, bytes) else value
        for name, value in wrong.items()
    }

    response = as_buyer.post("/account/mass-payment/", {**FORM, **given})

    assert list(response.context["form"].errors) == [field]
    assert not MassPayment.objects.exists()


def test_rows_come_page_by_page(as_buyer: Client, merchant: Wallet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wallets.pages.mass_payments.ROWS_SHOWN", 4)
    address = as_buyer.post("/account/mass-payment/", {**FORM, "pasted": "OK702746927,1\n" * 10})["Location"]

    pages, query = [], ""
    while True:
        page = as_buyer.get(f"{address}{query}").content.decode()
        pages.append([int(number) for number in re.findall(r'<th scope="row">(\d+)</th>', page)])
        following = re.findall(r'rel="next" href="([^"]+)"', page)
        if not following:
            break
        query = following[0].replace("&amp;", "&")

    assert pages == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10]]


def test_a_page_of_a_long_list_asks_a_fixed_number_of_times(
    as_buyer: Client, merchant: Wallet, django_assert_max_num_queries: Callable[..., object]
) -> None:
    address = as_buyer.post("/account/mass-payment/", {**FORM, "pasted": "OK702746927,1\n" * 300})["Location"]

    with django_assert_max_num_queries(8):  # type: ignore[attr-defined]
        as_buyer.get(address)


def test_checking_asks_a_fixed_number_of_times(
    buyer: Wallet, world: Sandbox, django_assert_max_num_queries: Callable[..., object]
) -> None:
    for number in range(5):
        registration.register(
            sandbox=world,
            email=f"client{number}@example.com",
            password="",
            now=clock.now(world),
            phone=f"49-3012345{number}0",
        )
    text = "".join(f"client{number % 5}@example.com,1\n+49 3012345{number % 5}0,1\n" for number in range(200))

    with django_assert_max_num_queries(7):  # type: ignore[attr-defined]
        assert set(errors(listed(buyer, text))) == {""}


def test_whoever_has_several_wallets_is_paid_into_the_first(buyer: Wallet, merchant: Wallet) -> None:
    second = parties.open_wallet(merchant.account, title="Second", now=clock.now(merchant.account.sandbox))

    with transaction.atomic():
        done = send_all(listed(buyer, f"merchant@example.com,1\n{second.id},2"), all_or_nothing=True)

    assert done.status == MassPayment.Status.SENT
    assert merchant.balance("EUR") == D("10001.00")
    assert Balance.objects.get(wallet=second).amount == D("2.00")
    assert MassPaymentRow.objects.filter(transaction__isnull=False).count() == 2
