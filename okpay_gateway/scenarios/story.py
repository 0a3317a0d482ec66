"""What happened, as a script that makes it happen again: the requests of a story, and what scenarios did to them.

A story is what shares a correlation, or the invoice of what does: a payment that was refused twice before it succeeded
is three requests. The steps are what came in from outside, in their order, with what came of each; between them the
clock goes on as it did. No secret is in them: the journal has none, and tokens are made anew by who plays it.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.sax.saxutils import escape

from django.db.models import Max, Q
from lxml import etree

from checkout.models import CheckoutSession
from ipn.models import DeliveryAttempt, IpnMessage
from okpay_gateway.journal.search import Search
from sandbox.api import iso_duration
from sandbox.effects import CHECKOUT, IPN, IPN_VERIFY, PROCESS, Play, read
from sandbox.masking import MASK
from sandbox.models import JournalEntry, Sandbox, ScenarioUse
from soapapi.contract import CREDENTIALS
from wallets.models import Account, Transaction, Wallet
from wallets.paysystems import OKPAY_BALANCE

# A story of more requests than this is no story.
MOST_REQUESTS = 500
SECOND = timedelta(seconds=1)
PAY_FIELDS = ("payer", "paysystem", "outcome", "currency", "comment", "custom", "price", "address")

_ACT = re.compile(r"/api/v1/transactions/(\d+)/(approve|decline|refund|chargeback)/")
_PAY = re.compile(r"/api/v1/checkout-sessions/[^/]+/pay/")

Step = dict[str, Any]


class NoStory(Exception):
    """The journal has nothing of it (any more)."""


@dataclass
class Story:
    """Steps to play, the scenarios that they need, and who was who."""

    steps: list[Step]
    scenarios: list[dict[str, Any]]
    merchant: dict[str, str]
    buyer: dict[str, str]


def tell(sandbox: Sandbox, *, transaction: int | None = None, correlation: str = "") -> Story:
    """The story of a transaction or a correlation. Raises NoStory."""
    return _Teller(sandbox, transaction, correlation).tell()


@dataclass
class _Moment:
    at: datetime
    rank: int
    step: Step
    # Of the journal's entry: while the clock stands still, all happens at one moment.
    number: int = 0


@dataclass
class _Teller:
    sandbox: Sandbox
    transaction: int | None
    correlation: str
    moments: list[_Moment] = field(default_factory=list)

    def tell(self) -> Story:
        self._find()
        for session in self.sessions:
            self._checkout(session)
        for entry in self.entries:
            self._request(entry)
        if not self.moments:
            raise NoStory
        self.moments.sort(key=lambda moment: (moment.at, moment.rank, moment.number))
        return Story(self._with_time(), self._scenarios(), *self._people())

    def _find(self) -> None:
        """Transactions, checkouts, journal entries and uses that belong together."""
        stories = Search(self.sandbox, transaction=self.transaction, correlation=self.correlation).stories
        assert stories
        names, numbers = set(stories.correlations), set(stories.transactions)
        of_sandbox = Transaction.objects.filter(sandbox=self.sandbox)
        entries = JournalEntry.objects.filter(sandbox=self.sandbox)
        named = entries.filter(correlation__in=names)
        invoices = {
            invoice
            for found in (of_sandbox.filter(id__in=numbers), named)
            for invoice in found.exclude(invoice="").values_list("invoice", flat=True)
        }
        if invoices:
            same = of_sandbox.filter(invoice__in=invoices, parent=None).order_by("-id")[:MOST_REQUESTS]
            numbers |= {row.id for row in same}
            names |= {row.correlation for row in same if row.correlation}
        # A SOAP call that was refused left no transaction: its invoice stands in its body only.
        bodies = Q()
        for invoice in invoices:
            bodies |= Q(kind=JournalEntry.Kind.SOAP, request_body__contains=f">{escape(invoice)}<")
        wanted = Q(correlation__in=names) | Q(invoice__in=invoices) | bodies | Q(transaction_id__in=numbers)
        self.entries = list(entries.filter(wanted).order_by("at", "id")[:MOST_REQUESTS])
        names |= {entry.correlation for entry in self.entries}
        self.transactions = list(
            Transaction.objects.select_related("payer_wallet__account", "receiver_wallet__account", "payer_account")
            .filter(sandbox=self.sandbox, id__in=numbers)
            .order_by("id")
        )
        self.sessions = list(
            CheckoutSession.objects.select_related("transaction", "payer_account", "receiver__account")
            .filter(sandbox=self.sandbox)
            .filter(Q(correlation__in=names) | Q(transaction_id__in=numbers))
            .distinct()
        )
        self.uses = list(
            ScenarioUse.objects.filter(sandbox=self.sandbox)
            .filter(Q(correlation__in=names) | Q(transaction_id__in=numbers))
            .order_by("id")
        )

    # Steps

    def _request(self, entry: JournalEntry) -> None:
        match entry.kind:
            case JournalEntry.Kind.FORM:
                pairs = [*parse_qsl(urlsplit(entry.url).query), *parse_qsl(entry.request_body)]
                variables = {name: value for name, value in pairs if name.startswith("ok_")}
                if variables:
                    self._add(entry, {"do": "form", "variables": variables}, self._of_form(entry))
            case JournalEntry.Kind.SOAP:
                if call := _call(entry.request_body):
                    self._add(entry, call, self._of_call(entry))
            case JournalEntry.Kind.API:
                if act := _ACT.search(entry.url):
                    amount = _told(entry, "amount")
                    self._add(entry, {"do": act[2], **amount}, "done" if entry.status < 400 else "refused")

    def _checkout(self, session: CheckoutSession) -> None:
        """How often Pay was pressed, and what came of it."""
        by_api = [
            entry
            for entry in self.entries
            if entry.correlation == session.correlation
            and entry.kind == JournalEntry.Kind.API
            and _PAY.search(entry.url)
        ]
        for entry in by_api:
            if entry.status < 400 and session.transaction:
                self._add(entry, {"do": "pay", **_told(entry, *PAY_FIELDS)}, self._first_state(session.transaction))
            elif entry.status >= 400:
                self._add(entry, {"do": "pay", **_told(entry, *PAY_FIELDS)}, _refused(entry))
        if not by_api:
            self._in_the_browser(session)
        if session.status == CheckoutSession.Status.CANCELED and session.finished_at:
            self.moments.append(_Moment(session.finished_at, 1, {"do": "cancel", "expect": "canceled"}))

    def _in_the_browser(self, session: CheckoutSession) -> None:
        """What a buyer typed is in no journal: his choices are those of the payment, before it too."""
        payment = session.transaction
        if payment is None:
            return
        step = {"do": "pay", **_choices(session)}
        for use in self.uses:
            if (use.operation, use.correlation, use.transaction_id) == (CHECKOUT, session.correlation, None):
                self.moments.append(_Moment(use.at, 1, {**step, "expect": f"fault:{_play(use).fault}"}))
        self.moments.append(_Moment(payment.created_at, 1, {**step, "expect": self._first_state(payment)}))

    def _first_state(self, payment: Transaction) -> str:
        """How it was when it was made; it may have been decided since."""
        for use in self.uses:
            if use.transaction_id == payment.id and use.operation == CHECKOUT and (play := _play(use)).status:
                return ":".join(filter(None, (play.status, play.reason)))
        if payment.status == Transaction.Status.PENDING:
            return f"pending:{payment.pending_reason}"
        return "failed" if payment.status == Transaction.Status.FAILED else "paid"

    def _of_call(self, entry: JournalEntry) -> str:
        """What the client met: a broken answer, the name of an error, or that all is well."""
        whole = "OK" if entry.outcome == "OK" else f"fault:{entry.outcome}"
        return self._broken(entry, entry.operation) or whole

    def _of_form(self, entry: JournalEntry) -> str:
        whole = entry.outcome if entry.outcome in ("opened", "refused") else f"http:{entry.status}"
        return self._broken(entry, PROCESS) or whole

    def _broken(self, entry: JournalEntry, operation: str) -> str:
        """What a scenario made of the answer; the journal has it as it was before."""
        for use in self.uses:
            if (use.correlation, use.operation) == (entry.correlation, operation) and (play := _play(use)).answer:
                return f"http:{play.http_status}" if play.answer == "http" else play.answer
        return ""

    def _add(self, entry: JournalEntry, step: Step, expect: str) -> None:
        self.moments.append(_Moment(entry.at, 0, {**step, "expect": expect}, entry.id))

    def _with_time(self) -> list[Step]:
        """The steps, with the clock moved between them as it went, and to the last thing that came of them."""
        steps: list[Step] = []
        before = self.moments[0].at
        for moment in self.moments:
            steps += _passing(moment.at - before)
            steps.append(moment.step)
            before = max(before, moment.at)
        if last := self._last_event():
            steps += _passing(last - before)
        return [*steps, {"do": "wait"}]

    def _last_event(self) -> datetime | None:
        """A notification that came late, a decision that fell later."""
        numbers = [each.id for each in self.transactions]
        attempts = DeliveryAttempt.objects.filter(message__transaction_id__in=numbers)
        moments = [
            attempts.aggregate(last=Max("sent_at"))["last"],
            *(each.updated_at for each in self.transactions),
        ]
        return max(filter(None, moments), default=None)

    # Scenarios

    def _scenarios(self) -> list[dict[str, Any]]:
        """For each operation one, whose steps are what its calls met, in their order."""
        scenarios = []
        for operation in dict.fromkeys(use.operation for use in self.uses if not use.directive):
            steps = _merged(self._met(operation))
            wallets = {use.wallet for use in self.uses if use.operation == operation} - {""}
            wallet = {"wallet": wallets.pop()} if len(wallets) == 1 else {}
            scenarios.append({"operation": operation, **wallet, "steps": steps})
        return scenarios

    def _met(self, operation: str) -> Iterator[ScenarioUse | None]:
        """The uses of an operation; None for each of its calls in between that went its usual way."""
        uses = [use for use in self.uses if use.operation == operation and not use.directive]
        if operation == IPN:
            by_message = {use.message_id: use for use in uses}
            numbers = [each.id for each in self.transactions]
            messages = IpnMessage.objects.filter(transaction_id__in=numbers).order_by("id")
            added = (IpnMessage.Scripted.COPY, IpnMessage.Scripted.FORGED, IpnMessage.Scripted.ALTERED)
            for message_id in messages.exclude(scripted__in=added).values_list("id", flat=True):
                yield by_message.get(message_id)
        elif operation in (CHECKOUT, PROCESS, IPN_VERIFY):
            yield from uses
        else:
            by_request = {use.correlation: use for use in uses}
            for entry in self.entries:
                if entry.kind == JournalEntry.Kind.SOAP and entry.operation == operation:
                    yield by_request.get(entry.correlation)

    # People

    def _people(self) -> tuple[dict[str, str], dict[str, str]]:
        payment = next(iter(self.transactions), None)
        if payment:
            payer = payment.payer
            paid_from = None if payment.payer_wallet.is_house else payment.payer_wallet
            return _person(payment.receiver_wallet.account, payment.receiver_wallet), _person(payer, paid_from)
        session = next(iter(self.sessions), None)
        if session:
            return _person(session.receiver.account, session.receiver), _person(session.payer_account, None)
        return {}, {}


def _passing(time: timedelta) -> list[Step]:
    """What takes less than a second is not worth moving a clock for."""
    whole = timedelta(seconds=round(time.total_seconds()))
    return [{"do": "advance", "by": iso_duration(whole)}] if whole >= SECOND else []


def _play(use: ScenarioUse) -> Play:
    return read(use.effect, operation=use.operation)


def _refused(entry: JournalEntry) -> str:
    """By the official name, if the refusal has one."""
    error = _json(entry.response_body).get("error")
    name = error.get("name", "") if isinstance(error, dict) else ""
    return f"fault:{name}" if name else "refused"


def _choices(session: CheckoutSession) -> Step:
    """What the buyer chose, as the control API takes it."""
    choices = session.choices or {}
    method = choices.get("method", OKPAY_BALANCE)
    payer = session.payer_account
    step: Step = {"payer": payer.email if payer else None, "paysystem": method}
    payment = session.transaction
    if method != OKPAY_BALANCE and payment and payment.status in ("failed", "pending"):
        step["outcome"] = {"failed": "refused"}.get(payment.status, payment.status)
    if choices.get("from_currency") and choices["from_currency"] != session.currency_id:
        step["currency"] = choices["from_currency"]
    if choices.get("comment"):
        step["comment"] = choices["comment"]
    values: dict[str, str] = choices.get("values") or {}
    if custom := {name: value for name, value in values.items() if not name.endswith("_price")}:
        step["custom"] = custom
    if prices := [value for name, value in values.items() if name.endswith("_price")]:
        step["price"] = prices[0].replace(",", ".")
    return step


def _call(body: str) -> Step | None:
    """A SOAP call's function and parameters, without its credentials. None for what is no call."""
    try:
        root = etree.fromstring(body.encode(), etree.XMLParser(resolve_entities=False, no_network=True))
    except (etree.XMLSyntaxError, ValueError):
        return None
    called = [
        element for element in root.iter() if len(element) and _name(element) not in ("Envelope", "Body", "Header")
    ]
    if not called:
        return None
    call = called[0]
    given = {_name(element): element.text or "" for element in call if not len(element)}
    wallet = given.get("WalletID", "")
    parameters = {name: value for name, value in given.items() if name not in CREDENTIALS and MASK not in value}
    return {"do": "soap", "operation": _name(call), "wallet": wallet, "parameters": parameters}


