"""What waits to be delivered, host by host: what staff look at when somebody says that no message comes."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, DurationField, ExpressionWrapper, F, Max, Q
from django.db.models.functions import Coalesce, Now

from ipn.models import IpnMessage

MOST_HOSTS = 12


@dataclass(frozen=True)
class Waiting:
    """Messages for one host, or for all of them."""

    host: str
    due: int  # now, and nobody's yet
    in_flight: int
    total: int
    longest_wait: timedelta | None  # of those that are due

    @property
    def later(self) -> int:
        """Not due yet: retries."""
        return self.total - self.due - self.in_flight


@dataclass(frozen=True)
class Backlog:
    """All hosts together, and the busiest of them."""

    all: Waiting
    busiest: list[Waiting]
    more_hosts: int


def backlog() -> Backlog:
    """What waits now. Each sandbox goes by its own clock."""
    present = Coalesce(F("sandbox__frozen_at"), Now() + F("sandbox__clock_offset"))
    in_flight = Q(claimed_until__gte=Now())
    is_due = Q(next_attempt_at__lte=present) & ~in_flight
    rows = (
        IpnMessage.objects.filter(next_attempt_at__isnull=False)
        .values("host")
        .annotate(
            due=Count("id", filter=is_due),
            in_flight=Count("id", filter=in_flight),
            total=Count("id"),
            longest_wait=Max(
                ExpressionWrapper(present - F("next_attempt_at"), output_field=DurationField()), filter=is_due
            ),
        )
        .order_by("-due", "-in_flight", "-total", "host")
    )
    hosts = [Waiting(row["host"], row["due"], row["in_flight"], row["total"], row["longest_wait"]) for row in rows]
    waits = [host.longest_wait for host in hosts if host.longest_wait]
    everything = Waiting(
        host="",
        due=sum(host.due for host in hosts),
        in_flight=sum(host.in_flight for host in hosts),
        total=sum(host.total for host in hosts),
        longest_wait=max(waits, default=None),
    )
    return Backlog(everything, hosts[:MOST_HOSTS], len(hosts[MOST_HOSTS:]))
