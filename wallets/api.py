"""The control API's part of the wallets: accounts, wallets, transactions and whether the books are right."""

import ipaddress
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from django.db import transaction as database
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from sandbox import journal
from sandbox.api import AMOUNT, Amount, ControlView, ListQuery, Nothing, Query, Strict, TrueOrFalse, WebAddress
from sandbox.examples import answer, answers_with, body, can_fail
from wallets import adjustments, audit, chain, countries, deposits, parties, payments, registration, reversals
from wallets import api_examples as examples
from wallets.errors import CurrencyNotFound, IncorrectAmount, InsufficientFunds, MoreThanIsLeft, WrongState
from wallets.models import Account, DeliveryAddress, Entry, Transaction, TransactionItem, User, Wallet
from wallets.money import D
from wallets.web_addresses import no_listener, no_way_back

CLIENTS = (Account.Kind.PERSON, Account.Kind.BUSINESS)


@answers_with(examples.ACCOUNT)
class AccountFields(Strict):
    """A client. A change of `verification` or `is_blocked` is what staff would do in the admin."""

    id = serializers.CharField(read_only=True)
    email = serializers.EmailField(max_length=127)
    password = serializers.CharField(write_only=True, max_length=128, trim_whitespace=False)
    kind = serializers.ChoiceField(choices=[(kind.value, kind.label) for kind in CLIENTS], required=False)
    first_name = serializers.CharField(max_length=64, allow_blank=True, required=False)
    last_name = serializers.CharField(max_length=64, allow_blank=True, required=False)
    business_name = serializers.CharField(max_length=127, allow_blank=True, required=False)
    phone = serializers.CharField(max_length=30, allow_blank=True, required=False)
    verification = serializers.ChoiceField(choices=Account.Verification.choices, required=False)
    is_blocked = TrueOrFalse(required=False)
    extended_access = TrueOrFalse(required=False)
    reputation = serializers.IntegerField(min_value=0, max_value=2**31 - 1, required=False)
    country_code = serializers.CharField(max_length=2, allow_blank=True, required=False)
    city = serializers.CharField(max_length=40, allow_blank=True, required=False)
    state = serializers.CharField(max_length=40, allow_blank=True, required=False)
    street = serializers.CharField(max_length=200, allow_blank=True, required=False)
    zip = serializers.CharField(max_length=20, allow_blank=True, required=False)
    address_confirmed = TrueOrFalse(required=False)
    wallets = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField(read_only=True)

    def get_wallets(self, account: Account) -> list[str]:
        return [wallet.id for wallet in account.wallets.all()]

    def validate_email(self, email: str) -> str:
        email = email.lower()
        own = self.instance.id if isinstance(self.instance, Account) else None
        if (
            Account.objects.filter(email__iexact=email).exclude(id=own).exists()
            or User.objects.filter(email__iexact=email).exclude(account_id=own, account__isnull=False).exists()
        ):
            raise ValidationError(_("Another client or staff member has this e-mail address."))
        return email

    def validate_phone(self, phone: str) -> str:
        if not phone:
            return ""
        if not (normal := parties.normal_phone(phone)):
            raise ValidationError(_("Write a phone number with its country code, such as +49 30 1234567."))
        own = self.instance.id if isinstance(self.instance, Account) else None
        if Account.objects.filter(phone=normal).exclude(id=own).exists():
            raise ValidationError(_("Another client has this phone number."))
        return normal

    def validate_country_code(self, code: str) -> str:
        code = code.upper()
        if code and code not in {known for known, _name in countries.choices("en")}:
            raise ValidationError(_("Write an ISO 3166 code of two letters, such as DE."))
        return code


@extend_schema_field(
    {"type": "object", "additionalProperties": {"type": "string", "pattern": AMOUNT}, "example": {"USD": "10000.00"}}
)
class Balances(serializers.Field[dict[str, Decimal], Any, dict[str, str], Any]):
    """{"USD": "10000.00"}. Written, it says what the wallet shall hold; currencies not named stay as they are."""

    def to_internal_value(self, data: Any) -> dict[str, Decimal]:
        if not isinstance(data, Mapping):
            raise ValidationError(_('Write an object such as {"USD": "100.00"}.'))
        amounts, errors = {}, {}
        for currency, text in data.items():
            try:
                amounts[str(currency)] = Amount().run_validation(text)
            except ValidationError as error:
                errors[str(currency)] = error.detail
        if errors:
            raise ValidationError(errors)
        return amounts

    def get_attribute(self, instance: Wallet) -> dict[str, Decimal]:
        return {row.currency_id: row.amount for row in instance.balances.all()}

    def to_representation(self, value: dict[str, Decimal]) -> dict[str, str]:
        return {currency: f"{amount:.2f}" for currency, amount in value.items()}


