"""The pictures' geometry: columns as high as what was sold, a bar whose pieces fill it."""

from datetime import date, timedelta
from itertools import pairwise

import pytest

from okpay_gateway.merchant import pictures
from okpay_gateway.merchant.figures import Day, Period
from wallets.money import D

MAY = Period(date(2030, 5, 1), date(2030, 5, 10))


def test_the_best_day_is_the_highest_and_nothing_is_a_gap() -> None:
    chart = pictures.columns("USD", {date(2030, 5, 1): Day(1, D("5")), date(2030, 5, 10): Day(2, D("10"))}, MAY)

    assert chart.path == "M7.2 150v-73.0h57.6V150zM655.2 150v-146.0h57.6V150z"
    assert (chart.best.first, chart.sold, chart.sales, chart.by_week) == (date(2030, 5, 10), D("15"), 3, False)
    assert [part.first for part in chart.parts] == [date(2030, 5, 10), date(2030, 5, 1)]


def test_a_cent_beside_a_million_can_be_seen() -> None:
    chart = pictures.columns("USD", {date(2030, 5, 1): Day(1, D("0.01")), date(2030, 5, 2): Day(1, D("1000000"))}, MAY)

    assert "v-2.0" in chart.path


def test_a_year_is_drawn_in_weeks() -> None:
    year = Period(date(2029, 5, 16), date(2030, 5, 15))
    every_day = {day: Day(1, D("1")) for day in year.days}

    chart = pictures.columns("USD", every_day, year)

    assert chart.by_week
    assert (chart.sales, chart.sold) == (365, D("365"))
    assert chart.parts[-1].first == year.first  # a Wednesday: five days
    assert (chart.parts[-1].sales, chart.parts[-2].sales) == (5, 7)
    assert all(part.first.weekday() == 0 for part in chart.parts[:-1])
    assert all(older.last + timedelta(days=1) == newer.first for newer, older in pairwise(chart.parts))


@pytest.mark.parametrize("numbers", [(1, 0, 0), (1, 1, 1), (1_000_000, 1, 1), (0, 0, 7)])
def test_the_pieces_fill_the_bar_and_each_can_be_seen(numbers: tuple[int, ...]) -> None:
    bar = pictures.bar([(str(place), "", number, "") for place, number in enumerate(numbers)])

    assert bar.total == sum(numbers)
    assert sum(piece.width for piece in bar.pieces) == pytest.approx(bar.width, abs=0.3)
    assert all((piece.width > 3) == (piece.number > 0) for piece in bar.pieces)
    shown = [piece for piece in bar.pieces if piece.number]
    assert all(after.x == pytest.approx(before.x + before.width, abs=0.2) for before, after in pairwise(shown))


def test_nothing_is_a_bar_without_pieces() -> None:
    assert [piece.width for piece in pictures.bar([("paid", "", 0, "")]).pieces] == [0]


@pytest.mark.parametrize(
    ("part", "whole", "says"),
    [(0, 0, "0 %"), (0, 5, "0 %"), (1, 1000, "1 %"), (999, 1000, "99 %"), (1000, 1000, "100 %"), (1, 3, "33 %")],
)
def test_percents_are_honest_at_the_ends(part: int, whole: int, says: str) -> None:
    assert pictures.percent(part, whole) == says
