"""One order as its buyer, its seller or a guest sees it, and the files that belong to it."""

from typing import Any, Literal

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header

from marketplace.models import DigitalContent, Order

Who = Literal["buyer", "seller", "guest"]


def show(request: HttpRequest, order: Order, *, for_whom: Who, **context: Any) -> HttpResponse:
    """What was bought, where it goes, what happened; to a buyer who has paid also the digital contents."""
    lines = list(order.lines.select_related("item", "product", "product__digital_content").defer(*CONTENT))
    seen = {
        "order": order,
        "payment": order.transaction,
        "lines": lines,
        "contents": _contents(order, lines) if for_whom != "seller" else [],
        "events": order.events.all(),
        "address": getattr(order.transaction, "delivery_address", None),
        "for_whom": for_whom,
        "frame": "base.html" if for_whom == "guest" else "account.html",
    }
    return render(request, "marketplace/order.html", seen | context)


def download_of(order: Order, product_id: int) -> HttpResponse:
    """The file that was bought, as an attachment. 404 before it is paid, and after the money went back."""
    content = (
        DigitalContent.objects.filter(product=product_id, product__order_lines__order=order, size__gt=0)
        .order_by()
        .first()
    )
    if content is None or content.file is None or not order.is_paid:
        raise Http404
    return HttpResponse(
        bytes(content.file),
        content_type="application/octet-stream",
        headers={
            "Content-Disposition": content_disposition_header(True, content.file_name) or "attachment",
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "Cross-Origin-Resource-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
        },
    )


# Files may be large, and a page shows none of them.
CONTENT = ("product__digital_content__file",)


def _contents(order: Order, lines: list[Any]) -> list[DigitalContent]:
    if not order.is_paid:
        return []
    products = {line.product_id: line.product for line in lines}
    return [product.digital_content for product in products.values() if hasattr(product, "digital_content")]