class Networks(serializers.ListField):
    """Addresses and networks, IPv4 or IPv6: ["203.0.113.7", "2001:db8::/32"]."""

    child = serializers.CharField(max_length=50)

    def to_internal_value(self, data: Any) -> list[str]:
        found, errors = [], {}
        for number, text in enumerate(super().to_internal_value(data)):
            try:
                network = ipaddress.ip_network(text.strip(), strict=False)
            except ValueError:
                errors[str(number)] = [_("%(text)s is no IPv4 or IPv6 address or network.") % {"text": text}]
            else:
                whole = network.prefixlen == network.max_prefixlen
                found.append(str(network.network_address if whole else network))
        if errors:
            raise ValidationError(errors)
        return list(dict.fromkeys(found))


class ReturnAddress(WebAddress):
    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if text and (reason := no_way_back(text)):
            raise ValidationError(reason)
        return text


class ListenerAddress(WebAddress):
    """What every attempt would refuse is refused at once."""

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if text and (reason := no_listener(text)):
            raise ValidationError(reason)
        return text


@answers_with(examples.WALLET)
class WalletFields(Strict):
    """A wallet and its Integration tab. `api_password` can be set and is never told."""

    id = serializers.CharField(read_only=True)
    account = serializers.CharField(read_only=True, source="account_id")
    title = serializers.CharField(max_length=127, required=False)
    balances = Balances(required=False)
    ipn_enabled = TrueOrFalse(required=False)
    ipn_url = ListenerAddress(required=False)
    return_success = ReturnAddress(required=False)
    return_fail = ReturnAddress(required=False)
    return_method = serializers.ChoiceField(choices=Wallet.ReturnMethod.choices, required=False)
    encrypted_only = TrueOrFalse(required=False, help_text="Refuse payment forms that are not encrypted buttons.")
    api_enabled = TrueOrFalse(required=False)
    api_password = serializers.CharField(
        write_only=True, allow_blank=True, max_length=200, trim_whitespace=False, required=False
    )
    api_allowed_ips = Networks(required=False)
    created_at = serializers.DateTimeField(read_only=True)


class NewWallet(WalletFields):
    account = serializers.CharField(help_text="Whose it becomes: an account ID.")


class DepositFields(Strict):
    currency = serializers.CharField(max_length=3)
    amount = Amount()


class RefundFields(Strict):
    amount = Amount(required=False, help_text="Part of the payment; all that is left of it if not given.")


class PartyFields(serializers.Serializer[Wallet]):
    """One side of a transaction. OKPAY's own account stands for the world outside."""

    account = serializers.CharField()
    wallet = serializers.CharField(allow_null=True, help_text="null: paid from outside by this client.")
    email = serializers.EmailField()
    name = serializers.CharField()


class ItemFields(serializers.ModelSerializer[TransactionItem]):
    price, handling, shipping, tax, gross = (Amount(read_only=True) for _amount in range(5))

    class Meta:
        model = TransactionItem
        fields = (
            *("number", "name", "article", "type", "quantity", "price", "handling", "shipping", "tax", "gross"),
            *("custom_1_title", "custom_1_value", "custom_2_title", "custom_2_value", "product_id"),
        )


class AddressFields(serializers.ModelSerializer[DeliveryAddress]):
    class Meta:
        model = DeliveryAddress
        fields = ("name", "country_code", "city", "state", "street", "zip", "confirmed")


class EntryFields(serializers.ModelSerializer[Entry]):
    wallet = serializers.CharField(source="wallet_id")
    currency = serializers.CharField(source="currency_id")
    amount = Amount()

    class Meta:
        model = Entry
        fields = ("wallet", "currency", "amount", "created_at")


