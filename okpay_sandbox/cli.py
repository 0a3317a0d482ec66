"""The gateway from a terminal: `manage.py sandboxctl`, or `okpay-sandbox` where it is installed.

Exit codes: 0 done, 1 refused, failed or not right, 2 wrong arguments.
"""

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from okpay_sandbox import forwarding, replay
from okpay_sandbox.client import DEFAULT_URL, Gateway, Sandbox
from okpay_sandbox.errors import FormRefused, GatewayUnreachable, NotIdle, Problem

# What `tail` asks for while nothing happens.
PAUSE = 0.5  # seconds


def main(arguments: Sequence[str] | None = None, program: str = "okpay-sandbox") -> int:
    options = _parser(program).parse_args(arguments)
    # A CI job ends with `kill` what a person ends with Ctrl-C: a wallet's settings are put back either way.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        gateway = Gateway(options.url, options.token)
        return int(options.run(gateway, options) or 0)
    except GatewayUnreachable as error:
        print(f"{error}\nDoes the gateway run there? --url or OKPAY_URL says where it is.", file=sys.stderr)
        return 1
    except (Problem, FormRefused, NotIdle) as error:
        print(error, file=sys.stderr)
        return 1
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 0
    finally:
        signal.signal(signal.SIGTERM, before)


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(program, description="Drive a running OKPAY gateway by its control API.")
    parser.add_argument(
        "--url", default="", help=f"where it is; else OKPAY_URL, else {os.environ.get('OKPAY_URL') or DEFAULT_URL}"
    )
    parser.add_argument("--token", default="", help="its control token; else CONTROL_TOKEN, else sandbox")
    parser.add_argument("--sandbox", default="default", metavar="ID", help="the sandbox to act in (default: default)")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(
        name: str, run: Callable[[Gateway, argparse.Namespace], int | None], help: str
    ) -> argparse.ArgumentParser:
        found = commands.add_parser(name, help=help, description=f"{help[0].upper()}{help[1:]}.")
        found.set_defaults(run=run)
        return found

    command("create", _create, "make a sandbox; prints its people and passwords as JSON")
    command("list", _list, "list the sandboxes")
    command("delete", _delete, "delete a sandbox and all that is in it").add_argument("id")
    command("reset", _reset, "bring the sandbox back to how it was made")

    trigger = command("trigger", _trigger, "make something happen, and so a notification")
    what = trigger.add_subparsers(title="what", required=True, metavar="WHAT", dest="what")
    payment = what.add_parser("payment", help="a form to the merchant, paid by the buyer")
    payment.add_argument("--amount", default="12.50")
    payment.add_argument("--currency", default="EUR")
    payment.add_argument("--invoice", default="")
    payment.add_argument("--payer", help="e-mail, wallet or account; else the demo cast's buyer")
    payment.add_argument("--var", action="append", default=[], metavar="ok_NAME=VALUE", help="any other variable")
    refund = what.add_parser("refund", help="money back")
    refund.add_argument("transaction", type=int)
    refund.add_argument("--amount", help="else all that is left")
    chargeback = what.add_parser("chargeback", help="all of it, taken back")
    chargeback.add_argument("transaction", type=int)
    message = what.add_parser("message", help="a test message that no payment caused, as the IPN Simulator sends it")
    message.add_argument("--wallet", help="else the demo cast's merchant")
    message.add_argument("--kind")
    message.add_argument("--status")
    message.add_argument("--to", metavar="URL", help="else the wallet's own IPN URL")

    messages = command("messages", _messages, "list notifications, the newest first")
    messages.add_argument("--status", choices=["queued", "sent", "retrying", "failed", "withheld"])
    messages.add_argument("--limit", type=int, default=20)
    resend = command("resend", _resend, "send notifications again")
    resend.add_argument("id", type=int, nargs="+")
    tail = command("tail", _tail, "follow the journal: every request and its answer")
    tail.add_argument("--once", action="store_true", help="print what there is, and end")
    advance = command("advance", _advance, "move the sandbox's time, and do what becomes due")
    advance.add_argument("by", metavar="DURATION", help="as ISO 8601 writes it: PT30M, P1D")
    wait = command("wait", _wait, "return when nothing is due or under way; exit code 1 when something still is")
    wait.add_argument("--timeout", type=float, default=10, metavar="SECONDS")
    audit = command("audit", _audit, "exit code 1 when the books are not right, or the past was changed")
    audit.add_argument("--head", default="", metavar="HASH", help="chain.head of an earlier audit: is it still there?")
    story = command("story", _story, "write down how a payment came about: a file for replay")
    story.add_argument("transaction", type=int, nargs="?", help="its ID")
    story.add_argument("--correlation", help="or the X-Correlation-ID of a request")
    replay = command("replay", _replay, "play a story again; exit code 1 when anything comes out otherwise")
    replay.add_argument("file", help="as `story` or `scenarios/export/` has written it; - for standard input")
    replay.add_argument("--password", action="append", default=[], metavar="WALLET=API_PASSWORD", help="of others")
    listen = command("listen", forwarding.run, "receive a wallet's notifications and forward them to your listener")
    listen.add_argument("--forward-to", required=True, metavar="URL", help="http://localhost:3000/ipn")
    listen.add_argument("--wallet", default="", help="else the demo cast's merchant")
    listen.add_argument("--bind", default="127.0.0.1", metavar="ADDRESS", help="where to receive (127.0.0.1)")
    listen.add_argument(
        "--reach-me-at", default="", metavar="HOST", help="what the gateway calls this machine: host.docker.internal"
    )
    return parser


