"""The life of a checkout session: opened by a shop's form, then paid once, or canceled, or expired."""

from datetime import datetime

from django.conf import settings
from django.db import transaction as database
from django.db.models import F
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from checkout import languages, orders, scripted
from checkout.models import CheckoutSession, PaymentLink, SessionItem
from checkout.orders import CheckoutError, ChoiceMissing, Choices
from checkout.payment_form import PaymentRequest
from sandbox import correlation, transport
from sandbox.models import Sandbox
from wallets import payments
from wallets.errors import PaymentError, SourceAccountDoesntExist
from wallets.models import Account, Transaction, Wallet
from wallets.paysystems import OKPAY_BALANCE
from wallets.scripted import outcome as outcome_of
from wallets.scripted import was_paid

Status = CheckoutSession.Status

ENDED_AS = {
    Transaction.Status.COMPLETED: Status.PAID,
    Transaction.Status.PENDING: Status.PENDING,
    Transaction.Status.FAILED: Status.FAILED,
}


class SessionClosed(CheckoutError):
    """It was paid, canceled or has expired."""

    field, text = "status", _("This checkout is closed. How it ended: %(status)s.")

    def __init__(self, status: StrOrPromise) -> None:
        super().__init__(status)
        self.status = status

    def __str__(self) -> str:
        return str(self.text) % {"status": self.status}


class PaidOtherwise(SessionClosed):
    """It was paid by a request that asked for something else, whose answer is not this one's."""

    text = _("This order is paid already, by a request other than this one: transaction %(id)s. Open a new checkout.")

    def __init__(self, payment: Transaction) -> None:
        super().__init__(payment.get_status_display())
        self.payment = payment

    def __str__(self) -> str:
        return str(self.text) % {"id": self.payment.id}


class MethodNotAllowed(CheckoutError):
    """The shop does not take this method, or there is no such method."""

    field, text = "paysystem", _("The shop does not accept this payment method.")


class OtherSandbox(CheckoutError):
    """Payer and shop live in different sandboxes, which know nothing of one another."""

    field, text = "payer", _("Your account belongs to another sandbox than the shop.")


@database.atomic
def open_session(request: PaymentRequest, *, now: datetime, link: PaymentLink | None = None) -> CheckoutSession:
    """Keep what the shop asked for, all of it or nothing, for settings.CHECKOUT_LIFETIME of the sandbox's time.

    `link` is the payment link that the buyer came by.
    """
    session = CheckoutSession.objects.create(
        sandbox=request.receiver.account.sandbox,
        link=link,
        kind=request.kind,
        created_at=now,
        expires_at=now + settings.CHECKOUT_LIFETIME,
        receiver=request.receiver,
        receiver_as_sent=request.receiver_as_sent,
        currency_id=request.currency,
        fee_payer=request.fee_payer,
        invoice=request.invoice,
        ipn_url=request.ipn_url,
        return_success=request.return_success,
        return_fail=request.return_fail,
        paysystems=request.paysystems,
        direct_method=request.direct_method,
        language=languages.spoken(request.language),
        payer_details=dict(request.payer),
        hints=[{"variable": hint.variable, "text": hint.text} for hint in request.hints],
    )
    SessionItem.objects.bulk_create(
        SessionItem(
            session=session,
            number=number,
            name=item.name,
            article=item.article,
            type=item.type,
            quantity=item.quantity,
            price=item.price,
            handling=item.handling,
            shipping=item.shipping_total,
            tax=item.tax,
            custom_1_title=item.custom_1_title,
            custom_1_value=item.custom_1_value,
            custom_2_title=item.custom_2_title,
            custom_2_value=item.custom_2_value,
            product_id=item.product_id,
        )
        for number, item in enumerate(request.items, start=1)
    )
    return session


@database.atomic
def choose(session: CheckoutSession, *, payer: Account | None, choices: Choices, now: datetime) -> None:
    """Remember everything that the buyer chose before he leaves for a payment system. May be done again.

    Raises SessionClosed, MethodNotAllowed, ChoiceMissing, PaymentError.
    """
    locked = _locked(session)
    _check_open(locked, now)
    _check(locked, payer, choices)
    orders.order(locked, choices)
    locked.payer_account, locked.choices = payer, choices.as_json()
    locked.save(update_fields=["payer_account", "choices"])


def pay(
    session: CheckoutSession,
    *,
    now: datetime,
    payer: Account | None = None,
    choices: Choices | None = None,
    outcome: payments.Outcome = payments.PAID,
) -> Transaction:
    """Pay the order: all of it happens or nothing, and however often and whoever asks, it is paid once.

    Without `choices`, by those that `choose` has remembered, and their payer. `payer` is None for somebody who is not
    logged in. `outcome` is what a payment system answers; a balance is always PAID.
    Asked again, it returns the first transaction. Raises SessionClosed, MethodNotAllowed, ChoiceMissing, PaymentError;
    then the session stays as it was.
    """
    paid = _pay(session, now=now, payer=payer, choices=choices, outcome=outcome)
    if isinstance(paid, PaymentError):
        raise paid
    return paid


