"""A new client comes in."""

import secrets
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from sandbox.models import Sandbox
from wallets import countries, parties, payments
from wallets.errors import EmailTaken, IncorrectEmail, IncorrectParameters
from wallets.models import Account, User


@transaction.atomic
def register(
    *, sandbox: Sandbox, email: str, password: str, now: datetime, wallet_title: str = "", **details: Any
) -> Account:
    """A new client: login, account, first wallet. `details` are fields of Account. An e-mail belongs to one client.

    What was sent to the address before is collected. Raises ValidationError that names the field.
    """
    account = Account(
        id=details.pop("id", "") or parties.free_account_id(),
        sandbox=sandbox,
        email=email.strip().lower(),
        created_at=now,
        **details,
    )
    account.full_clean(exclude=["id", "sandbox"])
    account.save(force_insert=True)
    User.objects.create_user(email, password, account=account)
    wallet = parties.open_wallet(account, title=wallet_title or "Main", now=now)
    payments.collect(wallet, now=now)
    return account


def register_client(
    *,
    merchant: Account,
    email: str,
    first_name: str,
    last_name: str,
    now: datetime,
    phone: str = "",
    country_code: str = "",
    city: str = "",
    state: str = "",
    street: str = "",
    zip: str = "",
) -> Account:
    """EX_Client_Register: a merchant's client, who may from then on log in by way of a new password sent to his e-mail.

    Raises IncorrectEmail, EmailTaken, IncorrectParameters.
    """
    if not parties.is_email(email):
        raise IncorrectEmail
    if Account.objects.filter(email__iexact=email.strip()).exists():
        raise EmailTaken
    if not first_name.strip() or not last_name.strip():
        raise IncorrectParameters("first_name", _("The client's first and last name must be given."))
    normal_phone = parties.normal_phone(phone)
    if phone.strip() and not normal_phone:
        raise IncorrectParameters("phone", _("The phone must have a country code, such as +49 30 1234567."))
    if normal_phone and Account.objects.filter(phone=normal_phone).exists():
        raise IncorrectParameters("phone", _("This phone number belongs to another account."))
    country_code = country_code.strip().upper()
    if country_code and country_code not in dict(countries.choices("en")):
        raise IncorrectParameters("country", _("The country must be an ISO 3166 code of two letters, such as DE."))
    try:
        return register(
            sandbox=merchant.sandbox,
            email=email,
            # Nobody knows it. A password it must be all the same: only who has one can have it sent anew.
            password=secrets.token_urlsafe(32),
            now=now,
            registered_by=merchant,
            first_name=first_name.strip(),
            last_name=last_name.strip(),
            phone=normal_phone,
            country_code=country_code,
            city=city.strip(),
            state=state.strip(),
            street=street.strip(),
            zip=zip.strip(),
        )
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise IncorrectParameters(field, f"{field}: {messages[0]}") from None
    except IntegrityError:
        # Two registered the same e-mail at once.
        raise EmailTaken from None
