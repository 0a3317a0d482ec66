"""The Listener Check by the control API: one call that tells all stories and answers with the report."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ipn import api_examples as examples
from ipn.listener_check import checks
from ipn.listener_check.facts import Facts, Interrupted
from ipn.listener_check.faults import OUTCOMES
from ipn.listener_check.judgement import Judgement, Report, judge
from ipn.listener_check.orders import INVOICE
from ipn.listener_check.stories import A_TRIFLE, BY_KEY
from sandbox.api import Amount, ControlView, Strict, WebAddress
from sandbox.examples import answers_with, body, can_fail


class CheckFields(Strict):
    """Whose listener is checked, and what its shop is supposed to have sold."""

    wallet = serializers.CharField(help_text="Whose listener it is.")
    url = WebAddress(default="", help_text="Empty: the wallet's Payment Notification (IPN) URL.")
    timeout = serializers.FloatField(
        required=False, help_text="Seconds for each answer; at most, and if not given, IPN_TIMEOUT."
    )
    orders_url = WebAddress(
        default="",
        help_text="Where the shop says how often it delivered {invoice}: a number, or an object with `shipped`.",
    )
    amount = Amount(default=checks.AMOUNT, help_text="What each order costs.")
    currency = serializers.RegexField("^[A-Z]{3}$", default=checks.CURRENCY)
    number = serializers.IntegerField(
        default=1, min_value=0, max_value=2**31 - 1, help_text="Ends the invoices: CHECK-DUPLICATE-1 and so on."
    )
    invoices = serializers.DictField(
        child=serializers.CharField(max_length=127), default=dict, help_text="Other invoices, by story."
    )

    def validate_timeout(self, timeout: float) -> float:
        if not 0 < timeout <= settings.IPN_TIMEOUT:
            raise ValidationError(
                _("Above 0 and at most IPN_TIMEOUT, %(seconds)s seconds.") % {"seconds": settings.IPN_TIMEOUT}
            )
        return timeout

    def validate_orders_url(self, url: str) -> str:
        if url and INVOICE not in url:
            raise ValidationError(_("It must hold {invoice}, where the invoice of each story belongs."))
        return url

    def validate_amount(self, amount: Any) -> Any:
        if not A_TRIFLE < amount < 10**10 or amount != round(amount, 2):
            raise ValidationError(_("Above %(least)s, with at most two decimals.") % {"least": A_TRIFLE})
        return amount

    def validate_invoices(self, invoices: dict[str, str]) -> dict[str, str]:
        if unknown := sorted(set(invoices) - set(BY_KEY)):
            raise ValidationError(
                _("There is no story %(names)s. Known are: %(known)s.")
                % {"names": ", ".join(unknown), "known": ", ".join(BY_KEY)}
            )
        return invoices


class NoteFields(serializers.Serializer[Any]):
    outcome = serializers.ChoiceField(choices=OUTCOMES)
    title = serializers.CharField(help_text="What was seen.")
    cure = serializers.CharField(help_text="What to do about it.")
    names = serializers.ListField(child=serializers.CharField(), help_text="The variables that it is about.")
    verification = serializers.IntegerField(allow_null=True, help_text="The call of ipn-verify that shows it.")


class PostFields(serializers.Serializer[Any]):
    message = serializers.IntegerField(allow_null=True, help_text="null: it was forged.")
    body = serializers.CharField()
    code = serializers.IntegerField(allow_null=True)
    error = serializers.CharField(allow_blank=True, help_text="Empty: the listener answered 200.")
    detail = serializers.CharField(allow_blank=True)
    seconds = serializers.FloatField()


class QuestionFields(serializers.Serializer[Any]):
    id = serializers.IntegerField(help_text="The verification's.")
    verdict = serializers.CharField()
    after = serializers.FloatField(allow_null=True, help_text="Seconds after the POST; null while the clock is frozen.")


class StoryFields(serializers.Serializer[Any]):
    """What a listener was told, what was seen of what it did, and what is to be said about it."""

    story = serializers.CharField()
    title = serializers.CharField()
    told = serializers.CharField()
    promise = serializers.CharField(help_text="What a good listener does.")
    outcome = serializers.ChoiceField(choices=OUTCOMES)
    invoice = serializers.CharField()
    posts = PostFields(many=True)
    verifications = QuestionFields(many=True)
    ships = serializers.IntegerField(help_text="How often a good shop delivers the invoice.")
    shipped = serializers.IntegerField(
        allow_null=True, help_text="How often it did, by its own word; null without `orders_url`."
    )
    notes = NoteFields(many=True)

    def to_representation(self, judgement: Judgement) -> dict[str, Any]:
        story, facts = judgement.story, judgement.facts
        return super().to_representation(
            {
                "story": story.key,
                "title": story.title,
                "told": story.told,
                "promise": story.promise,
                "outcome": judgement.outcome,
                "invoice": facts["invoice"],
                "posts": [_post(message, post) for message in facts["messages"] for post in message["posts"]],
                "verifications": judgement.questions,
                "ships": story.ships,
                "shipped": facts["shipped"],
                "notes": [
                    {
                        "outcome": note.outcome,
                        "title": note.title,
                        "cure": note.cure,
                        "names": note.names,
                        "verification": note.question,
                    }
                    for note in judgement.notes
                ],
            }
        )


@answers_with(examples.REPORT)
class ReportFields(serializers.Serializer[Any]):
    """The whole check. Warnings are no failures; a story that was not told is not passed."""

    id = serializers.IntegerField()
    passed = serializers.BooleanField()
    summary = serializers.CharField()
    wallet = serializers.CharField()
    url = serializers.CharField()
    stories = StoryFields(many=True)

    def to_representation(self, report: Report) -> dict[str, Any]:
        return super().to_representation(
            {
                "id": report.check.id,
                "passed": report.passed,
                "summary": report.in_a_line,
                "wallet": report.check.wallet_id,
                "url": report.check.url,
                "stories": report.judgements,
            }
        )


class WasReset(APIException):
    status_code = 409
    default_code = "conflict"
    default_detail = gettext_lazy("The sandbox was reset while its listener was being checked.")


class CheckListenerView(ControlView):
    """The Listener Check."""

    scope = "ipn"
    in_one_transaction = False  # The listener verifies while this waits.
    serializer_class = CheckFields

    @extend_schema(
        operation_id="check_listener", request=body(CheckFields, examples.CHECKS), responses={200: ReportFields}
    )
    @can_fail({"Reset meanwhile": WasReset})
    def post(self, request: Request) -> Response:
        """Tell a listener all stories that it must survive. The answer says what it does wrong, after some seconds."""
        wanted = self.read()
        wallet_id = wanted.pop("wallet")
        account = self.sandbox.accounts.filter(wallets__id=wallet_id, wallets__role="client").first()
        if account is None:
            raise ValidationError({"wallet": [_("There is no such wallet in this sandbox.")]})
        url = wanted.pop("url") or account.wallets.get(id=wallet_id).ipn_url
        if not url:
            raise ValidationError({"url": [_("Needed, because the wallet has no Payment Notification (IPN) URL.")]})
        check = checks.prepare(sandbox=self.sandbox, wallet_id=wallet_id, url=url, now=self.now, **wanted)
        try:
            checks.run(check)
        except Interrupted:
            raise WasReset from None
        return Response(ReportFields(judge(check)).data)


def _post(message: Facts, post: Facts) -> Facts:
    return {"message": message["id"], **post}
