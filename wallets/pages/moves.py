"""Moving money by hand: fill in, review with every fee, confirm. What is confirmed twice happens once.

Between review and confirmation nothing is stored: the page carries what was filled in, sealed, with a key that can be
used once (models/confirmations.py). Sealed means encrypted too: a card number stands in no page, not even in this one.
"""

import json
import uuid
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import transaction as database
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from sandbox import clock
from wallets import secrecy
from wallets.errors import PaymentError
from wallets.forms.moves import WITHDRAWALS, DepositForm, ExchangeForm, MoveForm, SendMoneyForm
from wallets.models import Account, Confirmation, Transaction
from wallets.pages.client import READ, READ_OR_ACT, client_page
from wallets.paysystems import PAYOUTS

# How long a review may lie before it is confirmed. Real time.
REVIEW_LIFETIME = timedelta(hours=1)
NOT_FIELDS = ("csrfmiddlewaretoken", "order", "confirm", "change")


class TermsChanged(Exception):
    """A rate is another than when it was reviewed."""


@client_page(READ_OR_ACT)
def send_money(request: HttpRequest, client: Account) -> HttpResponse:
    return _move(request, client, SendMoneyForm)


@client_page(READ_OR_ACT)
def exchange(request: HttpRequest, client: Account) -> HttpResponse:
    return _move(request, client, ExchangeForm)


@client_page(READ_OR_ACT)
def deposit(request: HttpRequest, client: Account) -> HttpResponse:
    return _move(request, client, DepositForm)


@client_page(READ)
def withdraw(request: HttpRequest, client: Account) -> HttpResponse:
    """The payment systems to choose from."""
    methods = [
        (slug, form.title, payout) for (slug, form), payout in zip(WITHDRAWALS.items(), PAYOUTS.values(), strict=True)
    ]
    return render(request, "wallets/withdraw.html", {"methods": methods, "query": request.GET.urlencode()})


@sensitive_post_parameters("card_number", "order")
@client_page(READ_OR_ACT)
def withdraw_to(request: HttpRequest, client: Account, method: str) -> HttpResponse:
    if method not in WITHDRAWALS:
        raise Http404
    return _move(request, client, WITHDRAWALS[method])


@sensitive_variables()
def _move(request: HttpRequest, client: Account, form_class: type[MoveForm]) -> HttpResponse:
    if request.method != "POST":
        given = {name: request.GET[name] for name in form_class.base_fields | {"wallet": None} if name in request.GET}
        return _ask(request, form_class(client, initial=given))
    if "order" not in request.POST:
        return _review(request, form_class(client, request.POST))
    try:
        key, filled_in, terms = _open(request, client)
    except secrecy.SealBroken:
        form = form_class(client)
        note = _("That review was too old, or was not whole; nothing was done. Please fill it in again.")
        return _ask(request, form, note)
    form = form_class(client, filled_in)
    if "change" in request.POST or not form.is_valid():
        return _ask(request, form)
    try:
        done = _once(client, key, partial(_carry_out, form, clock.now(client.sandbox), terms))
    except TermsChanged:
        return _review(request, form, _("The rate has changed meanwhile, and nothing was done. Please look again."))
    except PaymentError as error:
        form.add_refusal(error.field, str(error))
        return _ask(request, form)
    return redirect("transaction", done.id)


def _ask(request: HttpRequest, form: MoveForm, note: str = "") -> HttpResponse:
    return render(request, "wallets/move.html", {"form": form, "note": note})


@sensitive_variables()
def _review(request: HttpRequest, form: MoveForm, note: str = "") -> HttpResponse:
    if not form.is_valid():
        return _ask(request, form)
    try:
        would_be, rows = _rehearse(form)
    except PaymentError as error:
        form.add_refusal(error.field, str(error))
        return _ask(request, form)
    order = _seal(request, form, terms=form.terms(would_be))
    return render(request, "wallets/move_review.html", {"form": form, "rows": rows, "order": order, "note": note})


def _rehearse(form: MoveForm) -> tuple[Transaction, list[Any]]:
    """Do it and take it back: whatever would refuse it refuses it now, and the amounts are the real ones."""
    with database.atomic():
        would_be = form.carry_out(clock.now(form.client.sandbox))
        rows = form.summary(would_be)
        database.set_rollback(True)
    return would_be, rows


def _carry_out(form: MoveForm, now: Any, terms: str) -> Transaction:
    done = form.carry_out(now)
    if form.terms(done) != terms:
        raise TermsChanged
    return done


@database.atomic
def _once(client: Account, key: uuid.UUID, act: "partial[Transaction]") -> Transaction:
    """The transaction of the first who comes with this key. Whoever comes at the same moment waits for it here."""
    confirmation, is_first = Confirmation.objects.get_or_create(key=key, defaults={"account": client})
    if is_first:
        confirmation.transaction = act()
        confirmation.save(update_fields=["transaction"])
    assert confirmation.transaction is not None
    return confirmation.transaction


@sensitive_variables()
def _seal(request: HttpRequest, form: MoveForm, *, terms: str) -> str:
    filled_in = {name: values for name, values in _lists(form) if name not in NOT_FIELDS}
    order = {"key": str(uuid.uuid4()), "filled_in": filled_in, "terms": terms}
    return secrecy.seal(json.dumps(order), purpose=_purpose(request, form.client))


@sensitive_variables()
def _open(request: HttpRequest, client: Account) -> tuple[uuid.UUID, QueryDict, str]:
    order = json.loads(
        secrecy.open_fresh(request.POST["order"], purpose=_purpose(request, client), max_age=REVIEW_LIFETIME)
    )
    filled_in = QueryDict(mutable=True)
    for name, values in order["filled_in"].items():
        filled_in.setlist(name, values)
    return uuid.UUID(order["key"]), filled_in, order["terms"]


def _lists(form: MoveForm) -> list[tuple[str, list[str]]]:
    assert isinstance(form.data, QueryDict)
    return [(name, [str(value) for value in values]) for name, values in form.data.lists()]


def _purpose(request: HttpRequest, client: Account) -> str:
    """One page's review is nothing to another page, and one client's nothing to another client."""
    return f"review {client.id} {request.path}"