@answers_with(examples.TRANSACTION)
class TransactionFields(serializers.ModelSerializer[Transaction]):
    """A transaction as the receiver sees it: `gross`, the `fee` that OKPAY keeps, `net`; `total` is what was paid."""

    parent = serializers.IntegerField(source="parent_id", allow_null=True)  # type: ignore[assignment]
    reversals = serializers.SerializerMethodField()
    payer = serializers.SerializerMethodField(help_text="null: an anonymous payer.")
    receiver = serializers.SerializerMethodField()
    currency = serializers.CharField(source="currency_id")
    gross, fee, net, total = (Amount(read_only=True) for _amount in range(4))
    paid_currency = serializers.CharField(source="paid_currency_id", allow_null=True)
    paid_amount = Amount(allow_null=True)
    items = ItemFields(many=True)
    delivery_address = AddressFields(allow_null=True, default=None)
    entries = EntryFields(many=True)

    class Meta:
        model = Transaction
        fields = (
            *("id", "kind", "status", "pending_reason", "reversal_reason", "parent", "reversals"),
            *("payer", "receiver", "receiver_as_sent", "payment_method"),
            *("currency", "gross", "fee", "net", "total", "fee_payer", "paid_currency", "paid_amount", "exchange_rate"),
            *("invoice", "comment", "ipn_url", "items", "delivery_address", "entries", "created_at", "updated_at"),
        )

    def get_reversals(self, transaction: Transaction) -> list[int]:
        return [reversal.id for reversal in transaction.reversals.all()]

    @extend_schema_field(PartyFields(allow_null=True))
    def get_payer(self, transaction: Transaction) -> dict[str, Any] | None:
        wallet = transaction.payer_wallet
        if not wallet.is_house:
            return _party(wallet.account, wallet)
        return _party(transaction.payer_account, None) if transaction.payer_account else None

    @extend_schema_field(PartyFields)
    def get_receiver(self, transaction: Transaction) -> dict[str, Any]:
        return _party(transaction.receiver_wallet.account, transaction.receiver_wallet)


def _party(account: Account, wallet: Wallet | None) -> dict[str, Any]:
    return {
        "account": account.id,
        "wallet": wallet.id if wallet else None,
        "email": account.email,
        "name": account.name,
    }


class BreakFields(serializers.Serializer[chain.Break]):
    """A checkpoint that does not hold, and the transactions whose entries are not as they were sealed."""

    checkpoint = serializers.IntegerField()
    first_entry, last_entry = (serializers.IntegerField() for _end in range(2))
    faults = serializers.ListField(
        child=serializers.ChoiceField(choices=["entries", "checkpoint", "link"]),
        help_text="entries: not those that were sealed. checkpoint: its own row was changed. link: it does not follow"
        " on the one before.",
    )
    changed = serializers.ListField(child=serializers.IntegerField(), help_text="Transactions, 100 at most.")
    missing, added = (serializers.ListField(child=serializers.IntegerField()) for _list in range(2))


class ChainFields(serializers.Serializer[chain.Chain]):
    """The seals upon the ledger's past."""

    ok = serializers.BooleanField()
    checkpoints = serializers.IntegerField()
    sealed = serializers.IntegerField(help_text="Entries.")
    unsealed = serializers.IntegerField(help_text="Entries that are newer than the last checkpoint.")
    head = serializers.CharField(help_text="The last checkpoint's hash. Keep it, and ask for it later: `?head=`.")
    knows_head = serializers.BooleanField(
        allow_null=True, help_text="Whether the head that was asked for is part of the chain; null: none was."
    )
    broken_in_all = serializers.IntegerField()
    broken = BreakFields(many=True, help_text="The first 20.")


class AuditQuery(Query):
    head = serializers.RegexField(
        "^[0-9a-f]{64}$", required=False, help_text="`chain.head` of an earlier answer: is it still part of the chain?"
    )


@answers_with(examples.AUDIT)
class AuditFields(serializers.Serializer[Any]):
    """Whether the books are right: every sum is 0.00, every list empty, and the past is as it was sealed."""

    ok = serializers.BooleanField()
    currencies = serializers.DictField(child=Amount(), help_text="The sum of all entries in each currency.")
    orphans = serializers.ListField(
        child=serializers.IntegerField(), help_text="Transactions whose entries do not sum to zero."
    )
    negative = serializers.ListField(child=serializers.CharField(), help_text="Balances below zero.")
    drifted = serializers.ListField(
        child=serializers.CharField(), help_text="Balances that are not the sum of their entries."
    )
    chain = ChainFields()


class AccountsQuery(ListQuery):
    email = serializers.CharField(required=False, help_text="With this e-mail address, in whatever case.")

    columns = {"email": ("email__iexact",)}


class WalletsQuery(ListQuery):
    account = serializers.CharField(required=False, help_text="Of this account.")

    columns = {"account": ("account_id",)}


class TransactionsQuery(ListQuery):
    wallet = serializers.CharField(required=False, help_text="Payer or receiver.")
    kind = serializers.ChoiceField(choices=Transaction.Kind.choices, required=False, help_text="How the money moved.")
    status = serializers.ChoiceField(
        choices=Transaction.Status.choices, required=False, help_text="Those that are so now."
    )
    invoice = serializers.CharField(required=False, allow_blank=True, help_text="The shop's own number, exactly.")
    till = serializers.DateTimeField(required=False, help_text="Up to this moment, with it: 2030-12-31T23:59:59Z.")

    columns = {
        "wallet": ("payer_wallet_id", "receiver_wallet_id"),
        "from": ("created_at__gte",),
        "till": ("created_at__lte",),
    }


