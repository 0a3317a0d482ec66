"""A client's payment links: Profile -> Merchant -> Payment Links & Buttons."""

from django.urls import path

from checkout import link_pages

urlpatterns = [
    path("", link_pages.generator, name="buttons"),
    path("developer/", link_pages.developer, name="button-developer"),
    path("keys/", link_pages.keys, name="button-keys"),
    path("keys/<slug:key_id>/revoke/", link_pages.revoke_key, name="button-key-revoke"),
    path("<slug:link_id>/", link_pages.link, name="button"),
    path("<slug:link_id>/edit/", link_pages.edit, name="button-edit"),
    path("<slug:link_id>/edit/variables/", link_pages.edit_variables, name="button-edit-variables"),
    path("<slug:link_id>/switch/", link_pages.switch, name="button-switch"),
    path("<slug:link_id>/revoke/", link_pages.revoke_buttons, name="button-revoke"),
    path("<slug:link_id>/delete/", link_pages.delete, name="button-delete"),
    path("<slug:link_id>/qr.svg", link_pages.qr, {"kind": "svg"}, name="button-qr-svg"),
    path("<slug:link_id>/qr.png", link_pages.qr, {"kind": "png"}, name="button-qr-png"),
]