def _story(gateway: Gateway, options: argparse.Namespace) -> None:
    if (options.transaction is None) == (options.correlation is None):
        raise ValueError("Name a transaction or a --correlation.")
    query = {"transaction": options.transaction, "correlation": options.correlation}
    print(json.dumps(_sandbox(gateway, options).call("GET", "scenarios/export/", **query), indent=2))


def _replay(gateway: Gateway, options: argparse.Namespace) -> int:
    try:
        text = sys.stdin.read() if options.file == "-" else Path(options.file).read_text()
        story = json.loads(text)
    except (OSError, ValueError) as error:
        raise ValueError(f"{options.file}: {error}") from None
    passwords = dict(given.split("=", 1) for given in options.password if "=" in given)
    same = True
    for played in replay.play(_sandbox(gateway, options), story, passwords=passwords):
        otherwise = "" if played.is_same else f"   in the story: {played.expected}"
        print(f"{'ok  ' if played.is_same else 'NOT '} {played.step}: {played.outcome}{otherwise}", flush=True)
        same = same and played.is_same
    return 0 if same else 1


def _sandbox(gateway: Gateway, options: argparse.Namespace) -> Sandbox:
    """The named sandbox; its people are the demo cast's, which other sandboxes do not have."""
    return Sandbox(gateway, options.sandbox, gateway.default().merchant, gateway.default().buyer)


def _create(gateway: Gateway, _options: argparse.Namespace) -> None:
    print(json.dumps(gateway.link.call("POST", "sandboxes/", {}), indent=2))


def _list(gateway: Gateway, _options: argparse.Namespace) -> None:
    for row in gateway.sandboxes():
        print(row["id"])


def _delete(gateway: Gateway, options: argparse.Namespace) -> None:
    gateway.delete_sandbox(options.id)
    print(f"Deleted {options.id}.")


def _reset(gateway: Gateway, options: argparse.Namespace) -> None:
    _sandbox(gateway, options).reset()
    print(f"Reset {options.sandbox}.")


def _trigger(gateway: Gateway, options: argparse.Namespace) -> None:
    sandbox = _sandbox(gateway, options)
    if options.what == "payment":
        _pay(sandbox, options)
    elif options.what == "message":
        fields = {"wallet": options.wallet, "kind": options.kind, "status": options.status, "url": options.to}
        made = sandbox.simulate(**{name: value for name, value in fields.items() if value})
        print(f"message {made['id']} {made['status']}")
    else:
        done = (
            sandbox.refund(options.transaction, options.amount)
            if options.what == "refund"
            else sandbox.chargeback(options.transaction)
        )
        print(f"transaction {done['id']} {done['kind']} {done['status']} {done['gross']} {done['currency']}")


def _pay(sandbox: Sandbox, options: argparse.Namespace) -> None:
    variables = {
        "ok_item_1_name": "Triggered from the terminal",
        "ok_item_1_price": options.amount,
        "ok_currency": options.currency,
        "ok_invoice": options.invoice,
    }
    for given in options.var:
        name, equals, value = given.partition("=")
        if not equals:
            raise ValueError(f"--var {given}: write it as ok_NAME=VALUE")
        variables[name] = value
    checkout = sandbox.open_checkout({name: value for name, value in variables.items() if value})
    paid = checkout.pay(options.payer or "")
    print(f"transaction {paid['transaction']} {paid['status']}, back to {paid['return_url'] or 'nowhere'}")


def _messages(gateway: Gateway, options: argparse.Namespace) -> None:
    page = _sandbox(gateway, options).call("GET", "ipn-messages/", status=options.status, page_size=options.limit)
    for row in page["results"]:
        tries = len(row["attempts"])
        code = row["response_code"] or ""
        print(f"{row['created_at']}  {row['id']}  {row['kind']:<14} {row['status']:<9} {tries} x {code}  {row['url']}")


def _resend(gateway: Gateway, options: argparse.Namespace) -> None:
    for message in options.id:
        print(f"message {message} {_sandbox(gateway, options).resend(message)['status']}")


def _tail(gateway: Gateway, options: argparse.Namespace) -> None:
    sandbox = _sandbox(gateway, options)
    since: Any = None
    while True:
        for row in sandbox.rows("journal/", **({} if since is None else {"since": since})):
            since = row["id"]
            print(_journal_line(row), flush=True)
        if options.once:
            return
        time.sleep(PAUSE)


def _journal_line(row: dict[str, Any]) -> str:
    return "  ".join(str(row[name]) for name in ("at", "kind", "method", "path", "status", "summary") if row.get(name))


def _advance(gateway: Gateway, options: argparse.Namespace) -> None:
    print(json.dumps(_sandbox(gateway, options).advance(options.by)))


def _wait(gateway: Gateway, options: argparse.Namespace) -> None:
    _sandbox(gateway, options).wait(options.timeout)


def _audit(gateway: Gateway, options: argparse.Namespace) -> int:
    found = _sandbox(gateway, options).audit(options.head)
    print(json.dumps(found, indent=2))
    return 0 if found["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
