"""The cast of the tests, and what holds after every one of them: the books are right."""

import signal
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.utils import translation
from pytest_django.fixtures import Settings

from sandbox import clock
from sandbox.models import Sandbox
from tests.listener import Listener, listening
from wallets import audit, seed
from wallets.models import Account, Wallet

# A shell without job control lets what it starts in the background ignore SIGINT, and so would every program that tests
# start and end as by Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)

QUICK_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", "wallets.hashers.GeneratedPasswordHasher"]


@pytest.fixture(autouse=True)
def _the_books_are_right(request: pytest.FixtureRequest) -> Iterator[None]:
    """Audit the ledger after every test that touched the database."""
    fixtures = {"db", "transactional_db"} & set(request.fixturenames)
    if fixtures:
        request.getfixturevalue(min(fixtures))  # so that it is torn down after us
    yield
    if fixtures:
        result = audit.audit()
        assert result.ok, result


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    cache.clear()


@pytest.fixture(autouse=True)
def _english() -> None:
    """A page in another language leaves it to its thread; a web process chooses anew for each request."""
    translation.deactivate()


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Settings) -> None:
    """The real hashers are slow on purpose, and every login and registration would pay for it."""
    settings.PASSWORD_HASHERS = QUICK_HASHERS


@pytest.fixture
def world(db: None) -> Sandbox:
    """The currencies and the demo cast, as `make run` has them."""
    seed.currencies(restore_rates=True)
    sandbox = clock.default_sandbox()
    seed.demo_cast(sandbox, now=clock.now(sandbox))
    return sandbox


@pytest.fixture
def merchant(world: Sandbox) -> Wallet:
    """OK702746927, merchant@example.com: verified, 10000.00 EUR, USD and GBP."""
    return wallet("OK702746927")


@pytest.fixture
def buyer(world: Sandbox) -> Wallet:
    """OK100000001, buyer@example.com: verified, 10000.00 in every currency."""
    return wallet("OK100000001")


@pytest.fixture
def poor_buyer(world: Sandbox) -> Wallet:
    """OK100000002: unverified, 0.01 USD."""
    return wallet("OK100000002")


@pytest.fixture
def blocked(world: Sandbox) -> Wallet:
    """OK100000003: blocked by administration, 100.00 USD."""
    return wallet("OK100000003")


@pytest.fixture
def stranger(world: Sandbox) -> Wallet:
    """OK100000004, shop@example.com: a second, unverified merchant."""
    return wallet("OK100000004")


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A merchant's listener on a real port; it answers 200 unless told otherwise."""
    with listening() as listener:
        yield listener


def wallet(wallet_id: str) -> Wallet:
    return Wallet.objects.select_related("account__sandbox").get(id=wallet_id)


def account_of(email: str) -> Account:
    return Account.objects.get(email=email)
