"""The gateway's addresses, and beside them the least that a Django view can be."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from okpay_gateway.urls import handler400, handler403, handler404, handler500, urlpatterns

__all__ = ("handler400", "handler403", "handler404", "handler500", "urlpatterns")


def static_view(request: HttpRequest) -> HttpResponse:
    return HttpResponse(b"It is what it is.", content_type="text/plain; charset=utf-8")


urlpatterns = [path("static-view", static_view), *urlpatterns]
