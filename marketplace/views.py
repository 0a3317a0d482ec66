"""What the Marketplace hands out to anybody: pictures, and the order of who bought without an account."""

from http import HTTPStatus

from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.http import parse_etags, quote_etag
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from marketplace.models import Order, Rendition, Store
from marketplace.order_page import download_of, show
from wallets.drawing import CONTENT_TYPE, HARMLESS

# An address never gets another picture, but a picture may be taken away.
PICTURE_LIFETIME = 24 * 60 * 60


@require_safe
def picture(request: HttpRequest, name: str, size: str) -> HttpResponse:
    """A picture of what can be seen in the windows. Before that, only its owner and staff see it."""
    found = (
        Rendition.objects.filter(picture__name=name, size=size)
        .values(
            "id",
            account=F("picture__store__account_id"),
            status=F("picture__store__status"),
            is_logo=F("picture__product__id"),
            is_published=F("picture__product__is_published"),
        )
        .first()
    )
    if found is None:
        raise Http404
    is_public = found["status"] == Store.Status.APPROVED and (found["is_logo"] is None or found["is_published"])
    if not is_public and not _may_look(request, found["account"]):
        raise Http404
    etag = quote_etag(f"{name}-{size}")
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        response = HttpResponse(status=HTTPStatus.NOT_MODIFIED)
    else:
        content = Rendition.objects.values_list("content", flat=True).get(id=found["id"])
        response = HttpResponse(bytes(content), content_type=CONTENT_TYPE, headers=HARMLESS)
    response["ETag"] = etag
    response["Cache-Control"] = f"public, max-age={PICTURE_LIFETIME}" if is_public else "private, no-store"
    return response


def _may_look(request: HttpRequest, account_id: str) -> bool:
    user = request.user
    return user.is_authenticated and (user.is_staff or user.account_id == account_id)


@never_cache
@require_safe
def guest_order(request: HttpRequest, token: str) -> HttpResponse:
    """Whoever bought without an account has this address. With an account the login says who may look."""
    order = get_object_or_404(Order.objects.for_pages(), token=token)
    if order.buyer_id:
        return redirect("purchase", order.number)
    return show(request, order, for_whom="guest")


@never_cache
@require_safe
def guest_download(request: HttpRequest, token: str, product_id: int) -> HttpResponse:
    order = get_object_or_404(Order.objects.for_pages(), token=token, buyer=None)
    return download_of(order, product_id)
