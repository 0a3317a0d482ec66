"""Mass Payment: give a list, look at what is wrong with it, send all of it or the good rows, watch it go."""

import logging

from celery.exceptions import OperationalError
from django.contrib import messages
from django.db import transaction as database
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from redis import RedisError

from sandbox import clock, paging
from wallets import mass_payments, tasks
from wallets.errors import PaymentError
from wallets.forms.mass_payments import MassPaymentForm
from wallets.models import Account, MassPayment
from wallets.pages.client import ACT, READ, READ_OR_ACT, client_page

LATEST = 20
ROWS_SHOWN = 100
REFRESH_SECONDS = 2

log = logging.getLogger(__name__)


@client_page(READ_OR_ACT)
def lists(request: HttpRequest, client: Account) -> HttpResponse:
    """The form for a new list, and the latest lists."""
    if request.method == "POST":
        form = MassPaymentForm(client, request.POST, request.FILES)
        if form.is_valid() and (mass_payment := _create(client, form)):
            return redirect("mass-payment", mass_payment.id)
    else:
        form = MassPaymentForm(client, initial=request.GET.dict())
    latest = MassPayment.objects.filter(wallet__account=client).select_related("wallet").order_by("-id")[:LATEST]
    return render(request, "wallets/mass_payments.html", {"form": form, "latest": latest})


def _create(client: Account, form: MassPaymentForm) -> MassPayment | None:
    data = form.cleaned_data
    wallet = data["wallet"]
    wallet.account = client
    try:
        return mass_payments.create(
            wallet,
            rows=form.rows,
            currency=data["currency"].code,
            receiver_pays_fee=data["receiver_pays_fee"],
            now=clock.now(client.sandbox),
        )
    except PaymentError as error:
        form.add_error("currency", str(error))
        return None


@client_page(READ)
def mass_payment(request: HttpRequest, client: Account, mass_payment_id: int) -> HttpResponse:
    """One list with its rows. While it is being sent the page asks for itself again, unless told not to."""
    found = _own(client, mass_payment_id)
    rows = found.rows.all()
    only_bad = "bad" in request.GET
    if only_bad:
        rows = rows.exclude(error="")
    before, after = request.GET.get("before", ""), request.GET.get("after", "")
    page = paging.page(rows, ("number",), size=ROWS_SHOWN, before=before, after=after)
    is_sending = found.status == MassPayment.Status.SENDING
    totals = mass_payments.totals(found)
    context = {
        "mass_payment": found,
        "totals": totals,
        "refusal": mass_payments.ERRORS.get(found.error, found.error),
        "done": mass_payments.progress(found),
        "rows": [(row, mass_payments.ERRORS.get(row.error, row.error)) for row in page.rows],
        "page": page,
        "only_bad": only_bad,
        "is_sending": is_sending,
        "refreshes": is_sending and "still" not in request.GET,
    }
    response = render(request, "wallets/mass_payment.html", context)
    if context["refreshes"]:
        response["Refresh"] = str(REFRESH_SECONDS)
    return response


@client_page(ACT)
def send(request: HttpRequest, client: Account, mass_payment_id: int) -> HttpResponse:
    """All rows together, or the good ones one by one. Pressed twice it starts once."""
    found = _own(client, mass_payment_id)
    with database.atomic():
        if mass_payments.start(found, all_or_nothing=request.POST.get("how") == "all"):
            database.on_commit(_kick)
        else:
            messages.info(request, _("This list is not waiting to be sent in this way."))
    return redirect("mass-payment", found.id)


def _own(client: Account, mass_payment_id: int) -> MassPayment:
    mass_payments_of_client = MassPayment.objects.select_related("wallet", "currency").filter(wallet__account=client)
    return get_object_or_404(mass_payments_of_client, id=mass_payment_id)


def _kick() -> None:
    """A courtesy: without it the scheduler comes some seconds later."""
    try:
        tasks.send_mass_payments.delay()
    except (RedisError, OperationalError, OSError) as error:
        log.warning("No kick, the scheduler will do: %s", error)
