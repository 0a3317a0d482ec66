"""The control API's part of the checkout: pay or cancel as a person would in the browser, without one."""

import hashlib
import json
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from checkout import api_examples as examples
from checkout import orders, returns, sessions
from checkout.forms import ReviewForm
from checkout.models import CheckoutSession, SessionItem
from checkout.orders import Choices
from checkout.sessions import PaidOtherwise, SessionClosed
from sandbox import correlation, journal
from sandbox.api import Amount, ControlView, ListQuery, Nothing, Query, Strict
from sandbox.examples import answer, answers_with, body, can_fail
from sandbox.models import Sandbox
from wallets import parties, payments
from wallets.errors import InsufficientFunds, SourceAccountBlocked, SourceAccountDoesntExist
from wallets.models import Account, Transaction, Wallet
from wallets.paysystems import OKPAY_BALANCE, PAYSYSTEMS

# What the page of an external payment system offers.
OUTCOMES = {"paid": payments.PAID, "refused": payments.REFUSED, "pending": payments.PENDING}
CANCELLED = "cancelled"


class SessionItemFields(serializers.ModelSerializer[SessionItem]):
    price = Amount(allow_null=True, help_text="null: the buyer enters it.")
    handling, shipping, tax = (Amount() for _amount in range(3))

    class Meta:
        model = SessionItem
        fields = (
            *("number", "name", "article", "type", "quantity", "price", "handling", "shipping", "tax"),
            *("custom_1_title", "custom_1_value", "custom_2_title", "custom_2_value"),
        )


class HintFields(serializers.Serializer[Any]):
    variable = serializers.CharField()
    text = serializers.CharField()


@answers_with(examples.SESSION)
class SessionFields(serializers.ModelSerializer[CheckoutSession]):
    """One payment form that was sent to process.html."""

    url = serializers.SerializerMethodField(help_text="Where a person would pay it.")
    receiver = serializers.CharField(source="receiver_id")
    currency = serializers.CharField(source="currency_id")
    items = SessionItemFields(many=True)
    payment_link = serializers.CharField(source="link_id", allow_null=True, help_text="By which it was opened.")
    paysystems = serializers.ListField(
        child=serializers.CharField(), allow_null=True, help_text="Those that the shop allows. null: all."
    )
    payer_details = serializers.DictField(child=serializers.CharField(), help_text="What ok_payer_* says, to fill in.")
    hints = HintFields(many=True, help_text="What is no error, but probably not meant.")
    payer = serializers.CharField(source="payer_account_id", allow_null=True, help_text="An account ID.")
    transaction = serializers.IntegerField(source="transaction_id", allow_null=True)

    class Meta:
        model = CheckoutSession
        fields = (
            *("token", "status", "url", "created_at", "expires_at", "finished_at"),
            *("receiver", "receiver_as_sent", "currency", "fee_payer", "invoice", "items"),
            *("ipn_url", "return_success", "return_fail", "paysystems", "direct_method", "language"),
            *("payer_details", "hints", "payment_link", "payer", "transaction"),
        )

    def get_url(self, session: CheckoutSession) -> str:
        return self.absolute(reverse("checkout", args=[session.token]))

    def absolute(self, url: str) -> str:
        if settings.PUBLIC_URL and url.startswith("/"):
            return f"{settings.PUBLIC_URL}{url}"
        found: str = self.context["request"].build_absolute_uri(url)
        return found


@answers_with(examples.SESSION | examples.WAY_BACK)
class EndedSession(SessionFields):
    """With the way back to the shop. All three are null as long as the session is open."""

    return_method = serializers.SerializerMethodField()
    return_url = serializers.SerializerMethodField(help_text="Where the browser goes; after GET with the variables.")
    return_variables = serializers.SerializerMethodField(help_text="What it carries, in the order of the wire.")

    class Meta(SessionFields.Meta):
        fields = (*SessionFields.Meta.fields, "return_method", "return_url", "return_variables")  # type: ignore[assignment]

    def to_representation(self, session: CheckoutSession) -> dict[str, Any]:
        self.way = None if session.is_open else returns.back(session, now=self.context["view"].now)
        return dict(super().to_representation(session))

    @extend_schema_field(serializers.ChoiceField(choices=Wallet.ReturnMethod.choices, allow_null=True))
    def get_return_method(self, _session: CheckoutSession) -> str | None:
        return self.way.method.value if self.way else None

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_return_url(self, _session: CheckoutSession) -> str | None:
        if self.way is None:
            return None
        return self.absolute(self.way.location if self.way.method == Wallet.ReturnMethod.GET else self.way.url)

    @extend_schema_field(serializers.DictField(child=serializers.CharField(), allow_null=True))
    def get_return_variables(self, _session: CheckoutSession) -> dict[str, str] | None:
        return dict(self.way.pairs) if self.way else None


class DeliveryFields(Strict):
    """Where shipment items go. What is not given is the account's own, as on the page."""

    name = serializers.CharField(max_length=128, required=False)
    street = serializers.CharField(max_length=200, required=False)
    zip = serializers.CharField(max_length=20, allow_blank=True, required=False)
    city = serializers.CharField(max_length=40, required=False)
    state = serializers.CharField(max_length=40, allow_blank=True, required=False)
    country_code = serializers.CharField(max_length=2, required=False)


