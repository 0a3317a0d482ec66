"""New identities for a copy: what is unique in the whole installation cannot be there twice.

Keys of our own counting are drawn anew; accounts, wallets, logins and phone numbers get others. Wherever an old one
stands in a text, be it a notification's variables or a note in somebody's mail, the new one takes its place.
"""

import hashlib
import re
import secrets
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote, unquote

from django.db import connection, models

from okpay_gateway.worlds import belongings
from okpay_gateway.worlds.belongings import Belonging, Model
from sandbox.models import RememberedAnswer, Sandbox
from wallets import parties
from wallets.models import Account, HistorySegment, LedgerCheckpoint, User, Wallet

Row = dict[str, Any]

# State that no copy has.
NOT_COPIED: dict[Model, str] = {
    RememberedAnswer: "answers requests that were sent to the original",
    HistorySegment: "is cut anew when it is needed",
    LedgerCheckpoint: "entries of other numbers are sealed anew",
}
# Columns that name a row elsewhere without a foreign key: "app.Model.column" -> "app.Model".
LOOSE = {
    "ipn.IpnMessage.transaction_id": "wallets.Transaction",
    "ipn.AutoReturn.transaction_id": "wallets.Transaction",
    "sandbox.ScenarioUse.transaction_id": "wallets.Transaction",
    "sandbox.ScenarioUse.message_id": "ipn.IpnMessage",
    "wallets.TransactionItem.product_id": "marketplace.Product",
    "checkout.SessionItem.product_id": "marketplace.Product",
}
# Numbers in form-encoded texts, by the end of their variable's name.
IN_FORMS = {
    "txn_id": "wallets.Transaction",
    "txn_parent_id": "wallets.Transaction",
    "ipn_id": "ipn.IpnMessage",
    "item_id": "marketplace.Product",
}
# Secrets are no texts.
UNTOUCHED = {(User, "password"), (Wallet, "api_password_sealed")}
# Unique, and neither counted nor with a default that makes another.
DRAWN: dict[tuple[Model, str], Callable[[], str]] = {
    (Account, "id"): parties.free_account_id,
    (Wallet, "id"): parties.free_wallet_id,
}
# Unique, and renamed by `Identities`.
RENAMED = {(Account, "email"), (Account, "phone"), (User, "email")}

LOCAL_PART, EMAIL = 64, 127  # characters at most
PHONE_DIGITS = 7  # of a number that are drawn anew

# What may be an identity, first come first served. An escape is passed over whole, so that "%20anna" begins with "a".
_IDENTITY = re.compile(
    r"(?P<form>(?<![A-Za-z0-9_])ok_(?:(?P<what>txn_id|txn_parent_id|ipn_id)|item_\d+_id)=(?P<number>\d{1,18})(?!\d))"
    r"|(?P<escape>%(?!2[Bb])[0-9A-Fa-f]{2})"
    r"|(?P<email>(?:[A-Za-z0-9._+-]|%2[Bb])+(?:@|%40)[A-Za-z0-9.-]+)"
    r"|(?P<wallet>(?<![A-Za-z0-9])OK\d{9}(?!\d))"
    r"|(?P<phone>(?<!\d)\d{1,3}-\d{4,14}(?!\d))"
    r"|(?P<account>(?<![A-Za-z0-9_])\d{9}(?![A-Za-z0-9_]))"
    r"|(?P<token>[A-Za-z0-9_-]{16,64})",
    re.ASCII,
)


class NoNewIdentity(Exception):
    """A column is unique, and nobody has said how a copy gets another value: see DRAWN."""


