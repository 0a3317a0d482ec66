"""Who forgets a sandbox does not keep it for ever."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from okpay_gateway.worlds import idleness
from sandbox.models import DEFAULT, JournalEntry, Sandbox
from tests.api.conftest import Api
from tests.worlds.conftest import World

pytestmark = pytest.mark.django_db(transaction=True)


def test_idle_ones_go(make: Callable[..., World], api: Api, settings: LazySettings) -> None:
    forgotten, asked, visited, paid, young = (make() for _number in range(5))
    long_ago = timezone.now() - settings.SANDBOXES_IDLE_FOR - timedelta(seconds=1)
    Sandbox.objects.exclude(id=young.sandbox.id).update(used_at=long_ago)

    api.get("wallets/", sandbox=asked.sandbox.id)
    assert Client().login(username=visited.told["buyer"].email, password=visited.told["buyer"].password)
    form = {"ok_receiver": paid.merchant.id, "ok_item_1_name": "x", "ok_item_1_price": "5", "ok_currency": "USD"}
    assert Client().post("/process.html", form).status_code == 302

    assert idleness.drop_idle(timezone.now()) == 1
    assert not Sandbox.objects.filter(id=forgotten.sandbox.id).exists()
    assert idleness.drop_idle(timezone.now()) == 0
    assert Sandbox.objects.count() == 5
    assert idleness.drop_idle(timezone.now() + settings.SANDBOXES_IDLE_FOR + timedelta(minutes=1)) == 4
    assert Sandbox.objects.get().id == DEFAULT


def test_what_a_journal_has_of_nobody_goes_too(own: World, api: Api) -> None:
    api.post("wait/", sandbox=own.sandbox.id)
    JournalEntry.objects.update(sandbox_id="gone")
    api.post("wait/")

    idleness.drop_idle(timezone.now())

    assert [entry.sandbox_id for entry in JournalEntry.objects.all()] == [DEFAULT]
