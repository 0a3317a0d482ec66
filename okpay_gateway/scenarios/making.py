"""A scenario that was found to be possible is made: by a call of the control API, or a client's form."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from okpay_gateway.scenarios import rules
from sandbox import scenarios
from sandbox.models import Sandbox, Scenario


class NoRoom(Exception):
    """The sandbox has as many as it can have."""

    text = _("A sandbox has room for %d scenarios. Delete those that you no longer need.")

    def __str__(self) -> str:
        return str(self.text) % rules.MOST_SCENARIOS


@transaction.atomic
def make(sandbox: Sandbox, wanted: Iterable[Mapping[str, Any]], *, now: datetime) -> list[Scenario]:
    """All of them, or none. Raises NoRoom."""
    wanted = list(wanted)
    # Two who make the last one at once: the second looks again when the first is through.
    Sandbox.objects.select_for_update(no_key=True).get(id=sandbox.id)
    if Scenario.objects.filter(sandbox=sandbox).count() + len(wanted) > rules.MOST_SCENARIOS:
        raise NoRoom
    made = [Scenario.objects.create(sandbox=sandbox, created_at=now, **each) for each in wanted]
    scenarios.look_again(sandbox)
    return made
