"""Find a variable, a function, an error: by plain GET, over everything that the sections show.

What is looked for is mostly a name off the wire, such as ok_item_2_price or Limits_Exceeded: names go before words.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from django.urls import reverse
from django.utils.translation import gettext as _

from ipn.models import DeliveryAttempt
from okpay_gateway.developers import errors, variables
from okpay_gateway.developers.samples import SAMPLES
from okpay_gateway.developers.sections import BY_SLUG, SECTIONS
from okpay_gateway.shop_systems.systems import SYSTEMS
from wallets.models import Currency
from wallets.paysystems import PAYSYSTEMS

LONGEST_QUESTION = 100
MOST_RESULTS = 60


@dataclass(frozen=True)
class Entry:
    """One thing that can be found. `names` are what it is called on the wire, `where` is the section's title."""

    title: str
    where: str
    address: str
    text: str = ""
    names: tuple[str, ...] = ()
    # Words that its value may be.
    values: tuple[str, ...] = ()

    @property
    def is_name(self) -> bool:
        """Whether its title is what the wire calls it, and no words of ours."""
        return self.title in self.names


def find(question: str) -> list[Entry]:
    """The best first: the very name, then names that begin so or have it in them, then texts with all the words."""
    asked = _generic(question[:LONGEST_QUESTION].strip().lower())
    words = asked.split()
    if not words:
        return []
    ranked = [(rank, entry) for entry in everything() if (rank := _rank(entry, asked, words)) is not None]
    ranked.sort(key=lambda each: each[0])
    return [entry for _rank_of_it, entry in ranked[:MOST_RESULTS]]


def index() -> dict[str, list[Entry]]:
    """All that has a name on the wire, by sections, in the order of the alphabet."""
    by_section: dict[str, list[Entry]] = {}
    for entry in everything():
        if entry.is_name:
            by_section.setdefault(entry.where, []).append(entry)
    return {where: sorted(entries, key=lambda entry: entry.title.lower()) for where, entries in by_section.items()}


def everything() -> Iterator[Entry]:
    for section in SECTIONS:
        yield Entry(str(section.title), _("Section"), section.address, str(section.summary), (section.slug,))
    yield from _variables("payment-forms", variables.of_forms())
    yield from _variables("notification-variables", variables.of_messages())
    yield from _functions()
    yield from _errors()
    for sample in SAMPLES:
        yield _entry("code-samples", sample.anchor, sample.title, str(sample.text), *sample.adds)
    for code, name in Currency.objects.values_list("code", "name"):
        yield _entry("codes", f"currency-{code}", code, name, code)
    for system in PAYSYSTEMS.values():
        yield _entry("codes", f"method-{system.code}", system.code, str(system.name), system.code)
    for shop in SYSTEMS:
        address = reverse("shop-system", args=[shop.slug])
        yield Entry(str(shop.name), _("Shop Systems"), address, ", ".join(shop.folders), (shop.slug,))


def _variables(slug: str, tables: list[variables.Table]) -> Iterator[Entry]:
    for table in tables:
        for row in table.rows:
            names = [row.name, *([row.later_name] if row.later_name else [])]
            entry = _entry(slug, row.anchor, row.name, str(row.meaning), *names)
            yield replace(entry, values=tuple(row.values))


def _functions() -> Iterator[Entry]:
    from soapapi import reference  # it brings spyne along: see soapapi/views.py

    for function in reference.functions():
        text = f"{function.meaning} {' '.join(each.name for each in function.parameters)}"
        address = reverse("developers-function", args=[function.name])
        yield Entry(function.name, str(BY_SLUG["soap-api"].title), address, text, (function.name,))
    for structure in reference.structures():
        text = " ".join(each.name for each in structure.fields)
        yield _entry("soap-api", structure.name, structure.name, text, structure.name)
    for name, values in reference.enumerations():
        yield _entry("soap-api", name, name, " ".join(value for value, _number in values), name)


def _errors() -> Iterator[Entry]:
    for fault in (*errors.of_soap(), *errors.of_later_soap()):
        names = [name for name in (fault.name, fault.renamed, str(fault.number or "")) if name]
        yield _entry("errors", f"soap-{fault.name}", fault.name, str(fault.cause), *names)
    for prefix, found in (
        ("variable", errors.of_variables()),
        ("button", errors.of_buttons()),
        ("payment", errors.of_payments()),
        ("attempt", errors.of_attempts()),
    ):
        for error in found:
            yield _entry("errors", f"{prefix}-{error.key}", str(error.title), f"{error.cause} {error.cure}")
    for verdict, meaning in errors.VERDICTS.items():
        yield _entry("verification", f"verdict-{verdict}", verdict, str(meaning), verdict)
    for finding in errors.of_verifications():
        yield _entry("verification", "reasons", str(finding.title), str(finding.cure))
    for status, cure in errors.of_statuses():
        address = f"attempt-{DeliveryAttempt.Error.STATUS.value}"
        yield _entry("errors", address, _("Answer %(status)d of a listener") % {"status": status}, str(cure))


def _entry(slug: str, anchor: str, title: str, text: str, *names: str) -> Entry:
    section = BY_SLUG[slug]
    return Entry(title, str(section.title), f"{section.address}#{anchor}", text, names)


def _rank(entry: Entry, asked: str, words: list[str]) -> int | None:
    names = [_generic(name.lower()) for name in entry.names]
    title = entry.title.lower()
    if asked in names or asked == title:
        return 0
    if any(name.startswith(asked) for name in (*names, title)):
        return 1
    if asked in entry.values:
        return 1
    if any(asked in name for name in names):
        return 2
    if all(word in title for word in words):
        return 3
    text = f"{' '.join((*names, *entry.values))} {entry.title} {entry.text}".lower()
    return 4 if all(word in text for word in words) else None


def _generic(name: str) -> str:
    """ok_item_12_price is explained as ok_item_#_price."""
    return re.sub(r"\bok_item_(\d+|[xn#])_", "ok_item_#_", name, flags=re.ASCII)
