"""The checkout's pages."""

from django.http import HttpRequest, HttpResponse


def process(request: HttpRequest) -> HttpResponse:
    return HttpResponse()
