"""Pages that go on from a row."""

import pytest

from sandbox import paging
from sandbox.models import Sandbox
from sandbox.paging import Page
from wallets.models import MailboxMessage

DOWN = ("-to", "-id")


@pytest.fixture
def mails(world: Sandbox) -> None:
    """Ten, two each to five people."""
    for number in range(10):
        MailboxMessage.objects.create(sandbox=world, to=f"{number % 5}@example.com", subject=str(number), body="")


def page(order: tuple[str, ...] = DOWN, **where: str) -> Page[MailboxMessage]:
    return paging.page(MailboxMessage.objects.all(), order, size=4, **where)


def subjects(shown: Page[MailboxMessage]) -> str:
    return "".join(mail.subject for mail in shown.rows)


@pytest.mark.parametrize(("order", "all_of_them"), [(DOWN, "9483726150"), (("to", "id"), "0516273849")])
def test_pages_are_turned_both_ways_and_nothing_is_missed_or_doubled(
    mails: None, order: tuple[str, ...], all_of_them: str
) -> None:
    first = page(order)
    second = page(order, after=first.after)
    third = page(order, after=second.after)

    assert [subjects(each) for each in (first, second, third)] == [all_of_them[:4], all_of_them[4:8], all_of_them[8:]]
    assert (first.before, third.after) == ("", "")
    assert page(order, before=third.before) == second
    assert page(order, before=second.before) == first


def test_what_comes_in_between_moves_no_page(mails: None, world: Sandbox) -> None:
    first = page()
    MailboxMessage.objects.create(sandbox=world, to="9@example.com", subject="x", body="")

    assert subjects(page(after=first.after)) == "7261"
    assert subjects(page(before=page(after=first.after).before)) == "9483"


@pytest.mark.parametrize("nonsense", ["", "x", "~", "a~b", "1~2~3", "a~\0", "a~99999999999999999999", "~" * 500])
def test_nonsense_is_the_first_page(mails: None, nonsense: str) -> None:
    assert page(after=nonsense) == page(before=nonsense) == page()


def test_a_moment_without_a_time_zone_is_nonsense(mails: None) -> None:
    assert page(("-created_at", "-id"), after="2026-01-05T12:00:00~5") == page(("-created_at", "-id"))


def test_beyond_the_last_one_there_is_nothing(mails: None) -> None:
    assert page(("id",), after=str(MailboxMessage.objects.latest("id").id)) == Page()
