"""Buttons that count once, however often they are pressed: each page has a key of its own."""

import uuid

from django import forms
from django.db import connection

from wallets.models import Account, Confirmation


class OnceForm(forms.Form):
    """A form whose second press is known by its key. A program that sends none is taken at its word each time."""

    # Without an id: a page may have several such forms.
    key = forms.UUIDField(required=False, widget=forms.HiddenInput(attrs={"id": False}), initial=uuid.uuid4)


def is_first(form: OnceForm, client: Account) -> bool:
    """Whether this press is to be carried out: in the database transaction that is open, so a refusal uses up no key.

    Whoever presses at the same moment waits here until the first one is done.
    """
    assert connection.in_atomic_block, "the key is used up with the act, or not at all"
    key = form.cleaned_data["key"]
    return key is None or Confirmation.objects.get_or_create(key=key, defaults={"account": client})[1]
