"""What scenarios and directives make of a checkout: at the door, and when somebody presses Pay."""

from datetime import datetime

from checkout.models import CheckoutSession
from checkout.orders import CheckoutError
from checkout.payment_form import PaymentRequest
from sandbox import scenarios
from sandbox.directives import DirectiveError
from sandbox.effects import CHECKOUT, PROCESS
from sandbox.scenarios import Cue, Occasion
from wallets import errors
from wallets.errors import PaymentError
from wallets.models import Wallet
from wallets.money import ZERO
from wallets.payments import Order

# What a buyer can be told; effects.REFUSALS_AT_CHECKOUT has their names.
_REFUSALS: dict[str, type[PaymentError]] = {
    refusal.name: refusal
    for refusal in (
        errors.SourceAccountBlocked,
        errors.TargetAccountBlocked,
        errors.SourceAccountDoesntExist,
        errors.CurrencyDisabled,
        errors.IncorrectAmount,
        errors.InsufficientFunds,
        errors.LimitsExceeded,
        errors.CannotPaySelf,
    )
}


class WrongDirective(CheckoutError):
    """The invoice asks for what there is not."""

    field = "invoice"

    def __init__(self, error: DirectiveError) -> None:
        super().__init__(error)
        self.text = str(error)


def at_the_door(request: PaymentRequest, *, now: datetime) -> Cue | None:
    """What shall happen to a payment form that is in order."""
    sandbox = request.receiver.account.sandbox
    if not scenarios.may_meet(sandbox):
        return None
    occasion = Occasion(
        operation=PROCESS,
        sandbox=sandbox,
        wallets=(request.receiver.id,),
        receivers=(request.receiver.id, request.receiver_as_sent),
        currency=request.currency,
        amount=sum((item.total for item in request.items), ZERO),
        invoice=request.invoice,
    )
    return scenarios.meet(occasion, now=now, is_paying=False)


def at_payment(session: CheckoutSession, order: Order, payer: Wallet | None, *, now: datetime) -> Cue | None:
    """What shall happen to a payment that is about to be made."""
    sandbox = session.receiver.account.sandbox
    if not scenarios.may_meet(sandbox, session.invoice):
        return None
    occasion = Occasion(
        operation=CHECKOUT,
        sandbox=sandbox,
        wallets=(session.receiver_id, *((payer.id,) if payer else ())),
        receivers=(session.receiver_id, session.receiver_as_sent),
        currency=order.currency,
        amount=order.gross,
        invoice=order.invoice,
        correlation=session.correlation,
    )
    try:
        return scenarios.meet(occasion, now=now)
    except DirectiveError as error:  # of an order that did not come in by process.html
        raise WrongDirective(error) from None


def refusal(cue: Cue) -> PaymentError | None:
    return _REFUSALS[cue.play.fault]() if cue.play.fault else None