# A word of Python's, so it cannot be written above.
TransactionsQuery._declared_fields["from"] = serializers.DateTimeField(
    required=False, help_text="From this moment on: 2030-12-31T00:00:00Z."
)


class AccountsView(mixins.ListModelMixin, mixins.RetrieveModelMixin, ControlView, GenericViewSet[Any]):
    """Clients, persons and businesses."""

    scope, for_accounts, account_paths = "accounts", "read", ("id",)

    queryset = Account.objects.all()
    serializer_class = AccountFields
    lookup_value_regex = r"[\w.-]+"
    newest_first = ("-created_at", "-id")

    def get_query_class(self) -> type[Query]:
        return AccountsQuery if self.action == "list" else Query

    def in_sandbox(self) -> QuerySet[Account]:
        return Account.objects.filter(sandbox=self.sandbox, kind__in=CLIENTS).prefetch_related("wallets")

    @extend_schema(request=body(AccountFields, examples.NEW_ACCOUNTS), responses={201: AccountFields})
    def create(self, request: Request) -> Response:
        """Register a new client, with a login and a first wallet."""
        account = registration.register(sandbox=self.sandbox, now=self.now, **self.read())
        return Response(self.get_serializer(account).data, status=201)

    @extend_schema(request=body(AccountFields, examples.ACCOUNT_CHANGES))
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change an account. What is not named stays."""
        account = self.get_object()
        changes = self.read(partial=True, instance=account)
        with database.atomic():
            user = User.objects.filter(account=account).first()
            if user and "email" in changes:
                user.email = changes["email"]
            if user and (password := changes.pop("password", None)) is not None:
                user.set_password(password)
            if user:
                user.save()
            for name, value in changes.items():
                setattr(account, name, value)
            account.save()
        return Response(self.get_serializer(account).data)


class WalletsView(mixins.ListModelMixin, mixins.RetrieveModelMixin, ControlView, GenericViewSet[Any]):
    """Clients' wallets with their balances and Integration settings."""

    scope, for_accounts, account_paths = "wallets", "read", ("account_id",)

    queryset = Wallet.objects.all()
    serializer_class = WalletFields
    lookup_value_regex = r"[\w.-]+"
    newest_first = ("-created_at", "-id")

    def get_query_class(self) -> type[Query]:
        return WalletsQuery if self.action == "list" else Query

    def in_sandbox(self) -> QuerySet[Wallet]:
        return (
            Wallet.objects.filter(account__sandbox=self.sandbox, role=Wallet.Role.CLIENT)
            .select_related("account__sandbox")
            .prefetch_related("balances")
        )

    @extend_schema(request=body(NewWallet, examples.NEW_WALLETS), responses={201: WalletFields})
    @can_fail({"Not a currency": CurrencyNotFound, "Not an amount": IncorrectAmount})
    @database.atomic
    def create(self, request: Request) -> Response:
        """Open another wallet for a client."""
        wanted = self.read(NewWallet)
        account_id = wanted.pop("account")
        account = Account.objects.filter(id=account_id, sandbox=self.sandbox, kind__in=CLIENTS).first()
        if account is None:
            raise ValidationError({"account": [_("There is no account %(id)s.") % {"id": account_id}]})
        wallet = parties.open_wallet(account, title=wanted.pop("title", "Main"), now=self.now)
        self._change(wallet, wanted)
        return Response(self.get_serializer(self.in_sandbox().get(id=wallet.id)).data, status=201)

    @extend_schema(request=body(WalletFields, examples.WALLET_CHANGES))
    @can_fail({"Not a currency": CurrencyNotFound, "Not an amount": IncorrectAmount})
    @database.atomic
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change a wallet: its Integration tab, what it holds. What is not named stays."""
        wallet = self.get_object()
        self._change(wallet, self.read(partial=True))
        return Response(self.get_serializer(self.in_sandbox().get(id=wallet.id)).data)

    @extend_schema(
        request=body(DepositFields, examples.DEPOSITS), responses={201: answer(TransactionFields, examples.DEPOSIT)}
    )
    @can_fail({"Not a currency": CurrencyNotFound, "Not an amount": IncorrectAmount})
    @action(detail=True, methods=["post"])
    def deposit(self, request: Request, pk: str) -> Response:
        """Put money from outside into a wallet. It is free of charge."""
        wallet = self.get_object()
        transaction = deposits.deposit(wallet, now=self.now, **self.read(DepositFields))
        return Response(TransactionFields(transaction).data, status=201)

    def _change(self, wallet: Wallet, changes: dict[str, Any]) -> None:
        amounts = changes.pop("balances", {})
        for name, value in changes.items():
            setattr(wallet, name, value)
        if changes:
            # Named, so that a change of another setting at the same moment stays.
            columns = ["api_password_sealed" if name == "api_password" else name for name in changes]
            wallet.save(update_fields=columns)
        for currency, amount in sorted(amounts.items()):
            adjustments.set_balance(wallet, currency=currency, amount=amount, now=self.now)


class TransactionsView(mixins.ListModelMixin, mixins.RetrieveModelMixin, ControlView, GenericViewSet[Any]):
    """Everything that moved money, or tried to."""

    scope, for_accounts = "payments", "read"
    account_paths = ("payer_wallet__account_id", "receiver_wallet__account_id", "payer_account_id")

    queryset = Transaction.objects.all()
    serializer_class = TransactionFields
    lookup_value_regex = r"\d{1,18}"

    def get_query_class(self) -> type[Query]:
        return TransactionsQuery if self.action == "list" else Query

    def in_sandbox(self) -> QuerySet[Transaction]:
        return (
            Transaction.objects.filter(sandbox=self.sandbox)
            .select_related(
                "payer_wallet__account", "receiver_wallet__account", "payer_account", "delivery_address", "sandbox"
            )
            .prefetch_related("items", "entries", "reversals")
        )

    def get_object(self) -> Transaction:
        payment: Transaction = super().get_object()
        journal.note(
            transaction=payment.id,
            correlation=payment.story,
            wallet=payment.receiver_wallet_id,
            invoice=payment.invoice,
        )
        return payment

    @extend_schema(request=Nothing)
    @can_fail({"Not pending": lambda: WrongState("Completed")})
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        """Let a pending payment through."""
        return self._decide(payments.approve)

    @extend_schema(request=Nothing, responses={200: answer(TransactionFields, examples.DECLINED)})
    @can_fail({"Not pending": lambda: WrongState("Completed")})
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, pk: str) -> Response:
        """Refuse a pending payment. The money goes back to where it came from."""
        return self._decide(payments.decline)

    @extend_schema(
        request=body(RefundFields, examples.REFUNDS), responses={201: answer(TransactionFields, examples.REFUND)}
    )
    @can_fail(
        {
            "More than is left": lambda: MoreThanIsLeft(D("110.00")),
            "Not completed": lambda: WrongState("Pending"),
            "Spent already": InsufficientFunds,
        }
    )
    @action(detail=True, methods=["post"])
    def refund(self, request: Request, pk: str) -> Response:
        """Give the payer all or part of a completed payment back. Answers the refund, a transaction of its own."""
        payment = self.get_object()
        return self._answer_with(reversals.refund(payment, now=self.now, **self.read(RefundFields)), status=201)

    @extend_schema(request=Nothing, responses={201: answer(TransactionFields, examples.CHARGEBACK)})
    @can_fail({"Not completed": lambda: WrongState("Pending"), "Spent already": InsufficientFunds})
    @action(detail=True, methods=["post"])
    def chargeback(self, request: Request, pk: str) -> Response:
        """Let the payment system take a completed payment back. Answers the chargeback, a transaction of its own."""
        payment = self.get_object()
        self.read(Nothing)
        return self._answer_with(reversals.chargeback(payment, now=self.now), status=201)

    def _decide(self, verb: Callable[..., Transaction]) -> Response:
        payment = self.get_object()
        self.read(Nothing)
        return self._answer_with(verb(payment, now=self.now), status=200)

    def _answer_with(self, transaction: Transaction, *, status: int) -> Response:
        return Response(self.get_serializer(self.in_sandbox().get(id=transaction.id)).data, status=status)


class AuditView(ControlView):
    """Are the books right?"""

    scope = "ledger"
    serializer_class = AuditFields

    query_class = AuditQuery

    @extend_schema(operation_id="ledger_audit")
    def get(self, request: Request) -> Response:
        """Audit the books. They are right when every sum is 0.00, every list empty, and the past as it was sealed.
        What is not sealed yet is sealed on this occasion."""
        chain.seal(self.sandbox.id)
        sums = audit.audit(self.sandbox.id)
        past = chain.verify(self.sandbox.id, head=self.query.get("head", ""))
        found = {**vars(sums), "ok": sums.ok and past.ok, "chain": past}
        return Response(AuditFields(found).data)
