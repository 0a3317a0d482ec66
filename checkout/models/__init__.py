"""Orders at the checkout, and the links and buttons that lead there, one module per subject."""

from checkout.models.links import ButtonKey, PaymentLink
from checkout.models.sessions import CheckoutSession, SessionItem, new_token

__all__ = ["ButtonKey", "CheckoutSession", "PaymentLink", "SessionItem", "new_token"]