@database.atomic
def _pay(
    session: CheckoutSession,
    *,
    now: datetime,
    payer: Account | None,
    choices: Choices | None,
    outcome: payments.Outcome,
) -> Transaction | PaymentError:
    """The transaction; or a refusal that a scenario asked for, returned so that what it used up is kept."""
    locked = _locked(session)
    if locked.transaction:
        return locked.transaction
    _check_open(locked, now)
    if choices is None:
        if locked.choices is None:
            raise ChoiceMissing("paysystem", str(_("Choose a payment method first.")))
        payer, choices = locked.payer_account, Choices.from_json(locked.choices)
    _check(locked, payer, choices)
    order = orders.order(locked, choices)
    wallet = _wallet(payer, choices.wallet) if choices.method == OKPAY_BALANCE else None
    cue = scripted.at_payment(locked, order, wallet, now=now)
    if cue and (refusal := scripted.refusal(cue)):
        return refusal
    if wallet:
        outcome = payments.PAID
    if cue:
        outcome = outcome_of(cue.play, otherwise=outcome)
    try:
        with correlation.carried(locked.correlation):
            payment = _perform(order, choices, wallet=wallet, payer=payer, outcome=outcome, now=now)
    except PaymentError:
        if cue:
            transport.calm()
        raise
    if cue:
        was_paid(cue, payment, now=now)
    locked.payer_account, locked.choices = payer, choices.as_json()
    locked.transaction = payment
    locked.status = ENDED_AS[Transaction.Status(payment.status)]
    locked.finished_at = now
    locked.save(update_fields=["payer_account", "choices", "transaction", "status", "finished_at"])
    session.refresh_from_db(fields=["status", "transaction", "finished_at", "payer_account", "choices"])
    return payment


def _perform(
    order: payments.Order,
    choices: Choices,
    *,
    wallet: Wallet | None,
    payer: Account | None,
    outcome: payments.Outcome,
    now: datetime,
) -> Transaction:
    if wallet is None:
        return payments.pay_from_outside(order, method=choices.method, payer=payer, outcome=outcome, now=now)
    return payments.pay_from_balance(order, payer=wallet, from_currency=choices.from_currency, outcome=outcome, now=now)


@database.atomic
def cancel(session: CheckoutSession, *, now: datetime) -> None:
    """The buyer does not want to. Done again, it changes nothing. Raises SessionClosed when it ended otherwise."""
    locked = _locked(session)
    if locked.status != Status.CANCELED:
        _check_open(locked, now)
        locked.status, locked.finished_at = Status.CANCELED, now
        locked.save(update_fields=["status", "finished_at"])
    session.refresh_from_db(fields=["status", "finished_at"])


@database.atomic
def expire_due(sandbox: Sandbox, now: datetime) -> list[CheckoutSession]:
    """Close what was open for too long, each at the moment when its time was over; returns them in this order.

    Nobody pays one that is being closed.
    """
    due = CheckoutSession.objects.filter(sandbox=sandbox, status=Status.OPEN, expires_at__lte=now)
    if not due.exists():
        return []
    expired = list(due.select_for_update(no_key=True).only("token", "expires_at").order_by("token"))
    due.filter(token__in=[session.token for session in expired]).update(
        status=Status.EXPIRED, finished_at=F("expires_at")
    )
    for session in expired:
        session.status, session.finished_at = Status.EXPIRED, session.expires_at
    return sorted(expired, key=lambda session: (session.expires_at, session.token))


def _locked(session: CheckoutSession) -> CheckoutSession:
    """The session as it is now, ours until the database transaction ends.

    What is joined is as it was before somebody else let go of the row, so only what never changes is.
    """
    return (
        CheckoutSession.objects.select_for_update(of=("self",), no_key=True)
        .select_related("receiver__account__sandbox", "currency")
        .get(token=session.token)
    )


def _check_open(session: CheckoutSession, now: datetime) -> None:
    if not session.is_open or session.expires_at <= now:
        raise SessionClosed(Status(session.status if not session.is_open else Status.EXPIRED).label)


def _check(session: CheckoutSession, payer: Account | None, choices: Choices) -> None:
    if choices.method == OKPAY_BALANCE:
        allowed = orders.balance_is_allowed(session)
    else:
        allowed = choices.method in [system.code for system in orders.allowed_systems(session)]
    if not allowed:
        raise MethodNotAllowed
    if payer and payer.sandbox_id != session.sandbox_id:
        raise OtherSandbox
    if payer is None and choices.method == OKPAY_BALANCE:
        raise SourceAccountDoesntExist


def _wallet(payer: Account | None, wallet_id: str) -> Wallet:
    wallets = Wallet.objects.select_related("account__sandbox").filter(account=payer, role=Wallet.Role.CLIENT)
    wallet = wallets.filter(id=wallet_id).first() if wallet_id else wallets.order_by("created_at", "id").first()
    if wallet is None:
        raise SourceAccountDoesntExist
    return wallet
