"""A link or button that leads nowhere: switched off, expired, altered. In words for the buyer and for the shop."""

from typing import ClassVar

from django_stubs_ext import StrOrPromise

from wallets.models import Wallet


class Refused(Exception):
    """Nothing was opened. `wallet` is the receiver, as far as one is known for certain."""

    title: ClassVar[StrOrPromise]
    # For the buyer, who can do nothing about it; and what the shop can do.
    text: ClassVar[StrOrPromise]
    cure: ClassVar[StrOrPromise]

    def __init__(self, wallet: Wallet | None = None) -> None:
        super().__init__(wallet)
        self.wallet = wallet

    def __str__(self) -> str:
        return str(self.title)
