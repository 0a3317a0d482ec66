"""The staff's side. Each module registers the models of its subject."""

from wallets import (
    admin_api_calls,
    admin_cards,
    admin_documents,
    admin_mass_payments,
    admin_parties,
    admin_shops,
    admin_transactions,
    admin_wallets,
    admin_withdrawals,
)

__all__ = [
    "admin_api_calls",
    "admin_cards",
    "admin_documents",
    "admin_mass_payments",
    "admin_parties",
    "admin_shops",
    "admin_transactions",
    "admin_wallets",
    "admin_withdrawals",
]
