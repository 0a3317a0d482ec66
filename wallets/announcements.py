"""Every change of a payment's status is told to the receiver's listener, whoever changed it."""

from datetime import datetime

from ipn import delivery
from wallets import variables
from wallets.models import Transaction

# The kinds that the page "IPN Variable Reference" knows; the others are nobody else's business.
ANNOUNCED = {
    Transaction.Kind.PAYMENT_LINK,
    Transaction.Kind.SEND_MONEY,
    Transaction.Kind.MASS_PAY,
    Transaction.Kind.MARKETPLACE,
}


def announce(transaction: Transaction, *, now: datetime) -> None:
    """Queue the notification if there is a listener: ok_ipn always, the wallet's URL only while IPN is enabled."""
    url = listener_of(transaction)
    if not url or transaction.kind not in ANNOUNCED:
        return
    delivery.queue(
        sandbox=transaction.sandbox,
        wallet_id=transaction.receiver_wallet_id,
        transaction_id=transaction.id,
        kind=transaction.kind,
        url=url,
        pairs=variables.ipn_variables(transaction),
        now=now,
    )


def listener_of(transaction: Transaction) -> str:
    wallet = transaction.receiver_wallet
    return transaction.ipn_url or (wallet.ipn_url if wallet.ipn_enabled else "")
