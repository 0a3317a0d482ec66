"""A gateway, a sandbox in it, and a checkout: the control API as Python objects.

What the API answers is handed on as it is (dicts as /api/docs/ describes them): amounts are strings with two decimals,
times ISO 8601 in UTC. Errors are those of `okpay_sandbox.errors`.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from types import TracebackType
from typing import Any, Self

from okpay_sandbox.errors import NotIdle
from okpay_sandbox.http import Link

Row = dict[str, Any]

DEFAULT_URL = "http://127.0.0.1:8000"
DEFAULT_TOKEN = "sandbox"  # noqa: S105 (the published one of every sandbox)
MOST_REFUSALS = 20


class Gateway:
    """A running gateway. Not given: OKPAY_URL and CONTROL_TOKEN of the environment, else those of `make run`."""

    def __init__(self, url: str = "", token: str = "") -> None:
        self.url = (url or os.environ.get("OKPAY_URL") or DEFAULT_URL).rstrip("/")
        self.link = Link(self.url, token or os.environ.get("CONTROL_TOKEN") or DEFAULT_TOKEN)

    def __repr__(self) -> str:
        return f"Gateway({self.url!r})"

    def wait_until_ready(self, within: float = 60) -> None:
        """Until /health/ says that all parts are ok; `within` in seconds. Raises GatewayUnreachable."""
        self.link.wait_until_ready(within)

    def new_sandbox(self, **wanted: Any) -> "Sandbox":
        """A sandbox with people, money, clock and journal of its own; as a context manager it is deleted at the end."""
        return Sandbox._from(self, self.link.call("POST", "sandboxes/", wanted))

    def sandboxes(self) -> list[Row]:
        return list(self.link.pages("sandboxes/", {}))

    def default(self) -> "Sandbox":
        """The sandbox that strangers meet, with the demo cast. It cannot be deleted."""
        merchant = Party("666146284", "OK702746927", "merchant@example.com", "merchant", "MyApiPass")
        buyer = Party("100000001", "OK100000001", "buyer@example.com", "buyer", "BuyerPass")
        return Sandbox(self, "default", merchant, buyer)

    def delete_sandbox(self, sandbox_id: str) -> None:
        self.link.call("DELETE", f"sandboxes/{sandbox_id}/")


@dataclass(frozen=True)
class Party:
    """Somebody in a sandbox, with all that is needed to act for him. The passwords are not shown when printed."""

    account: str
    wallet: str
    email: str
    password: str = field(repr=False)
    api_password: str = field(repr=False)


@dataclass(frozen=True)
class Sandbox:
    """One test's own gateway: whatever is done here touches nobody else."""

    gateway: Gateway = field(repr=False)
    id: str
    merchant: Party
    buyer: Party

    @classmethod
    def _from(cls, gateway: Gateway, answer: Row) -> Self:
        return cls(
            gateway,
            answer["id"],
            *(
                Party(**{name: str(answer[who][name]) for name in Party.__match_args__})
                for who in ("merchant", "buyer")
            ),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.delete()

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """Any call of the control API, aimed at this sandbox. Raises Problem."""
        return self.gateway.link.call(method, path, body, query={"sandbox": self.id, **query})

    def rows(self, path: str, **filters: Any) -> Iterator[Row]:
        """Every row of any list of the control API."""
        return self.gateway.link.pages(path, {"sandbox": self.id, **filters})

    # The merchant's side.

    def set_wallet(self, wallet: str = "", **fields: Any) -> Row:
        """Change a wallet's settings (the merchant's if none is named): `set_wallet(return_method="POST")`."""
        changed: Row = self.call("PATCH", f"wallets/{wallet or self.merchant.wallet}/", fields)
        return changed

    def notify(self, url: str) -> Row:
        """Send the merchant's notifications there."""
        return self.set_wallet(ipn_enabled=True, ipn_url=url)

    def open_checkout(self, variables: dict[str, str] | None = None, **more: str) -> "Checkout":
        """Send a payment form; `ok_receiver` is the merchant if not given. Raises FormRefused."""
        location = self.gateway.link.post_form({"ok_receiver": self.merchant.wallet, **(variables or {}), **more})
        return Checkout(self, location.rstrip("/").rsplit("/", 1)[-1])

    def checkout_at(self, url: str) -> "Checkout":
        """The checkout that a shop's own form led to."""
        return Checkout(self, url.rstrip("/").rsplit("/", 1)[-1])

    # What happened.

    def balance(self, currency: str, wallet: str = "") -> Decimal:
        """What a wallet has (the merchant's if none is named)."""
        found = self.call("GET", f"wallets/{wallet or self.merchant.wallet}/")["balances"]
        return Decimal(found.get(currency, "0.00"))

    def transactions(self, **filters: Any) -> list[Row]:
        """Filters: wallet, kind, status, invoice, from, till."""
        return list(self.rows("transactions/", **filters))

    def messages(self, **filters: Any) -> list[Row]:
        """IPN messages with all their attempts, the newest first. Filters: wallet, transaction, status."""
        return list(self.rows("ipn-messages/", **filters))

    def verifications(self, **filters: Any) -> list[Row]:
        """Every call of ipn-verify and why it got its answer. Filters: message, transaction, verdict."""
        return list(self.rows("verifications/", **filters))

    def journal(self, **filters: Any) -> list[Row]:
        return list(self.rows("journal/", **filters))

    def audit(self, head: str = "") -> Row:
        """{"ok": true, ...} if the books are right. `head` is `["chain"]["head"]` of an earlier answer."""
        found: Row = self.call("GET", "ledger/audit/", **({"head": head} if head else {}))
        return found

    # The tester's hand.

    def wait(self, timeout: float = 10) -> None:
        """Until nothing is due or under way; `timeout` in seconds. Raises NotIdle, which says what still is."""
        left = self.gateway.link.call(
            "POST", "wait/", {"timeout": timeout}, query={"sandbox": self.id}, timeout=timeout + 30
        )
        if not left.pop("idle"):
            raise NotIdle({name: what for name, what in left.items() if what})

    def advance(self, by: str) -> Row:
        """Move this sandbox's time forward ("PT30M") and do all that becomes due; what was done."""
        done: Row = self.gateway.link.call("POST", "clock/", {"advance": by}, query={"sandbox": self.id}, timeout=600)
        return done

    def resend(self, message: int) -> Row:
        sent: Row = self.call("POST", f"ipn-messages/{message}/resend/", {})
        return sent

    def simulate(self, **fields: Any) -> Row:
        """Send a test message, as the IPN Simulator does; to the merchant if no wallet is named."""
        sent: Row = self.call("POST", "ipn-messages/simulate/", {"wallet": self.merchant.wallet, **fields})
        return sent

    def refund(self, transaction: int, amount: str | None = None) -> Row:
        body = {} if amount is None else {"amount": amount}
        done: Row = self.call("POST", f"transactions/{transaction}/refund/", body)
        return done

    def chargeback(self, transaction: int) -> Row:
        done: Row = self.call("POST", f"transactions/{transaction}/chargeback/", {})
        return done

    def scenario(self, **fields: Any) -> Row:
        """Make the next calls end as scripted; the fields are those of `POST scenarios/`."""
        made: Row = self.call("POST", "scenarios/", fields)
        return made

    def reset(self) -> None:
        """Back to how it was made."""
        path = "reset/" if self.id == "default" else f"sandboxes/{self.id}/reset/"
        self.gateway.link.call("POST", path, {})

    def snapshot(self, name: str = "") -> Row:
        made: Row = self.gateway.link.call("POST", f"sandboxes/{self.id}/snapshot/", {"name": name} if name else {})
        return made

    def restore(self, name: str = "") -> Row:
        """Everything as it was at the snapshot; the last one if no name is given."""
        done: Row = self.gateway.link.call("POST", f"sandboxes/{self.id}/restore/", {"name": name} if name else {})
        return done

    def delete(self) -> None:
        self.gateway.delete_sandbox(self.id)

    def story(self) -> list[str]:
        """What happened here, a line each, for the report of a failed test."""
        lines = [
            f"transaction {row['id']} {row['kind']} {row['status']} {row['gross']} {row['currency']}"
            f" invoice={row['invoice']!r}"
            for row in reversed(self.transactions())
            if row["kind"] != "deposit"  # the money that everybody begins with
        ]
        for row in reversed(self.messages()):
            lines.append(f"IPN {row['id']} for transaction {row['transaction']} {row['status']} to {row['url']}")
            for attempt in row["attempts"]:
                code = (attempt["response"] or {}).get("code", "no answer")
                lines.append(f"  attempt {attempt['number']}: {code} {attempt['error']}".rstrip())
        lines += [f"ipn-verify {row['verdict']}: {row.get('reason', '')}" for row in reversed(self.verifications())]
        lines += [f"refused: {': '.join(filter(None, (r['summary'], r['why'])))}" for r in reversed(self._refusals())]
        return lines or ["nothing happened"]

    def _refusals(self) -> list[Row]:
        """The newest payment forms and SOAP calls that were refused: nothing else is left of them."""
        page = self.call("GET", "journal/", kind="form,soap", failed="true", page_size=MOST_REFUSALS)
        found: list[Row] = page["results"]
        return found


@dataclass(frozen=True)
class Checkout:
    """An order that came to process.html."""

    sandbox: Sandbox = field(repr=False)
    token: str = field(repr=False)

    @property
    def url(self) -> str:
        """Where a person would pay."""
        return f"{self.sandbox.gateway.url}/checkout/{self.token}/"

    def read(self) -> Row:
        found: Row = self.sandbox.call("GET", f"checkout-sessions/{self.token}/")
        return found

    def pay(self, payer: str | None = "", **choices: Any) -> Row:
        """Pay as a person would. Not given: the sandbox's buyer, from his balance. None: nobody is logged in.

        The answer has the transaction, and `return_url` with its variables. Raises Problem.
        """
        body = {"payer": self.sandbox.buyer.email if payer == "" else payer, **choices}
        paid: Row = self.sandbox.call("POST", f"checkout-sessions/{self.token}/pay/", body)
        return paid

    def cancel(self) -> Row:
        cancelled: Row = self.sandbox.call("POST", f"checkout-sessions/{self.token}/cancel/", {})
        return cancelled
