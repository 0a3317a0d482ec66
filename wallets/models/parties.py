"""Who has money: a login, the account of a person or a business, and its wallets."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from sandbox.models import Sandbox
from wallets import secrecy
from wallets.hashers import GeneratedPasswordHasher

if TYPE_CHECKING:
    pass


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save()
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """A login. A client's belongs to an account, a staff member's to none."""

    email = models.EmailField(_("e-mail"), max_length=127, unique=True)
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("staff"), default=False)
    account = models.OneToOneField(
        "Account", null=True, blank=True, on_delete=models.CASCADE, related_name="user", verbose_name=_("account")
    )

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = (models.UniqueConstraint(Lower("email"), name="one_login_per_email"),)

    def __str__(self) -> str:
        return self.email

    def check_password(self, raw_password: str | None) -> bool:
        """As Django does, but a generated password keeps its quick hash when its owner logs in."""
        if self.password.startswith(f"{GeneratedPasswordHasher.algorithm}$"):
            return check_password(raw_password, self.password)
        return super().check_password(raw_password)


class Account(models.Model):
    """A client of OKPAY, person or business; or OKPAY itself, which owns the house wallets."""

    class Kind(models.TextChoices):
        PERSON = "person", _("Person")
        BUSINESS = "business", _("Business")
        HOUSE = "house", _("OKPAY itself")

    class Verification(models.TextChoices):
        """SOAP's VerificationStatuses. "Formal" is half-way: papers given, not yet all of them judged."""

        UNVERIFIED = "Unverified", _("Unverified")
        FORMAL = "Formal", _("Formally verified")
        VERIFIED = "Verified", _("Verified")

    id = models.CharField(_("account ID"), primary_key=True, max_length=9)
    sandbox = models.ForeignKey(Sandbox, on_delete=models.CASCADE, related_name="accounts", verbose_name=_("sandbox"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.PERSON)
    first_name = models.CharField(_("first name"), max_length=64, blank=True)
    last_name = models.CharField(_("last name"), max_length=64, blank=True)
    business_name = models.CharField(_("business name"), max_length=127, blank=True)
    email = models.EmailField(_("e-mail"), max_length=127)
    phone = models.CharField(
        _("phone"), max_length=20, blank=True, help_text=_("<country code>-<number>, such as 49-301234567.")
    )
    verification = models.CharField(
        _("verification"), max_length=10, choices=Verification.choices, default=Verification.UNVERIFIED
    )
    is_blocked = models.BooleanField(
        _("blocked"), default=False, help_text=_("Blocked by administration: neither pays nor receives.")
    )
    extended_access = models.BooleanField(
        _("extended API"), default=False, help_text=_("May call the EX_ functions of the SOAP API.")
    )
    registered_by = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="registered_clients",
        verbose_name=_("registered by"),
        help_text=_("The merchant who registered this client by the extended API."),
    )
    reputation = models.PositiveIntegerField(_("reputation"), default=0)
    country_code = models.CharField(_("country"), max_length=2, blank=True, help_text=_("ISO 3166, two letters."))
    city = models.CharField(_("city"), max_length=40, blank=True)
    state = models.CharField(_("state or province"), max_length=40, blank=True)
    street = models.CharField(_("street"), max_length=200, blank=True)
    zip = models.CharField(_("postal code"), max_length=20, blank=True)
    address_confirmed = models.BooleanField(_("address confirmed"), default=False)
    email_confirmed = models.BooleanField(_("e-mail confirmed"), default=False)
    phone_confirmed = models.BooleanField(_("phone confirmed"), default=False)
    created_at = models.DateTimeField(_("registered"))

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(Lower("email"), name="one_account_per_email", condition=~Q(kind="house")),
            models.UniqueConstraint("phone", name="one_account_per_phone", condition=~Q(phone="")),
            models.UniqueConstraint("sandbox", name="one_house_per_sandbox", condition=Q(kind="house")),
        )

    def __str__(self) -> str:
        return f"{self.id} {self.name}"

    @property
    def is_verified(self) -> bool:
        return self.verification == self.Verification.VERIFIED

    @property
    def name(self) -> str:
        """What others see: the business's name, else the person's."""
        return self.business_name or f"{self.first_name} {self.last_name}".strip()


