"""The Marketplace's public addresses."""

from django.urls import path, re_path

from marketplace import one_click, views, windows

urlpatterns = [
    path("", windows.home, name="marketplace"),
    path("stores/<int:store_id>/", windows.store, name="marketplace-store"),
    path("products/<int:product_id>/", windows.product, name="marketplace-product"),
    path("products/<int:product_id>/buy/", one_click.buy_now, name="marketplace-buy-now"),
    path("products/<int:product_id>/one-click/", one_click.one_click, name="marketplace-one-click"),
    path("ask-again/", one_click.ask_again, name="marketplace-ask-again"),
    re_path(
        r"^pictures/(?P<name>[\w-]{16})/(?P<size>small|medium|large)\.webp$", views.picture, name="marketplace-picture"
    ),
    path("orders/<slug:token>/", views.guest_order, name="guest-order"),
    path("orders/<slug:token>/files/<int:product_id>/", views.guest_download, name="guest-download"),
]
