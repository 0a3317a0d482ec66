"""Fifty sandboxes at once, over HTTP: each pays, tells and asks, and none ever sees a row or a message of another."""

import http.client
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from django.urls import get_resolver

from sandbox.api import ControlView, ListQuery
from sandbox.models import DEFAULT, Sandbox
from tests.listener import Listener, listening
from tests.soapapi import calls
from tests.web import web_server

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

SANDBOXES, AT_ONCE = 50, 12


class Job:
    """One CI job: a sandbox of its own, a shop that sells, a buyer who pays in three ways."""

    def __init__(self, base: str, listener: Listener) -> None:
        self.base, self.listener = base, listener
        self.people: Any = None

    def run(self) -> "Job":
        self.people = self.control("POST", "sandboxes/")
        self.id = self.people["id"]
        merchant, buyer = self.people["merchant"], self.people["buyer"]
        self.control(
            "PATCH",
            f"wallets/{merchant['wallet']}/",
            {"ipn_enabled": True, "ipn_url": f"{self.listener.url}/{self.id}", "api_password": "Own"},
        )
        form = {"ok_receiver": merchant["wallet"], "ok_item_1_name": "x", "ok_item_1_price": "5", "ok_currency": "USD"}
        token = self.request("POST", "/process.html", urlencode(form))[1]["Location"].rstrip("/").rpartition("/")[2]
        self.control("POST", f"checkout-sessions/{token}/pay/", {"payer": buyer["email"]})
        envelope = calls.request(
            "Send_Money",
            WalletID=buyer["wallet"],
            SecurityToken=calls.token(buyer["api_password"]),
            Receiver=merchant["email"],
            Currency="USD",
            Amount="3.00",
            Comment=self.id,
            IsReceiverPaysFees="false",
            Invoice="",
        )
        status, _headers, answer = self.request("POST", "/OkPayAPI", envelope, {"Content-Type": "text/xml"})
        assert status == 200, answer
        self.control("POST", "ipn-messages/simulate/", {"wallet": merchant["wallet"]})
        self.control("POST", "accounts/", {"email": f"anna@{self.id}.example", "password": "wonderland"})
        self.control("POST", "clock/", {"advance": "PT25H"})
        assert self.control("POST", "wait/", {"timeout": 60})["idle"]
        assert self.control("GET", "ledger/audit/")["ok"]
        return self

    def everything(self, path: str) -> dict[str, Any]:
        """All rows of a list, by what names them."""
        rows = []
        page = self.control("GET", path)
        while True:
            rows += page["results"]
            if not page.get("next"):
                break
            page = self.control("GET", page["next"].partition("/api/v1/")[2])
        return {str(row.get("id") or row.get("token") or row): row for row in rows}

    def control(self, method: str, call: str, body: Any = None) -> Any:
        aimed = call
        if self.people is not None and "sandbox=" not in call:
            aimed += f"{'&' if '?' in call else '?'}sandbox={self.people['id']}"
        headers = {"Authorization": "Bearer sandbox", "Content-Type": "application/json"}
        content = None if body is None else json.dumps(body)
        status, _headers, text = self.request(method, f"/api/v1/{aimed}", content, headers)
        assert status in (200, 201), f"{method} {aimed}: {text}"
        return json.loads(text)

    def request(
        self, method: str, path: str, body: str | None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any, str]:
        link = http.client.HTTPConnection(urlsplit(self.base).netloc, timeout=120)
        try:
            form = {"Content-Type": "application/x-www-form-urlencoded"}
            link.request(method, path, body, headers or form)
            answer = link.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        finally:
            link.close()


def lists() -> list[str]:
    """Every list of the control API that is about a sandbox."""

    def within(patterns: Any, prefix: str) -> Iterator[str]:
        for each in patterns:
            path = prefix + str(each.pattern)
            if hasattr(each, "url_patterns"):
                yield from within(each.url_patterns, path)
                continue
            view = getattr(each.callback, "cls", None) or getattr(each.callback, "view_class", None)
            actions = getattr(each.callback, "actions", None) or {}
            if isinstance(view, type) and issubclass(view, ControlView) and actions.get("get") == "list":
                instance = view()
                instance.action = "list"  # type: ignore[attr-defined]
                if issubclass(instance.get_query_class(), ListQuery):
                    yield path.replace("^", "").replace("$", "").replace("\\Z", "").removeprefix("api/v1/")

    return sorted(set(within(get_resolver().url_patterns, "")))


def test_fifty_sandboxes_never_see_one_another(world: Sandbox, tmp_path: Path) -> None:
    found = lists()
    assert {"accounts/", "wallets/", "transactions/", "ipn-messages/", "verifications/", "checkout-sessions/"} <= set(
        found
    )
    with (
        web_server(tmp_path) as base,
        listening(verify_at=base) as listener,
        ThreadPoolExecutor(AT_ONCE) as threads,
    ):
        jobs = list(threads.map(lambda _number: Job(base, listener).run(), range(SANDBOXES)))
        default = Job(base, listener)
        default.people = {"id": DEFAULT}
        jobs.append(default)
        for path in (*found, "journal/"):
            rows = list(threads.map(lambda job, path=path: job.everything(path), jobs))  # type: ignore[misc]
            for one, other in combinations(rows, 2):
                assert not one.keys() & other.keys(), path
            if path in ("accounts/", "wallets/", "transactions/", "ipn-messages/", "verifications/"):
                assert all(rows[:-1]), path
            for job, own in zip(jobs[:-1], rows, strict=False):
                others = [each.people["merchant"]["wallet"] for each in jobs[:-1] if each is not job]
                text = json.dumps(list(own.values()))
                assert not [wallet for wallet in others if wallet in text], path

    told = {request.target.rpartition("/")[2]: set[str]() for request in listener.requests}
    for request in listener.requests:
        told[request.target.rpartition("/")[2]].add(request.variables["ok_receiver_wallet"])
        assert request.verdict in ("VERIFIED", "TEST")
    assert told == {job.id: {job.people["merchant"]["wallet"]} for job in jobs[:-1]}
    assert len(listener.requests) == 3 * SANDBOXES
