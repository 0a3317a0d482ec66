"""Play a story again, as `scenarios/export/?transaction=` has written it: forms, payments, SOAP calls, time.

By real requests, so that a reset is a reset. Each step says what came of it; a story is the same when every step is.
"""

import http.client
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from okpay_sandbox.client import Checkout, Sandbox
from okpay_sandbox.errors import NotIdle, Problem

FORMAT = "okpay-scenarios/1"
NAMESPACE = "https://api.okpay.com"
TIMEOUT = 330  # seconds: a scenario's longest delay, and a little
PATIENCE = 30  # seconds for what is due


@dataclass(frozen=True)
class Played:
    """A step, and what came of it. `expected` is empty for a step of which nothing is expected."""

    step: str
    outcome: str
    expected: str

    @property
    def is_same(self) -> bool:
        return self.expected in ("", self.outcome)


def play(sandbox: Sandbox, story: Mapping[str, Any], *, passwords: Mapping[str, str] | None = None) -> Iterator[Played]:
    """Take the scenarios in, then play step by step. The story's merchant and buyer become those of the sandbox.

    `passwords` are the API passwords of other wallets that call. Raises ValueError for what is no story, Problem when
    the gateway refuses the scenarios.
    """
    if story.get("format") != FORMAT:
        raise ValueError(f"This is no file of the format {FORMAT}.")
    if not story.get("story"):
        raise ValueError("There is no story in it, only scenarios: export one with ?transaction= or ?correlation=.")
    story = _recast(story, sandbox)
    sandbox.call("POST", "scenarios/import/", {name: story[name] for name in ("format", "scenarios")})
    player = _Player(sandbox, {**_passwords(sandbox), **(passwords or {})})
    for step in story["story"]:
        outcome = player.play(step)
        yield Played(_words(step), outcome, step.get("expect", ""))


class _Player:
    def __init__(self, sandbox: Sandbox, passwords: Mapping[str, str]) -> None:
        self._sandbox, self._passwords = sandbox, passwords
        self._checkout: Checkout | None = None
        self._transaction: int | None = None

    def play(self, step: Mapping[str, Any]) -> str:
        match step["do"]:
            case "form":
                return self._form(step["variables"])
            case "pay":
                return self._pay({name: step[name] for name in step if name not in ("do", "expect")})
            case "cancel":
                return str(self._open().cancel()["status"])
            case "soap":
                return self._soap(step["operation"], step.get("wallet", ""), step.get("parameters", {}))
            case "advance":
                self._sandbox.advance(step["by"])
                return "done"
            case "wait":
                return self._wait()
            case "approve" | "decline" | "refund" | "chargeback" as act:
                return self._act(act, {name: step[name] for name in step if name == "amount"})
        raise ValueError(f"There is no step {step['do']!r}.")

    def _form(self, variables: Mapping[str, str]) -> str:
        status, headers, _body, broken = self._post("/process.html", urlencode(variables), _FORM)
        if broken:
            return broken
        if status in (302, 303):
            self._checkout = self._sandbox.checkout_at(headers["Location"])
            return "opened"
        return "refused" if status == 400 else f"http:{status}"

    def _pay(self, body: Mapping[str, Any]) -> str:
        checkout = self._open()
        try:
            paid = self._sandbox.call("POST", f"checkout-sessions/{checkout.token}/pay/", dict(body))
        except Problem as problem:
            return f"fault:{problem.name}" if problem.name else "refused"
        self._transaction = paid["transaction"]
        if paid["status"] != "pending":
            return str(paid["status"])
        payment = self._sandbox.call("GET", f"transactions/{self._transaction}/")
        return f"pending:{payment['pending_reason']}"

    def _soap(self, operation: str, wallet: str, parameters: Mapping[str, str]) -> str:
        given = dict(parameters)
        if wallet:
            if wallet not in self._passwords:
                raise ValueError(f"{wallet} calls {operation}: say its API password with --password {wallet}=...")
            token = sha256(f"{self._passwords[wallet]}:{datetime.now(UTC):%Y%m%d:%H}".encode()).hexdigest().upper()
            given = {"WalletID": wallet, "SecurityToken": token, **given}
        fields = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in given.items())
        envelope = (
            '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
            f'<{operation} xmlns="{NAMESPACE}">{fields}</{operation}></s:Body></s:Envelope>'
        )
        status, _headers, answer, broken = self._post("/OkPayAPI", envelope, "text/xml; charset=utf-8")
        if broken:
            return broken
        try:
            root = ElementTree.fromstring(answer)  # noqa: S314 (our own gateway's)
        except ElementTree.ParseError:
            return "garbage" if status == 200 else f"http:{status}"
        if (fault := root.find(".//faultstring")) is not None:
            return f"fault:{fault.text}"
        if found := re.search(rb"<(?:\w+:)?ID>(\d+)</", answer):
            self._transaction = int(found[1])
        return "OK"

    def _act(self, act: str, body: Mapping[str, Any]) -> str:
        if self._transaction is None:
            raise ValueError(f"Nothing was paid before the step {act}.")
        try:
            self._sandbox.call("POST", f"transactions/{self._transaction}/{act}/", dict(body))
        except Problem:
            return "refused"
        return "done"

    def _wait(self) -> str:
        try:
            self._sandbox.wait(PATIENCE)
        except NotIdle:
            return "not idle"
        return "idle"

    def _open(self) -> Checkout:
        if self._checkout is None:
            raise ValueError("No payment form was taken before this step.")
        return self._checkout

    def _post(self, path: str, body: str, content_type: str) -> tuple[int, Mapping[str, str], bytes, str]:
        """Status, headers and body; and how the answer broke, if it did."""
        address = urlsplit(self._sandbox.gateway.url)
        kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
        link = kind(address.hostname or "", address.port, timeout=TIMEOUT)
        try:
            link.request("POST", address.path + path, body.encode(), {"Content-Type": content_type})
            answer = link.getresponse()
            content = answer.read()
        except http.client.IncompleteRead:
            return 0, {}, b"", "truncated"
        except (ConnectionResetError, http.client.RemoteDisconnected):
            return 0, {}, b"", "reset"
        finally:
            link.close()
        return answer.status, dict(answer.headers), content, ""


