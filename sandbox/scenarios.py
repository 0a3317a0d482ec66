"""Scripted outcomes: who has a call, and what happens to it.

A mouth describes the call (`Occasion`) and asks (`meet`); None means that everything goes its usual way, and costs next
to nothing as long as the sandbox has no scenario. A directive in the call's own invoice comes before any scenario. A
use is counted by one conditional UPDATE: however many calls come at once, a scenario for three has three.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet

from sandbox import correlation, directives, journal, magic, transport
from sandbox.directives import DirectiveError
from sandbox.effects import IPN, IPN_VERIFY, SOAP, SOAP_FUNCTIONS, Play, delayed, read
from sandbox.models import Sandbox, Scenario, ScenarioUse

_SOAP_FUNCTIONS = frozenset(SOAP_FUNCTIONS)


@dataclass(frozen=True)
class Occasion:
    """A call, as far as scenarios look at it.

    `wallets` take part in it, first the one whose call it is; `receivers` are all names of who is paid.
    """

    operation: str
    sandbox: Sandbox
    wallets: tuple[str, ...] = ()
    receivers: tuple[str, ...] = ()
    currency: str = ""
    amount: Decimal | None = None
    invoice: str = ""
    # The story that it belongs to, where that is not the request's own.
    correlation: str = ""

    def suits(self, scenario: Scenario) -> bool:
        """Whether it is what a scenario waits for; its operation is known to be."""
        return (
            (not scenario.wallet or scenario.wallet in self.wallets)
            and (not scenario.receiver or scenario.receiver.lower() in {name.lower() for name in self.receivers})
            and (not scenario.currency or scenario.currency == self.currency)
            and (not scenario.invoice or scenario.invoice == self.invoice)
            and (scenario.min_amount is None or (self.amount is not None and scenario.min_amount <= self.amount))
            and (scenario.max_amount is None or (self.amount is not None and self.amount <= scenario.max_amount))
        )


@dataclass(frozen=True)
class Cue:
    """What shall happen to a call, and the row that remembers it."""

    play: Play
    use: ScenarioUse

    @property
    def told(self) -> str:
        """Who asked for what, for a header or a log."""
        who = f"directive {self.use.directive}" if self.use.directive else f"scenario {self.use.scenario_id}"
        return f"{who}: {self.play.effect}"

    def led_to(self, **what: Any) -> None:
        """What came of the call: transaction_id, message_id."""
        ScenarioUse.objects.filter(id=self.use.id).update(**what)


def may_meet(sandbox: Sandbox, invoice: str = "") -> bool:
    """Whether it is worth describing the call. Asked with every call; looks at nothing but what it is given."""
    return (sandbox.scripted or directives.is_in(invoice)) and settings.SANDBOX


def meet(occasion: Occasion, *, now: datetime, is_paying: bool = True) -> Cue | None:
    """What shall happen to this call, counted and written down. `is_paying`: its invoice is that of a payment.

    Raises DirectiveError for a directive in the invoice that is none.
    """
    if not may_meet(occasion.sandbox, occasion.invoice):
        return None
    cue = _directed(occasion, now) if is_paying else None
    if cue is None and occasion.sandbox.scripted:
        cue = _scripted(occasion, now)
    if cue is not None:
        transport.disturb(cue.play, cue.told)
        if occasion.operation != IPN:
            journal.note(script=cue.told)
    return cue


def _directed(occasion: Occasion, now: datetime) -> Cue | None:
    beside = occasion.operation in (IPN, IPN_VERIFY)
    try:
        directive = directives.find(occasion.invoice, operation="" if beside else occasion.operation)
    except DirectiveError:
        if beside:  # it was refused where it came in, or came in where nobody looks for one
            return None
        raise
    play = directive and directive.plays.get(occasion.operation)
    if not directive or not play:
        return None
    return Cue(play, _remember(occasion, play, now, directive=directive.text))


def _scripted(occasion: Occasion, now: datetime) -> Cue | None:
    operations = ["", occasion.operation, *([SOAP] if occasion.operation in _SOAP_FUNCTIONS else ())]
    for scenario in live(occasion.sandbox).filter(operation__in=operations).order_by("-priority", "id"):
        if not occasion.suits(scenario):
            continue
        play = _play_of(scenario, scenario.used, occasion)
        # The table of magic amounts may have nothing for this one: then it is not a use.
        if play is None:
            continue
        with transaction.atomic():
            number = _count(scenario)
            if number is None:  # others were faster
                continue
            play = _play_of(scenario, number - 1, occasion)
            assert play is not None
            return Cue(play, _remember(occasion, play, now, scenario=scenario, number=number))
    return None


def live(sandbox: Sandbox) -> QuerySet[Scenario]:
    """Those that wait for calls."""
    unfinished = Q(most=None) | Q(used__lt=F("most"))
    return Scenario.objects.filter(unfinished, sandbox=sandbox, paused=False)


def _count(scenario: Scenario) -> int | None:
    """Take one use: its number, from 1. None when there is none left."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE sandbox_scenario SET used = used + 1"
            " WHERE id = %s AND NOT paused AND (most IS NULL OR used < most) RETURNING used",
            [scenario.id],
        )
        row = cursor.fetchone()
    return row[0] if row else None


