"""The tables of docs/scenarios.md, made from the code. `python -m tests.scenarios.tables` writes them anew."""

import re
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "scenarios.md"


def operations() -> str:
    from okpay_gateway.scenarios.catalogue import matched_by
    from sandbox.effects import OPERATIONS, SOAP, SOAP_FUNCTIONS

    lines = ["| operation | when | can be told by |", "|---|---|---|"]
    for name, words in OPERATIONS.items():
        if name not in SOAP_FUNCTIONS:
            lines.append(f"| `{name}` | {words} | {', '.join(matched_by(name))} |")
    alike: dict[str, list[str]] = {}
    for name in SOAP_FUNCTIONS:
        alike.setdefault(", ".join(matched_by(name)) or "nothing", []).append(f"`{name}`")
    lines += [f"| {', '.join(names)} | This function is called | {facets} |" for facets, names in alike.items()]
    assert SOAP in OPERATIONS
    return "\n".join(lines)


def effects() -> str:
    from sandbox.effects import CHECKOUT, EFFECTS, IPN, IPN_VERIFY, PROCESS, SEND_MONEY

    shown = {PROCESS: "form", CHECKOUT: "checkout", SEND_MONEY: "Send_Money", IPN: "ipn", IPN_VERIFY: "ipn-verify"}
    lines = ["| effect | of | what happens | such as |", "|---|---|---|---|"]
    for effect in EFFECTS.values():
        of = [label for name, label in shown.items() if name in effect.operations]
        if "Wallet_Get_Balance" in effect.operations:
            of[of.index("Send_Money")] = "SOAP"
        examples = ", ".join(f"`{example}`" for example in effect.examples)
        written = effect.form.replace("|", "\\|")
        lines.append(f"| `{written}` | {', '.join(of) or 'all'} | {effect.words} | {examples} |")
    return "\n".join(lines)


def faults() -> str:
    from sandbox.fault_names import LATER, OFFICIAL, RENAMED_2015

    official = ", ".join(f"`{name}`" for name in OFFICIAL.values())
    later = ", ".join(f"`{name}`" for name in sorted(LATER))
    renamed = ", ".join(f"`{new}` ({old})" for old, new in RENAMED_2015.items())
    return f"Official: {official}.\n\nLater: {later}.\n\nUnder their names of 2015: {renamed}."


def directives() -> str:
    from sandbox import directives as grammar
    from sandbox.effects import CHECKOUT, SEND_MONEY

    lines = ["| in `ok_invoice` of a form | in `Invoice` of `Send_Money` |", "|---|---|"]
    forms, calls = (grammar.known(operation) for operation in (CHECKOUT, SEND_MONEY))
    for form in dict.fromkeys((*calls, *forms)):
        written = f"`{form}`".replace("|", "\\|")
        lines.append(f"| {written if form in forms else ''} | {written if form in calls else ''} |")
    return "\n".join(lines)


def magic_amounts() -> str:
    from sandbox.magic import AMOUNTS

    lines = ["| amount | of | what happens |", "|---|---|---|"]
    for each in AMOUNTS:
        late = f", {each.delay:g} seconds late" if each.delay else ""
        lines.append(f"| n.{each.cents} | {', '.join(each.operations)} | `{each.effect}`{late} |")
    return "\n".join(lines)


TABLES = {
    "operations": operations,
    "effects": effects,
    "faults": faults,
    "directives": directives,
    "magic amounts": magic_amounts,
}


def renewed(document: str) -> str:
    """The document with every table as the code has it."""
    for name, table in TABLES.items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        assert len(pattern.findall(document)) == 1, name
        made = table()
        document = pattern.sub(lambda found, made=made: f"{found[1]}{made}\n{found[2]}", document)
    return document


if __name__ == "__main__":
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "okpay_gateway.settings")
    django.setup()
    DOCUMENT.write_text(renewed(DOCUMENT.read_text()))
