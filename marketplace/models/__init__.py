"""Stores, what they sell, and what was sold, one module per subject."""

from marketplace.models.buyers import OneClick
from marketplace.models.orders import Order, OrderEvent, OrderLine
from marketplace.models.pictures import Picture, Rendition
from marketplace.models.products import Category, DigitalContent, Product
from marketplace.models.stores import Store

__all__ = [
    "Category",
    "DigitalContent",
    "OneClick",
    "Order",
    "OrderEvent",
    "OrderLine",
    "Picture",
    "Product",
    "Rendition",
    "Store",
]