class Identities:
    """What the rows of a state are called in the copy. `rows` are lists of JSON objects, by table."""

    def __init__(self, source: Sandbox, target: Sandbox, rows: Mapping[str, list[Row]]) -> None:
        self.source, self.target = source.id, target.id
        # By the model's label: old key -> new key.
        self.keys: dict[str, dict[Any, Any]] = defaultdict(dict)
        self.keys["sandbox.Sandbox"] = {source.id: target.id}
        # Old text -> new text.
        self.texts: dict[str, str] = {}
        copied = [each for each in belongings.state() if each.model not in NOT_COPIED]
        self._draw_numbers(copied, rows)
        # Parents first: what has its key from another row needs that row's.
        for each in reversed(copied):
            for row in rows.get(each.table, ()):
                self._identify(each, row)

    def rename(self, each: Belonging, row: Row) -> Row:
        """The row as the copy has it."""
        renamed = {}
        for field in each.model._meta.concrete_fields:
            column = str(field.column)
            if column in row:
                renamed[column] = self._value(each.model, field, row[column], row)
        return renamed

    def text(self, text: str) -> str:
        return _IDENTITY.sub(self._new, text)

    def anywhere(self, value: Any) -> Any:
        """The same within JSON."""
        match value:
            case str():
                return self.text(value)
            case list():
                return [self.anywhere(inner) for inner in value]
            case dict():
                return {self.text(name): self.anywhere(inner) for name, inner in value.items()}
        return value

    def _draw_numbers(self, copied: Iterable[Belonging], rows: Mapping[str, list[Row]]) -> None:
        """As many numbers of each sequence as there are rows, in the rows' order: what came later stays later."""
        counted = [
            each for each in copied if isinstance(each.model._meta.pk, models.AutoField) and rows.get(each.table)
        ]
        if not counted:
            return
        draws = " UNION ALL ".join(
            f"SELECT '{each.table}', nextval(pg_get_serial_sequence('{each.table}', '{each.key}'))"  # noqa: S608
            f" FROM generate_series(1, {len(rows[each.table])})"
            for each in counted
        )
        drawn = defaultdict(list)
        with connection.cursor() as cursor:
            cursor.execute(draws)
            for table, number in cursor.fetchall():
                drawn[table].append(number)
        for each in counted:
            old = sorted(row[each.key] for row in rows[each.table])
            self.keys[each.model._meta.label] = dict(zip(old, sorted(drawn[each.table]), strict=True))

    def _identify(self, each: Belonging, row: Row) -> None:
        """Find new names for what is unique about the row."""
        for field in each.model._meta.concrete_fields:
            old = row.get(str(field.column))
            if not old or field.is_relation or isinstance(field, models.AutoField):
                continue
            if (each.model, field.name) in RENAMED:
                self._rename(field.name, row, old)
            elif field.unique:
                new = self.texts.setdefault(old, fresh(each.model, field))
                if field.primary_key:
                    self.keys[each.model._meta.label][old] = new

    def _rename(self, name: str, row: Row, old: str) -> None:
        # The house has the same address everywhere.
        if row.get("kind") == Account.Kind.HOUSE or old in self.texts:
            return
        self.texts[old] = self._phone(old) if name == "phone" else self._email(old)
        self.texts[old.lower()] = self.texts[old].lower()

    def _email(self, old: str) -> str:
        """Of the copy, and recognisable: merchant@<copy>.example.com, anna+<copy>@example.com."""
        local, _at, domain = old.rpartition("@")
        own = f"{self.source}.example.com"
        if domain.lower() == own:
            return f"{local}@{self.target}.example.com"
        mark = f"+{self.target}"
        local = local.removesuffix(f"+{self.source}")
        if len(local + mark) > LOCAL_PART or len(f"{local}{mark}@{domain}") > EMAIL:
            local, domain = hashlib.sha256(old.encode()).hexdigest()[:16], f"{self.target}.example.com"
            return f"{local}@{domain}"
        return f"{local}{mark}@{domain}"

    def _phone(self, old: str) -> str:
        while True:
            new = old[:-PHONE_DIGITS] + "".join(secrets.choice("0123456789") for _digit in old[-PHONE_DIGITS:])
            if new not in self.texts.values() and not Account.objects.filter(phone=new).exists():
                return new

    def _value(self, model: Model, field: Any, old: Any, row: Row) -> Any:
        if old is None or (model, field.name) in UNTOUCHED:
            return old
        if field.is_relation:
            # What is not among the rows is somebody else's: a member of the staff who judged a document.
            return self.keys[_whose_key(field.related_model)._meta.label].get(old, old)
        if field.primary_key:
            return self.keys[model._meta.label][old]
        if target := LOOSE.get(f"{model._meta.label}.{field.name}"):
            return self.keys[target].get(old, old)
        if (model, field.name) in RENAMED:
            return self.texts.get(old, old)
        if isinstance(field, models.CharField | models.TextField | models.JSONField):
            return self.anywhere(old)
        return old

    def _new(self, found: re.Match[str]) -> str:
        text = found[0]
        kind = found.lastgroup
        if found["form"]:
            numbers = self.keys[IN_FORMS[found["what"] or "item_id"]]
            start = found.start("number") - found.start()
            return f"{text[:start]}{numbers.get(int(found['number']), found['number'])}"
        if kind == "email":
            return self._email_in_text(text)
        if kind == "wallet":
            return str(self.keys["wallets.Wallet"].get(text, text))
        if kind == "account":
            return str(self.keys["wallets.Account"].get(text, text))
        if kind == "token" and text not in self.texts:
            # Longer than any wallet or account, but one may be in it.
            return re.sub(r"OK\d{9}", lambda wallet: str(self.keys["wallets.Wallet"].get(wallet[0], wallet[0])), text)
        return self.texts.get(text, text)

    def _email_in_text(self, text: str) -> str:
        address = unquote(text)
        new = self._known_email(address)
        if not new and "+" in text:
            # In a form that is a space.
            before, _plus, rest = text.partition("+")
            return f"{before}+{self._email_in_text(rest)}"
        if not new:
            return text
        # As the wire writes escapes.
        return quote(new, safe="").replace("%2B", "%2b") if "%40" in text else new

    def _known_email(self, text: str) -> str:
        # A full stop may end the sentence.
        address = text.rstrip(".")
        new = self.texts.get(address) or self.texts.get(address.lower(), "")
        return new and new + text[len(address) :]


def _whose_key(model: Model) -> Model:
    """The model that gives a row its key: a withdrawal has that of its transaction."""
    key = model._meta.pk
    return _whose_key(key.related_model) if isinstance(key, models.ForeignKey) else model


def fresh(model: Model, field: Any) -> str:
    """Another value for a unique column. Raises NoNewIdentity."""
    if draw := DRAWN.get((model, field.name)):
        return draw()
    if isinstance(field, models.UUIDField):
        return str(uuid.uuid4())
    if callable(field.default):
        return str(field.default())
    raise NoNewIdentity(f"{model._meta.label}.{field.name}")
