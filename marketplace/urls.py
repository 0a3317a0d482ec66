"""The Marketplace's public addresses."""

from django.urls import path, re_path

from marketplace import views

urlpatterns = [
    re_path(
        r"^pictures/(?P<name>[\w-]{16})/(?P<size>small|medium|large)\.webp$", views.picture, name="marketplace-picture"
    ),
    path("orders/<slug:token>/", views.guest_order, name="guest-order"),
    path("orders/<slug:token>/files/<int:product_id>/", views.guest_download, name="guest-download"),
]
