"""Readiness and metrics: what is well, and what is not in words. Both answer within seconds whatever is away."""

import http.client
import json
import logging
import threading
from collections.abc import Iterator

import psycopg2
import redis
from django.conf import settings
from django.db import connection
from django.db.models import Count, Model
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from checkout.models import CheckoutSession
from ipn.models import IpnMessage, Verification
from okpay_gateway import heartbeats
from wallets.models import Transaction

logger = logging.getLogger(__name__)

OK = "ok"
PARTS = ("database", "broker", "worker", "scheduler")
ANSWER_WITHIN = 3  # seconds; each part has a shorter limit of its own
DATABASE_TIMEOUT = 2  # seconds, the least that libpq takes


@require_safe
@never_cache
def health(request: HttpRequest) -> HttpResponse:
    """200 when every part is well, else 503; the state of each either way."""
    states = state_of_each()
    response = JsonResponse(states, status=200 if all(state == OK for state in states.values()) else 503)
    response._has_been_logged = True  # type: ignore[attr-defined]  # Django would log an error at every look
    return response


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """For Prometheus. Counted in the database, so that every web process gives the same answer."""
    registry = CollectorRegistry()
    registry.register(_Books(state_of_each()))
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def state_of_each() -> dict[str, str]:
    """PARTS with "ok" or the reason why not."""
    states = dict.fromkeys(PARTS, f"no answer within {ANSWER_WITHIN} seconds")
    checks = [threading.Thread(target=check, args=(states,), daemon=True) for check in (_database, _broker)]
    for check in checks:
        check.start()
    for check in checks:
        check.join(ANSWER_WITHIN)
    return dict(states)


def reason_not_ready() -> str | None:
    """Ask our own web server as anybody would: None when /health/ says 200, else why not."""
    address = settings.ENVIRONMENT.listen
    link = http.client.HTTPConnection(
        "127.0.0.1" if address in ("0.0.0.0", "::") else address,  # noqa: S104
        settings.ENVIRONMENT.port,
        timeout=ANSWER_WITHIN + 1,
    )
    try:
        link.request("GET", "/health/")
        response = link.getresponse()
        states = json.loads(response.read())
    except (OSError, http.client.HTTPException) as error:
        return f"the web server does not answer ({type(error).__name__})"
    except ValueError:
        return f"/health/ says {response.status}"
    finally:
        link.close()
    if response.status == 200:
        return None
    return "; ".join(f"{part}: {state}" for part, state in states.items() if state != OK)


def _database(states: dict[str, str]) -> None:
    # A connection of its own: the request's may be the one that hangs.
    parameters = connection.get_connection_params() | {"connect_timeout": DATABASE_TIMEOUT}
    try:
        link = psycopg2.connect(**parameters)
        try:
            link.cursor().execute("SELECT 1 FROM django_migrations LIMIT 1")
        finally:
            link.close()
    except psycopg2.errors.UndefinedTable:
        states["database"] = "its tables are missing: run manage.py migrate"
    except psycopg2.Error as error:
        logger.warning("database: %s", " ".join(str(error).split()))
        # After the last "failed:" stands the reason; before it addresses that are nobody's business.
        states["database"] = f"PostgreSQL does not answer: {' '.join(str(error).split()).rpartition('failed: ')[2]}"
    else:
        states["database"] = OK


def _broker(states: dict[str, str]) -> None:
    try:
        ages = heartbeats.ages("worker", "scheduler")
    except redis.RedisError as error:
        logger.warning("broker: %s", error)
        states["broker"] = f"Redis does not answer ({type(error).__name__})"
        states["worker"] = states["scheduler"] = "not known: the broker does not answer"
        return
    states["broker"] = OK
    for name, age in ages.items():
        if age is None:
            states[name] = "no sign of life"
        elif age > heartbeats.SILENT_AFTER:
            states[name] = f"no sign of life for {age.seconds} seconds"
        else:
            states[name] = OK


class _Books(Collector):
    """One look at the database: how much of everything there is."""

    def __init__(self, states: dict[str, str]) -> None:
        self.states = states

    def collect(self) -> Iterator[GaugeMetricFamily]:
        up = GaugeMetricFamily("okpay_up", "Whether the part is well", labels=["part"])
        for part, state in self.states.items():
            up.add_metric([part], state == OK)
        yield up
        if self.states["database"] != OK:
            return
        counted: tuple[tuple[str, str, type[Model], tuple[str, ...]], ...] = (
            ("okpay_transactions", "Transactions", Transaction, ("kind", "status")),
            ("okpay_checkout_sessions", "Checkout sessions", CheckoutSession, ("status",)),
            ("okpay_ipn_messages", "IPN messages", IpnMessage, ("status",)),
            ("okpay_ipn_verifications", "Calls of ipn-verify", Verification, ("verdict",)),
        )
        for name, help_text, model, labels in counted:
            family = GaugeMetricFamily(name, help_text, labels=list(labels))
            for *values, count in model._default_manager.order_by().values_list(*labels).annotate(Count("pk")):
                family.add_metric([str(value) for value in values], count)
            yield family