_FORM = "application/x-www-form-urlencoded; charset=utf-8"


def _passwords(sandbox: Sandbox) -> dict[str, str]:
    return {person.wallet: person.api_password for person in (sandbox.merchant, sandbox.buyer)}


def _recast(story: Mapping[str, Any], sandbox: Sandbox) -> dict[str, Any]:
    """The story with the people of the sandbox in it: their wallets, accounts and addresses instead of the story's."""
    instead: dict[str, str] = {}
    for name, person in (("merchant", sandbox.merchant), ("buyer", sandbox.buyer)):
        for field in ("wallet", "email", "account"):
            if was := (story.get(name) or {}).get(field):
                instead[was] = getattr(person, field)
    if not instead:
        return dict(story)
    names = re.compile(r"(?<![\w.+-])(?:" + "|".join(map(re.escape, instead)) + r")(?![\w-])", re.IGNORECASE)
    by_name = {was.lower(): now for was, now in instead.items()}

    def recast(value: Any) -> Any:
        if isinstance(value, str):
            return names.sub(lambda found: by_name[found[0].lower()], value)
        if isinstance(value, Mapping):
            return {name: recast(inner) for name, inner in value.items()}
        return [recast(inner) for inner in value] if isinstance(value, list) else value

    recast_story: dict[str, Any] = recast(dict(story))
    return recast_story


def _words(step: Mapping[str, Any]) -> str:
    match step["do"]:
        case "form":
            return f"form {step['variables'].get('ok_invoice', '')}".strip()
        case "pay":
            return f"pay {step.get('payer') or 'without login'}"
        case "soap":
            parameters = step.get("parameters", {})
            told = " ".join(filter(None, (parameters.get("Amount"), parameters.get("Currency"))))
            return f"{step['operation']} {told}".strip()
        case "advance":
            return f"advance {step['by']}"
        case "refund":
            return f"refund {step.get('amount', '')}".strip()
    return str(step["do"])