def _play_of(scenario: Scenario, before: int, occasion: Occasion) -> Play | None:
    """The step of a scenario that so many uses were `before`."""
    step = step_at(scenario.steps, before)
    play = read(step["effect"], operation=scenario.operation)
    if play.is_magic:
        return magic.play(occasion.operation, occasion.amount)
    return delayed(play, step.get("delay", 0))


def step_at(steps: Sequence[dict[str, Any]], before: int) -> dict[str, Any]:
    """The step whose turn it is after so many uses."""
    for step in steps:
        if step["times"] is None or before < step["times"]:
            return step
        before -= step["times"]
    return steps[-1]


def most_of(steps: Iterable[Mapping[str, Any]]) -> int | None:
    """How many calls the steps are for in all, None for any number."""
    times = [step["times"] for step in steps]
    return None if None in times else sum(times)


def _remember(
    occasion: Occasion,
    play: Play,
    now: datetime,
    *,
    scenario: Scenario | None = None,
    number: int | None = None,
    directive: str = "",
) -> ScenarioUse:
    use = ScenarioUse.objects.create(
        sandbox=occasion.sandbox,
        scenario=scenario,
        number=number,
        directive=directive,
        at=now,
        operation=occasion.operation,
        effect=play.effect,
        correlation=occasion.correlation or correlation.current(),
        delay=play.delay,
        wallet=occasion.wallets[0] if occasion.wallets else "",
    )
    if use.id % 20 == 0:
        siblings = ScenarioUse.objects.filter(sandbox=occasion.sandbox, scenario=scenario).order_by("-id")
        if oldest_kept := siblings.values_list("id", flat=True)[ScenarioUse.KEPT - 1 : ScenarioUse.KEPT].first():
            siblings.filter(id__lt=oldest_kept).delete()
    return use


# What people do with them


@transaction.atomic
def look_again(sandbox: Sandbox) -> None:
    """Say in the sandbox's own row whether there is any: every call reads that row anyway, and no other.

    To be called after each change. The lock makes two who change at once see one another.
    """
    locked = Sandbox.objects.select_for_update(no_key=True).get(id=sandbox.id)
    locked.scripted = sandbox.scripted = live(sandbox).exists()
    locked.save(update_fields=["scripted"])


def reset(scenario: Scenario) -> None:
    """As if no call had met it yet."""
    Scenario.objects.filter(id=scenario.id).update(used=0, paused=False)
    scenario.uses.all().delete()
    look_again(scenario.sandbox)


def pause(scenario: Scenario, *, paused: bool) -> None:
    Scenario.objects.filter(id=scenario.id).update(paused=paused)
    look_again(scenario.sandbox)


def clear(scenarios: QuerySet[Scenario], sandbox: Sandbox) -> int:
    """Delete them; returns how many there were."""
    _all, by_model = scenarios.delete()
    look_again(sandbox)
    return by_model.get("sandbox.Scenario", 0)