def _name(element: Any) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _told(entry: JournalEntry, *names: str) -> Step:
    """Fields of a call of the control API, as far as they are what they should be: anything may have been sent."""

    def is_right(name: str, value: Any) -> bool:
        if name in ("custom", "address"):
            return isinstance(value, dict) and all(isinstance(each, str) for each in value.values())
        return isinstance(value, str) or (name == "payer" and value is None)

    body = _json(entry.request_body)
    return {name: body[name] for name in names if name in body and is_right(name, body[name])}


def _json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _merged(met: Iterable[ScenarioUse | None]) -> list[dict[str, Any]]:
    """Steps; calls in a row that met the same are one step. What went its usual way at the end needs none."""
    steps: list[dict[str, Any]] = []
    for use in met:
        effect, delay = (use.effect, use.delay) if use else ("succeed", 0.0)
        if steps and (steps[-1]["effect"], steps[-1]["delay"]) == (effect, delay):
            steps[-1]["times"] += 1
        else:
            steps.append({"effect": effect, "times": 1, "delay": delay})
    while len(steps) > 1 and (steps[-1]["effect"], steps[-1]["delay"]) == ("succeed", 0.0):
        del steps[-1]
    return steps


def _person(account: Account | None, wallet: Wallet | None) -> dict[str, str]:
    if account is None:
        return {}
    wallet = wallet or account.wallets.order_by("created_at", "id").first()
    return {"account": account.id, "wallet": wallet.id if wallet else "", "email": account.email}
