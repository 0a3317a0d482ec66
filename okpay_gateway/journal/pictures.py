"""A story as a picture: who spoke to whom, from top to bottom. Nothing here but geometry."""

from collections.abc import Sequence
from dataclasses import dataclass

from okpay_gateway.journal.events import Event, Kind

# In units of the drawing.
BROWSER, OKPAY, SHOP = 52, 190, 328
WIDTH, TOP, STEP = 380, 74, 42
# As many as still are a picture; the list beside it has all.
MOST_STEPS = 40

FROM_TO: dict[Kind, tuple[int, int]] = {
    Kind.FORM: (BROWSER, OKPAY),
    Kind.PAGE: (BROWSER, OKPAY),
    Kind.API: (BROWSER, OKPAY),
    Kind.SOAP: (SHOP, OKPAY),
    Kind.VERIFY: (SHOP, OKPAY),
    Kind.IPN: (OKPAY, SHOP),
    Kind.RETURN: (BROWSER, SHOP),
}
TIP = 4  # an arrow ends so far before the line


@dataclass(frozen=True)
class Step:
    number: int
    y: int
    label: str
    failed: bool
    start: int = OKPAY
    end: int = OKPAY

    @property
    def is_arrow(self) -> bool:
        return self.start != self.end

    @property
    def tip(self) -> int:
        return self.end - TIP if self.end > self.start else self.end + TIP

    @property
    def middle(self) -> int:
        return (self.start + self.end) // 2 if self.is_arrow else OKPAY

    @property
    def label_y(self) -> int:
        return self.y - 8 if self.is_arrow else self.y - 15

    @property
    def digit_y(self) -> float:
        return self.y + 4.3

    @property
    def by_server(self) -> bool:
        return SHOP in (self.start, self.end) and OKPAY in (self.start, self.end)


@dataclass(frozen=True)
class Picture:
    steps: list[Step]

    @property
    def height(self) -> int:
        return TOP + STEP * len(self.steps)

    @property
    def floor(self) -> int:
        return self.height - 8


def picture(events: Sequence[Event]) -> Picture:
    steps = []
    for number, event in enumerate(events[:MOST_STEPS], start=1):
        start, end = FROM_TO.get(event.kind, (OKPAY, OKPAY))
        steps.append(Step(number, TOP + STEP * (number - 1), _label(event), event.failed, start, end))
    return Picture(steps)


def _label(event: Event) -> str:
    """A word of the wire's: what was asked or said. They are the same in every language."""
    match event.kind:
        case Kind.FORM:
            return "process.html"
        case Kind.PAGE:
            return event.operation.replace("_", " ")
        case Kind.SOAP:
            return event.operation or "OkPayAPI"
        case Kind.API:
            return event.path.rstrip("/").rpartition("/")[2]
        case Kind.VERIFY:
            return event.outcome
        case Kind.IPN:
            return f"ok_ipn: {event.status or '—'}"
        case Kind.RETURN:
            return "ok_return_fail" if event.failed else "ok_return_success"
        case Kind.PAYMENT | Kind.BOOKING:
            return f"{event.about.gross:.2f} {event.about.currency_id}"
