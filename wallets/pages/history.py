"""What went through a wallet: its history by pages and as a file, and one transaction with all that is known of it."""

import csv
from collections.abc import Iterator

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _

from ipn.models import IpnMessage
from wallets import statement, variables
from wallets.forms.fields import own_wallets
from wallets.forms.wallets import HistoryForm
from wallets.models import Account, Transaction, Wallet
from wallets.pages.client import READ, client_page, own_wallet
from wallets.paysystems import OKPAY_BALANCE, PAYSYSTEMS

COLUMNS = (
    *("date", "transaction", "kind", "status", "other_side", "amount", "currency"),
    *("gross", "fee", "payment_currency", "invoice", "comment"),
)
# What a spreadsheet would take for a formula when it stands first in a cell.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@client_page(READ)
def history(request: HttpRequest, client: Account, wallet_id: str) -> HttpResponse:
    wallet = own_wallet(client, wallet_id)
    form = HistoryForm(request.GET)
    filters = form.filters()
    page = (
        statement.history(
            wallet, filters, older_than=request.GET.get("older", ""), newer_than=request.GET.get("newer", "")
        )
        if filters is not None
        else statement.Page()
    )
    asked = request.GET.copy()
    for name in ("older", "newer"):
        asked.pop(name, None)
    context = {"wallet": wallet, "form": form, "filters": filters, "page": page, "query": asked.urlencode()}
    return render(request, "wallets/history.html", context | {"tab": "history"})


@client_page(READ)
def export(request: HttpRequest, client: Account, wallet_id: str) -> HttpResponse | StreamingHttpResponse:
    """The same as a CSV file, sent while it is read."""
    wallet = own_wallet(client, wallet_id)
    filters = HistoryForm(request.GET).filters()
    if filters is None:
        return HttpResponseBadRequest(_("The filters cannot be understood."), content_type="text/plain; charset=utf-8")
    response = StreamingHttpResponse(_rows(wallet, filters), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{wallet.id}.csv"'
    return response


class _Echo:
    """A file whose `write` answers what was written: the csv module's way to a stream."""

    def write(self, text: str) -> str:
        return text


def _rows(wallet: Wallet, filters: statement.Filters) -> Iterator[str]:
    writer = csv.writer(_Echo())
    # The mark by which spreadsheets know UTF-8.
    yield "\ufeff" + writer.writerow(COLUMNS)
    for line in statement.whole_history(wallet, filters):
        transaction = line.transaction
        yield writer.writerow(
            (
                f"{transaction.created_at:%Y-%m-%d %H:%M:%S}",
                transaction.id,
                transaction.kind,
                transaction.status,
                _cell(line.other_side),
                f"{line.amount:.2f}",
                line.currency,
                f"{transaction.gross:.2f}",
                f"{transaction.fee:.2f}",
                transaction.currency_id,
                _cell(transaction.invoice),
                _cell(transaction.comment),
            )
        )


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text


@client_page(READ)
def transaction(request: HttpRequest, client: Account, transaction_id: int) -> HttpResponse:
    """Everything about one transaction in which the client took part; 404 for all others."""
    own = list(own_wallets(client))
    took_part = Q(payer_wallet__in=own) | Q(receiver_wallet__in=own) | Q(payer_account=client)
    found = get_object_or_404(
        Transaction.objects.select_related(
            "payer_wallet__account",
            "payer_account",
            "receiver_wallet__account",
            "delivery_address",
            "withdrawal",
        ),
        took_part,
        id=transaction_id,
    )
    wallets = [wallet.id for wallet in own]
    is_receiver = found.receiver_wallet_id in wallets
    return render(
        request,
        "wallets/transaction.html",
        {
            "transaction": found,
            "line": statement.line(found, wallets),
            "payer": statement.who_pays(found),
            "receiver": statement.who_receives(found),
            "method": _method(found.payment_method),
            "rate": variables.rate_text(found.exchange_rate) if found.exchange_rate else "",
            "arrives": f"{found.withdrawal.amount.normalize():f}" if hasattr(found, "withdrawal") else "",
            "is_receiver": is_receiver,
            "bears_fee": bool(found.receiver_fee if is_receiver else found.payer_fee),
            "items": found.items.all(),
            "entries": found.entries.filter(wallet__in=own),
            "reversals": found.reversals.order_by("id"),
            # The receiver's alone: a payer learns nothing of where a shop listens.
            "ipn_messages": IpnMessage.objects.filter(transaction_id=found.id, wallet_id__in=wallets).order_by("id"),
        },
    )


def _method(code: str) -> str:
    system = PAYSYSTEMS.get(code)
    return _("OKPAY balance") if code == OKPAY_BALANCE else str(system.name) if system else code
