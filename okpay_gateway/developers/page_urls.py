"""The documentation for developers. Open to everybody."""

from django.urls import path

from okpay_gateway.developers import pages

urlpatterns = [
    path("", pages.overview, name="developers"),
    path("search/", pages.results, name="developers-search"),
    path("soap-api/<slug:function>/", pages.function, name="developers-function"),
    path("<slug:slug>/", pages.section, name="developers-section"),
]
