"""What waits for staff: the admin's front page says it before it lists every table there is.

Each line leads to a list of the admin that shows these rows and nothing else. Who may not see a list is not told how
much is in it, and nothing is counted further than MOST.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from ipn.models import IpnMessage
from marketplace.models import Store
from okpay_gateway.models import ShopSystemRequest
from wallets.models import ClientDocument, DebitCardOrder, Transaction

MOST = 100


@dataclass(frozen=True)
class Queue:
    """Rows of one list that somebody should look at. `waiting` chooses them, `query` is the list's filter for it."""

    title: StrOrPromise
    rows: QuerySet[Any]
    waiting: Q
    query: dict[str, str]


@dataclass(frozen=True)
class Waiting:
    title: StrOrPromise
    count: int
    address: str

    @property
    def is_more(self) -> bool:
        return self.count > MOST


def _by_status(title: StrOrPromise, model: Any, status: str) -> Queue:
    return Queue(title, model.objects.all(), Q(status=status), {"status__exact": status})


QUEUES = (
    _by_status(_("Documents to be judged"), ClientDocument, ClientDocument.Status.UPLOADED.value),
    _by_status(_("Stores that wait for approval"), Store, Store.Status.PENDING.value),
    _by_status(_("Pending payments"), Transaction, Transaction.Status.PENDING.value),
    Queue(
        _("Debit cards to be shipped"),
        DebitCardOrder.objects.all(),
        Q(transaction__status=Transaction.Status.PENDING),  # an order's status is its transaction's
        {"status": DebitCardOrder.Status.ORDERED.value},
    ),
    _by_status(_("Requests for shop systems"), ShopSystemRequest, ShopSystemRequest.Status.NEW.value),
    _by_status(_("IPN messages that are sent again and again"), IpnMessage, IpnMessage.Status.RETRYING.value),
    _by_status(_("IPN messages that were given up"), IpnMessage, IpnMessage.Status.FAILED.value),
)


def waiting(user: Any) -> Iterator[Waiting]:
    """Every queue that the user may see, those with nothing in them too: nothing to do is worth knowing."""
    for queue in QUEUES:
        model = queue.rows.model._meta
        if user.has_perm(f"{model.app_label}.view_{model.model_name}"):
            count = queue.rows.filter(queue.waiting).order_by()[: MOST + 1].count()
            address = reverse(f"admin:{model.app_label}_{model.model_name}_changelist")
            yield Waiting(queue.title, count, f"{address}?{urlencode(queue.query)}")