class PayFields(Strict):
    """What a person would choose and fill in."""

    payer = serializers.CharField(
        default=None,
        allow_null=True,
        help_text="Who is logged in, by e-mail, wallet or account ID; null: nobody, which takes a payment system.",
    )
    paysystem = serializers.CharField(
        default=OKPAY_BALANCE, max_length=10, help_text="OKB, the OKPAY balance, or the code of a payment system."
    )
    outcome = serializers.ChoiceField(
        choices=[*OUTCOMES, CANCELLED], default="paid", help_text="What the payment system answers."
    )
    currency = serializers.CharField(
        default="", max_length=3, help_text="The balance to pay from, converted if it is another than the order's."
    )
    comment = serializers.CharField(default="", allow_blank=True)
    custom = serializers.DictField(
        child=serializers.CharField(allow_blank=True),
        default=dict,
        help_text="The shop's open fields, by title or by name: ok_item_1_custom_1_value.",
    )
    price = Amount(required=False, help_text="Where the shop leaves it to the buyer.")
    address = DeliveryFields(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["paysystem"] == OKPAY_BALANCE and attrs["payer"] is None:
            raise ValidationError({"payer": [_("Who pays from his OKPAY balance? An e-mail, wallet or account ID.")]})
        if attrs["paysystem"] not in (OKPAY_BALANCE, *PAYSYSTEMS):
            codes = ", ".join((OKPAY_BALANCE, *PAYSYSTEMS))
            raise ValidationError({"paysystem": [_("There is no such method. Known: %(codes)s.") % {"codes": codes}]})
        if attrs["paysystem"] == OKPAY_BALANCE and attrs["outcome"] != "paid":
            raise ValidationError({"outcome": [_("Only a payment system has one; an OKPAY balance pays or refuses.")]})
        if attrs["paysystem"] != OKPAY_BALANCE and attrs["currency"]:
            raise ValidationError({"currency": [_("Only an OKPAY balance is chosen by its currency.")]})
        return attrs


class SessionsQuery(ListQuery):
    status = serializers.ChoiceField(
        choices=CheckoutSession.Status.choices, required=False, help_text="How they ended, or that they are open."
    )
    wallet = serializers.CharField(required=False, help_text="The receiver.")
    invoice = serializers.CharField(required=False, allow_blank=True, help_text="The shop's own number, exactly.")

    columns = {"wallet": ("receiver_id",)}


class SessionsView(mixins.ListModelMixin, mixins.RetrieveModelMixin, ControlView, GenericViewSet[Any]):
    """Orders that came to process.html."""

    scope, for_accounts, account_paths = "checkout", "read", ("receiver__account_id",)

    queryset = CheckoutSession.objects.all()
    lookup_url_kwarg = "token"
    lookup_field = "token"
    lookup_value_regex = r"[\w-]+"
    newest_first = ("-created_at", "-token")

    def get_serializer_class(self) -> type[SessionFields]:
        return SessionFields if self.action == "list" else EndedSession

    def get_query_class(self) -> type[Query]:
        return SessionsQuery if self.action == "list" else Query

    def in_sandbox(self) -> QuerySet[CheckoutSession]:
        return (
            CheckoutSession.objects.filter(sandbox=self.sandbox)
            .select_related("sandbox", "currency", "receiver__account__sandbox", "transaction")
            .prefetch_related("items")
        )

    def get_object(self) -> CheckoutSession:
        session: CheckoutSession = super().get_object()
        journal.note(
            correlation=session.correlation or correlation.current(),
            wallet=session.receiver_id,
            invoice=session.invoice,
            outcome=session.status,
            transaction=session.transaction_id,
        )
        return session

    @extend_schema(request=body(PayFields, examples.PAYMENTS))
    @can_fail(
        {
            "Not enough money": InsufficientFunds,
            "Blocked": SourceAccountBlocked,
            "Nobody": SourceAccountDoesntExist,
            "Closed": lambda: SessionClosed(CheckoutSession.Status.CANCELED.label),
            "Paid otherwise": lambda: PaidOtherwise(Transaction(id=1000027)),
        }
    )
    @action(detail=True, methods=["post"])
    def pay(self, request: Request, token: str) -> Response:
        """Pay as a person would. Log in, choose, fill in, press Pay.

        Paid already, it is not paid again: the same request gets the first one's answer, another one 409.
        """
        session = self.get_object()
        wanted = self.read(PayFields)
        payer, wallet = _payer(wanted["payer"], self.sandbox)
        if wanted["outcome"] == CANCELLED:
            sessions.cancel(session, now=self.now)
        else:
            asked = _asked(session, payer, wallet, wanted)
            # Who presses Pay again may find his balance spent, so he is asked for nothing.
            choices = _choices(session, payer, wallet, wanted) if session.is_open else Choices()
            outcome = OUTCOMES[wanted["outcome"]]
            payment = sessions.pay(
                session, payer=payer, choices=replace(choices, asked=asked), outcome=outcome, now=self.now
            )
            # Looked at afterwards, because two may ask at once.
            if not _was_asked(self.get_object(), asked, payer, wanted):
                raise PaidOtherwise(payment)
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=Nothing, responses={200: answer(EndedSession, examples.CANCELED)})
    @can_fail({"Closed": lambda: SessionClosed(CheckoutSession.Status.PAID.label)})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, token: str) -> Response:
        """Cancel a checkout. As a person would who presses Cancel."""
        session = self.get_object()
        self.read(Nothing)
        sessions.cancel(session, now=self.now)
        return Response(self.get_serializer(self.get_object()).data)


