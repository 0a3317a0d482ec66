"""What staff and merchants see of the SOAP API: calls that were refused, with the reason, and functions turned off."""

from django.db import models
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from wallets.models.parties import Wallet

# Instead of a function's name: all of them.
EVERY_FUNCTION = "*"


class ApiCall(models.Model):
    """A call that was refused, for the wallet's owner to find out why. The newest KEPT of each wallet stay.

    Nothing secret: neither the token that was sent nor the one that was expected.
    """

    KEPT = 100

    class Reason(models.TextChoices):
        """More than the wire says, which must not help who guesses."""

        PREVIOUS_HOUR = "previous_hour", _("The token is of the previous hour: make a new one every UTC hour.")
        NEXT_HOUR = "next_hour", _("The token is of the coming hour: your server's clock is fast.")
        OTHER_HOUR = "other_hour", _("The password is right, the hour is not: use UTC, not local time.")
        OTHER_FORM = (
            "other_form",
            _("The password is right, the date is written otherwise: YYYYMMDD:HH, such as 20100601:05."),
        )
        OTHER_CASE = "other_case", _("The password is written otherwise: mind upper and lower case, and spaces.")
        NOT_SHA256 = "not_sha256", _("The token is no SHA-256 in hexadecimal: that has 64 digits.")
        NOT_HASHED = "not_hashed", _("The API password itself was sent. Send its hash, and set another password now.")
        WRONG_PASSWORD = "wrong_password", _("The token was made with another password.")
        NO_TOKEN = "no_token", _("There was no SecurityToken.")
        NO_PASSWORD = "no_password", _("The wallet has no API password; set one.")
        UNREADABLE_PASSWORD = "unreadable_password", _("The server's key has changed; set the API password again.")
        TOO_MANY_FAILURES = "too_many_failures", _("Too many wrong tokens from this address; wait a minute.")
        API_OFF = "api_off", _("The API is not enabled for this wallet.")
        ADDRESS = "address", _("The address is not among those that may call the API.")
        HTTPS = "https", _("The call came without HTTPS.")
        EXTENDED = "extended", _("EX_ functions are for verified merchants to whom staff granted extended access.")
        PARAMETER = "parameter", _("A parameter cannot be read.")
        SCENARIO = "scenario", _("Nothing is wrong with the call: a scenario or a directive asked for this.")

    wallet = models.ForeignKey(Wallet, on_delete=models.CASCADE, related_name="api_calls", verbose_name=_("wallet"))
    at = models.DateTimeField(_("time"), help_text=_("Real time, by which tokens go."))
    operation = models.CharField(_("function"), max_length=60)
    remote_address = models.GenericIPAddressField(_("address"), null=True, blank=True)
    outcome = models.CharField(_("error"), max_length=60)
    reason = models.CharField(_("reason"), max_length=20, choices=Reason.choices, blank=True)
    detail = models.CharField(_("detail"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("refused API call")
        verbose_name_plural = _("refused API calls")
        ordering = ("-id",)
        indexes = (models.Index(F("wallet"), F("id").desc(), name="api_calls_newest_first"),)

    def __str__(self) -> str:
        return f"{self.operation} {self.outcome}"


class DisabledApiFunction(models.Model):
    """A function of the SOAP API that staff have turned off for everybody, or all of it."""

    name = models.CharField(_("function"), max_length=60, unique=True, help_text=_("Its name, or * for the whole API."))
    since = models.DateTimeField(_("since"), auto_now_add=True)

    class Meta:
        verbose_name = _("disabled API function")
        verbose_name_plural = _("disabled API functions")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
