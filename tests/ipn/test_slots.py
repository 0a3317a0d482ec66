"""How many posts at once a host may have."""

from datetime import timedelta

from ipn.slots import FIRST_SLOTS_OF_A_HOST, MOST_SLOTS_OF_A_HOST, SLOTS_OF_A_SILENT_HOST, Slots

QUICKLY, SLOWLY = timedelta(milliseconds=20), timedelta(seconds=4)
HOST = "shop.example"


def answered(slots: Slots, times: int, after: timedelta) -> None:
    for _ in range(times):
        slots.take(HOST)
        slots.free(HOST, answered=True, after=after)


def silent(slots: Slots) -> None:
    slots.take(HOST)
    slots.free(HOST, answered=False, after=timedelta(seconds=10))


def test_quick_answers_earn_slots_up_to_a_limit() -> None:
    slots = Slots()
    answered(slots, 5, QUICKLY)
    assert slots.allowed(HOST) == FIRST_SLOTS_OF_A_HOST + 5
    answered(slots, 1000, QUICKLY)
    assert slots.allowed(HOST) == MOST_SLOTS_OF_A_HOST


def test_only_for_quick_answers_others_may_wait() -> None:
    slots = Slots()
    slots.take("new.example")
    assert slots.room() == {"new.example": FIRST_SLOTS_OF_A_HOST - 1}
    answered(slots, 1, QUICKLY)
    assert slots.room()[HOST] == 3 * (FIRST_SLOTS_OF_A_HOST + 1)
    answered(slots, 1, SLOWLY)
    assert slots.room()[HOST] == FIRST_SLOTS_OF_A_HOST


def test_slow_answers_cost_what_was_earned() -> None:
    slots = Slots()
    answered(slots, 5, QUICKLY)
    answered(slots, 100, SLOWLY)
    assert slots.room() == {HOST: FIRST_SLOTS_OF_A_HOST}


def test_silence_costs_all_but_two_until_it_is_over() -> None:
    slots = Slots()
    answered(slots, 50, QUICKLY)
    silent(slots)
    assert slots.room() == {HOST: SLOTS_OF_A_SILENT_HOST}
    answered(slots, 1, SLOWLY)
    assert slots.room() == {HOST: SLOTS_OF_A_SILENT_HOST}
    answered(slots, 1, QUICKLY)
    assert slots.allowed(HOST) == SLOTS_OF_A_SILENT_HOST + 1


def test_taken_slots_are_no_room() -> None:
    slots = Slots()
    for _ in range(FIRST_SLOTS_OF_A_HOST):
        assert not slots.any_full()
        slots.take(HOST)
    assert slots.any_full()
    assert slots.room() == {HOST: 0}
    slots.give_back(HOST)
    assert slots.room() == {HOST: 1}


def test_of_thousands_of_hosts_only_the_busy_ones_are_remembered() -> None:
    slots = Slots()
    slots.take(HOST)
    for number in range(2000):
        slots.take(f"{number}.example")
        slots.free(f"{number}.example", answered=True, after=QUICKLY)
    assert slots.room() == {HOST: FIRST_SLOTS_OF_A_HOST - 1}
