"""The staff's side. Each module registers the models of its subject."""

from wallets import admin_cards, admin_documents, admin_withdrawals

__all__ = ["admin_cards", "admin_documents", "admin_withdrawals"]