def _payer(name: str | None, sandbox: Sandbox) -> tuple[Account | None, Wallet | None]:
    """The account and, if one was named, its wallet. Raises SourceAccountDoesntExist."""
    if name is None:
        return None, None
    if account := Account.objects.filter(id=name, sandbox=sandbox).exclude(kind=Account.Kind.HOUSE).first():
        return account, None
    wallet = parties.find_wallet(name, sandbox=sandbox)
    if wallet is None:
        raise SourceAccountDoesntExist
    return wallet.account, wallet if parties.WALLET_ID.fullmatch(name.strip()) else None


def _asked(session: CheckoutSession, payer: Account | None, wallet: Wallet | None, wanted: dict[str, Any]) -> str:
    """What the request comes to, however it names the payer and writes a price. Raises ValidationError."""
    from_balance = wanted["paysystem"] == OKPAY_BALANCE
    if from_balance and wallet is None and payer is not None:
        wallet = parties.primary_wallet(payer)
    comes_to = {
        "payer": payer and payer.id,
        "wallet": wallet.id if from_balance and wallet else "",
        "currency": (wanted["currency"] or session.currency_id) if from_balance else "",
        "comment": wanted["comment"].strip(),
        "answers": _answers(orders.questions(session), wanted),
        "address": wanted.get("address", {}),
        **{name: wanted[name] for name in ("paysystem", "outcome")},
    }
    return hashlib.sha256(json.dumps(comes_to, sort_keys=True).encode()).hexdigest()


def _was_asked(session: CheckoutSession, asked: str, payer: Account | None, wanted: dict[str, Any]) -> bool:
    """Whether a paid session was paid as asked. Of one that a person paid, by whom and how is all that is compared."""
    chosen = Choices.from_json(session.choices or {})
    if chosen.asked:
        return chosen.asked == asked
    return (session.payer_account_id, chosen.method) == (payer and payer.id, wanted["paysystem"])


class _Answers(ReviewForm):
    """The review page's form, filled in by a script: which balance is taken is not chosen from a list."""

    def clean(self) -> dict[str, Any]:
        return self.cleaned_data

    def choices_for(self, wanted: dict[str, Any], wallet: Wallet | None) -> Choices:
        return Choices(
            method=wanted["paysystem"],
            wallet=wallet.id if wallet else "",
            from_currency=wanted["currency"],
            comment=self.cleaned_data["comment"],
            values={question.name: str(self.cleaned_data[question.name]) for question in self.questions},
            address=self._address() if self.needs_address else None,
        )


def _choices(session: CheckoutSession, payer: Account | None, wallet: Wallet | None, wanted: dict[str, Any]) -> Choices:
    """Raises ValidationError under the names of PayFields."""
    filled_in = dict(_Answers(session, payer).initial) | {"comment": wanted["comment"]}
    filled_in |= _answers(orders.questions(session), wanted)
    filled_in |= {f"address_{name}": value for name, value in wanted.get("address", {}).items()}
    form = _Answers(session, payer, filled_in)
    if not form.is_valid():
        raise ValidationError({_api_name(name): [str(text) for text in texts] for name, texts in form.errors.items()})
    return form.choices_for(wanted, wallet)


def _answers(questions: list[orders.Question], wanted: dict[str, Any]) -> dict[str, str]:
    """What the shop asks, under the official names. Raises ValidationError for what it does not ask."""
    names = {question.label: question.name for question in questions if not question.is_price}
    names |= {question.name: question.name for question in questions}
    if unknown := [name for name in wanted["custom"] if name not in names]:
        known = ", ".join(names) or _("none")
        message = _("The shop does not ask for this. Open here: %(names)s.") % {"names": known}
        raise ValidationError({f"custom.{name}": [message] for name in unknown})
    answers = {}
    if "price" in wanted:
        prices = [question.name for question in questions if question.is_price]
        if not prices:
            raise ValidationError({"price": [_("The shop has set every price.")]})
        answers = dict.fromkeys(prices, f"{wanted['price'].normalize():f}")
    return answers | {names[name]: value for name, value in wanted["custom"].items()}


def _api_name(form_field: str) -> str:
    if form_field.startswith("address_"):
        return f"address.{form_field.removeprefix('address_')}"
    if form_field.endswith("_price"):
        return "price"
    return f"custom.{form_field}" if form_field.startswith("ok_") else form_field
