"""Answers SOAP calls before the middleware that is there for browsers: sessions, languages, forms, policies of pages.

That would be a third of a call's cost, and change nothing in its answer.
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from soapapi import views

PATH = "/OkPayAPI"


class SoapCalls:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info != PATH or request.method != "POST":
            return self.get_response(request)
        # What is written down of a call is in English, whatever page this thread has served before.
        translation.activate(settings.LANGUAGE_CODE)
        return views.answer_call(request)
