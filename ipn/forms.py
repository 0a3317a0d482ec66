"""The forms of a client's IPN pages. What they are given to choose from is the client's own."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ipn import simulator
from ipn.history import Search
from ipn.models import IpnMessage
from ipn.simulator import Pair

# Far beyond any variable's documented length; only a table must not fill up with one form.
LONGEST_VALUE = 5000
BIGGEST_ID = 2**63 - 1

Choices = Sequence[tuple[str, str]]


class SearchForm(forms.Form):
    """What to look for in the IPN History."""

    NEVER_VERIFIED = "never-verified"

    wallet = forms.ChoiceField(label=_("Wallet"), required=False)
    first_day = forms.DateField(
        label=_("From"), required=False, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    last_day = forms.DateField(
        label=_("Till"), required=False, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    status = forms.ChoiceField(
        label=_("Delivery status"),
        required=False,
        choices=[
            ("", _("Any")),
            *IpnMessage.Status.choices,
            (NEVER_VERIFIED, _("Sent, but never verified")),
        ],
    )
    transaction = forms.IntegerField(
        label=_("Transaction ID"),
        required=False,
        min_value=0,
        max_value=BIGGEST_ID,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )

    def __init__(self, *args: Any, wallets: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._own = [wallet for wallet, _name in wallets]
        choices = self.fields["wallet"]
        assert isinstance(choices, forms.ChoiceField)
        choices.choices = [("", _("All")), *wallets]

    def search(self) -> Search | None:
        """The question as it was asked, None if it is no valid one."""
        if not self.is_valid():
            return None
        asked = self.cleaned_data
        never_verified = asked["status"] == self.NEVER_VERIFIED
        return Search(
            wallets=[asked["wallet"]] if asked["wallet"] else self._own,
            first_day=asked["first_day"],
            last_day=asked["last_day"],
            status="" if never_verified else asked["status"],
            transaction=asked["transaction"],
            never_verified=never_verified,
        )


class SimulatorStart(forms.Form):
    """Step 1: whose listener, where it is, and about what it is to hear."""

    wallet = forms.ChoiceField(label=_("Wallet"))
    # Any text: an address that cannot be posted to becomes an attempt that says so.
    url = forms.CharField(
        label=_("URL of your listener"), max_length=2000, widget=forms.TextInput(attrs={"inputmode": "url"})
    )
    kind = forms.ChoiceField(
        label=_("Kind of transaction"),
        choices=[
            ("payment_link", _("Payment link or button")),
            ("send_money", _("Send Money")),
            ("mass_pay", _("Mass Payment")),
            ("marketplace", _("Marketplace")),
            ("subscription", _("Subscription")),
        ],
    )
    status = forms.ChoiceField(
        label=_("Status"),
        required=False,
        help_text=_("The test data of the next step fit it."),
        choices=[
            ("completed", _("Completed")),
            (
                _("Pending"),
                [
                    ("pending:review", _("Pending: being reviewed by OKPAY for risk")),
                    ("pending:unilateral", _("Pending: sent to an address that is not registered or confirmed")),
                    ("pending:verify", _("Pending: the receiver is not yet verified")),
                    ("pending:other", _("Pending: other reason")),
                ],
            ),
            (
                _("Reversed"),
                [
                    ("reversed:refund", _("Reversed: refund")),
                    ("reversed:chargeback", _("Reversed: chargeback")),
                    ("reversed:other", _("Reversed: other reason")),
                ],
            ),
            ("failed", _("Failed")),
            ("canceled", _("Canceled")),
            ("error", _("Error")),
            ("hold", _("Hold")),
        ],
    )

    def __init__(self, *args: Any, wallets: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = self.fields["wallet"]
        assert isinstance(choices, forms.ChoiceField)
        choices.choices = list(wallets)

    def status_and_reason(self) -> tuple[str, str]:
        status, _colon, reason = (self.cleaned_data["status"] or "completed").partition(":")
        return status, reason


class SimulatorFields(forms.Form):
    """Step 2: one field per variable, each free to hold anything or nothing."""

    SENT_EMPTY, LEFT_OUT = "sent-empty", "left-out"

    GROUPS = (
        ("ok_receiver", _("Receiver")),
        ("ok_payer_", _("Payer")),
        ("ok_s_", _("Subscription")),
        ("ok_item", _("Items")),
        ("ok_txn_", _("Transaction")),
        ("ok_invoice", _("Transaction")),
        ("", _("Message")),
    )
    SUGGESTIONS = {
        "ok_txn_kind": simulator.KINDS,
        "ok_txn_status": simulator.STATUSES,
        "ok_txn_pending_reason": simulator.PENDING_REASONS,
        "ok_txn_reversal_reason": simulator.REVERSAL_REASONS,
        "ok_payer_status": ("verified", "unverified"),
        "ok_payer_address_status": ("confirmed", "unconfirmed"),
        "ok_item_1_type": simulator.ITEM_TYPES,
        "ok_item_2_type": simulator.ITEM_TYPES,
    }

    blank_fields = forms.ChoiceField(
        label=_("Blank fields"),
        choices=[(SENT_EMPTY, _("are sent with an empty value")), (LEFT_OUT, _("are left out"))],
        initial=SENT_EMPTY,
        required=False,
    )

    def __init__(self, *args: Any, defaults: Sequence[Pair], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Both reasons, so that the status can be changed here too. Blank, they are never sent: they go with a status.
        names = [name for name, _value in defaults]
        position = names.index("ok_txn_status") + 1
        self._reasons = [name for name in ("ok_txn_pending_reason", "ok_txn_reversal_reason") if name not in names]
        self.names = [*names[:position], *self._reasons, *names[position:]]
        initial = dict(defaults)
        for name in self.names:
            suggestions = {"list": f"words-{name}"} if name in self.SUGGESTIONS else {}
            self.fields[name] = forms.CharField(
                label=name,
                required=False,
                strip=False,
                max_length=LONGEST_VALUE,
                initial=initial.get(name, ""),
                widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", **suggestions}),
            )

    def pairs(self) -> list[Pair]:
        """The variables as they were filled in, in the order of the wire."""
        left_out = set(self.names if self.cleaned_data["blank_fields"] == self.LEFT_OUT else self._reasons)
        filled_in = [(name, self.cleaned_data[name]) for name in self.names]
        return [(name, value) for name, value in filled_in if value or name not in left_out]

    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields in the order of the wire, under headings."""
        groups: list[tuple[str, list[forms.BoundField]]] = []
        for name in self.names:
            heading = next(str(heading) for prefix, heading in self.GROUPS if name.startswith(prefix))
            if name == "ok_txn_kind":
                heading = str(self.GROUPS[-1][1])
            if not groups or groups[-1][0] != heading:
                groups.append((heading, []))
            groups[-1][1].append(self[name])
        return groups

    def suggestions(self) -> list[tuple[str, Sequence[str]]]:
        """The official words of each variable that has some."""
        return [(f"words-{name}", words) for name, words in self.SUGGESTIONS.items() if name in self.fields]
