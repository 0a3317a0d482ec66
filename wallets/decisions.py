"""Pending payments that are decided by themselves: when their time has come, by the sandbox's clock."""

from datetime import datetime, timedelta

from django.db.models import Min, QuerySet

from sandbox.models import Sandbox
from wallets import payments
from wallets.errors import WrongState
from wallets.models import Decision, Transaction

_VERBS = {Decision.Verdict.APPROVE: payments.approve, Decision.Verdict.DECLINE: payments.decline}


def schedule(payment: Transaction, verdict: str, *, after: timedelta, now: datetime) -> None:
    """Decide a pending payment after a time. `verdict` is one of Decision.Verdict. It takes the place of another."""
    Decision.objects.update_or_create(
        transaction=payment,
        defaults={
            "sandbox_id": payment.sandbox_id,
            "verdict": Decision.Verdict(verdict),
            "due_at": now + after,
        },
    )


def decide_due(sandbox: Sandbox, *, now: datetime) -> list[Transaction]:
    """Decide what is due, in its order, each at its time; returns the payments. Two at once do not decide twice."""
    decided = []
    for decision in due(sandbox, until=now).select_related("transaction"):
        try:
            payment = _VERBS[Decision.Verdict(decision.verdict)](decision.transaction, now=decision.due_at)
        except WrongState:  # somebody was faster
            Decision.objects.filter(id=decision.id).delete()
        else:
            decided.append(payment)
    return decided


def next_due_at(sandbox: Sandbox, *, until: datetime, after: datetime | None = None) -> datetime | None:
    """The first moment, after `after` and up to `until`, at which a payment is decided. None: there is none."""
    coming = due(sandbox, until=until).filter(due_at__gt=after) if after else due(sandbox, until=until)
    moment: datetime | None = coming.aggregate(first=Min("due_at"))["first"]
    return moment


def due(sandbox: Sandbox, *, until: datetime) -> QuerySet[Decision]:
    return Decision.objects.filter(sandbox=sandbox, due_at__lte=until).order_by("due_at", "id")
