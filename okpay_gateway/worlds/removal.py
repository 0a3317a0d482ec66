"""The end of a sandbox: all of it goes at once, and nobody else notices."""

from django.db import connection, transaction

from okpay_gateway.worlds import belongings, gates
from okpay_gateway.worlds.belongings import quoted
from sandbox.models import DEFAULT, Sandbox
from wallets.models import User


class Indispensable(Exception):
    """The default sandbox is where strangers come in."""


def drop(sandbox: Sandbox) -> None:
    """Delete the sandbox and every row of it. What is under way in it fails, or is deleted with the rest.

    Raises Indispensable; OperationalError if somebody is in the way for many seconds.
    """
    if sandbox.id == DEFAULT:
        raise Indispensable
    gates.giving_way(lambda: _drop(sandbox))


@transaction.atomic
def _drop(sandbox: Sandbox) -> None:
    gates.close(sandbox)
    # A member of the staff who is a client too keeps the login.
    User.objects.filter(account__sandbox=sandbox, is_staff=True).update(account=None)
    statements = [
        f"DELETE FROM {quoted(each.table)} WHERE {each.condition}"  # noqa: S608
        for each in belongings.every()
    ]
    statements.append("DELETE FROM sandbox_sandbox WHERE id = %(sandbox)s")
    with connection.cursor() as cursor:
        cursor.execute("; ".join(statements), {"sandbox": sandbox.id})
