"""Staff at their pages."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from sandbox.models import Sandbox
from wallets.models import User


@pytest.fixture
def staff(world: Sandbox) -> Client:
    """The demo administrator, logged in."""
    return _logged_in(User.objects.get(email="admin@example.com"))


Clerk = Callable[..., Client]


@pytest.fixture
def clerk(world: Sandbox) -> Clerk:
    """`clerk("view_transaction")`: somebody of the staff who may do that and nothing else."""

    def _clerk(*permissions: str) -> Client:
        user = User.objects.create_user(f"clerk{User.objects.count()}@example.com", "clerk", is_staff=True)
        found = Permission.objects.filter(codename__in=permissions)
        assert found.count() == len(permissions)
        user.user_permissions.set(found)
        return _logged_in(user)

    return _clerk


def _logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client