class Wallet(models.Model):
    """Balances under one wallet ID, and the settings of its Integration tab."""

    class Role(models.TextChoices):
        """A client's wallet, or one of the house's, where money waits, is converted, comes in or goes out."""

        CLIENT = "client", _("Client")
        FEES = "fees", _("Fees earned")
        HOLD = "hold", _("Held until a pending payment is decided")
        CLEARING = "clearing", _("Currency conversion")
        OUTSIDE = "outside", _("Outside world, by payment system")

    class ReturnMethod(models.TextChoices):
        GET = "GET"
        POST = "POST"

    id = models.CharField(_("wallet ID"), primary_key=True, max_length=11)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="wallets", verbose_name=_("account"))
    title = models.CharField(_("title"), max_length=127)
    role = models.CharField(_("role"), max_length=10, choices=Role.choices, default=Role.CLIENT)
    # Which payment system an "outside" wallet stands for.
    paysystem = models.CharField(_("payment system"), max_length=10, blank=True)

    return_success = models.URLField(_("success URL"), max_length=2000, blank=True)
    return_fail = models.URLField(_("fail URL"), max_length=2000, blank=True)
    return_method = models.CharField(
        _("return method"), max_length=4, choices=ReturnMethod.choices, default=ReturnMethod.GET
    )
    ipn_enabled = models.BooleanField(_("Enable IPN"), default=False)
    ipn_url = models.URLField(_("Payment Notification (IPN) URL"), max_length=2000, blank=True)
    encrypted_only = models.BooleanField(_("Accept only encrypted buttons"), default=False)
    api_enabled = models.BooleanField(_("Enable API"), default=False)
    # Recoverable, because a security token is a hash over it; so it is encrypted, and shown to nobody.
    api_password_sealed = models.TextField(blank=True, editable=False)
    api_allowed_ips = models.JSONField(
        _("Enable API Security: addresses"),
        default=list,
        blank=True,
        help_text=_("Addresses and networks that may call the API. Empty: any."),
    )
    # Until then, in real time, somebody who guesses tokens has to wait; who, the cache knows (soapapi/throttle.py).
    api_guessed_until = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("wallet")
        verbose_name_plural = _("wallets")
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                "account", "role", "paysystem", name="one_house_wallet_per_purpose", condition=~Q(role="client")
            ),
        )

    def __str__(self) -> str:
        return self.id

    @property
    def is_house(self) -> bool:
        return self.role != self.Role.CLIENT

    @property
    def api_password(self) -> str:
        """The API's Access Password in clear, to compute tokens with. Never show or log it."""
        return secrecy.open_sealed(self.api_password_sealed) if self.api_password_sealed else ""

    @api_password.setter
    def api_password(self, password: str) -> None:
        self.api_password_sealed = secrecy.seal(password) if password else ""

    def reseal(self) -> None:
        """Encrypt the password with the present SECRET_KEY. Raises secrecy.KeyChanged."""
        self.api_password = self.api_password

    def balance(self, currency: str) -> Decimal:
        """What a client's wallet holds in a currency. House wallets keep none: theirs is the sum of their entries."""
        row = self.balances.filter(currency_id=currency).first()
        return row.amount if row else Decimal("0.00")


class MonthlyTurnover(models.Model):
    """What an account paid out of its balances in a month, in euros: the limits count against it."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="turnovers")
    month = models.DateField(_("month"))
    amount = models.DecimalField(_("amount in euros"), max_digits=20, decimal_places=2)

    class Meta:
        verbose_name = _("monthly turnover")
        verbose_name_plural = _("monthly turnovers")
        constraints = (models.UniqueConstraint("account", "month", name="one_turnover_per_month"),)

    def __str__(self) -> str:
        return f"{self.account_id} {self.month:%Y-%m} {self.amount}"
