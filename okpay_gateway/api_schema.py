"""How drf-spectacular reads our views: words from docstrings, the query, the Idempotency-Key, examples and problems."""

import re
from http import HTTPStatus
from typing import Any, cast

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import build_examples_list, force_instance, get_doc
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiRequest

from okpay_gateway import api_problems, problems
from sandbox import idempotency
from sandbox.api import ControlView, Strict
from sandbox.examples import answer_of

TAGS = {
    "accounts": "Clients and their logins.",
    "checkout-sessions": "Orders that came to process.html, paid or cancelled without a browser.",
    "clock": "The sandbox's time, and all that becomes due when it goes on.",
    "ipn-messages": "Notifications with every attempt, the simulator, the Listener Check.",
    "journal": "Every request to process.html, ipn-verify and OkPayAPI with its answer, and what came of it.",
    "ledger": "Are the books right?",
    "orders": "What was sold in the Marketplace.",
    "payment-links": "Payment links and buttons, and the keys of encrypted ones.",
    "products": "What stores sell, and how many there are.",
    "reset": "Back to the demo cast.",
    "sandboxes": "Gateways of one's own inside this one: made, dropped, saved, brought back, copied.",
    "scenarios": "Scripted outcomes: the next calls get a fault, a delay, another end.",
    "stores": "Stores of the Marketplace.",
    "tokens": "Tokens that may less than CONTROL_TOKEN.",
    "transactions": "Everything that moved money, or tried to; refunds, chargebacks, decisions.",
    "verifications": "Every call of ipn-verify, and why it got its verdict.",
    "wait": "Until nothing is due or under way.",
    "wallets": "Balances, the Integration tab, deposits.",
}
# Where a method has nothing to say of itself; %s is what the view is about, one or several.
SUMMARIES = {
    "list": "List {many}",
    "retrieve": "Look at one {one}",
    "partial_update": "Change one {one}",
    "destroy": "Delete one {one}",
}
REFUSALS = {
    400: "The request is not valid; `errors` names each field and the cure. Nothing was changed.",
    401: "No token, or one that does not hold.",
    403: "The token does not reach this.",
    404: "There is no such thing.",
    409: "What is there does not allow it.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    422: "The gateway refused, as OKPAY would; `error` is the official one. Or the Idempotency-Key was used before.",
}


class ControlTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "okpay_gateway.api.ControlTokenAuthentication"
    name = "controlToken"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "The gateway's CONTROL_TOKEN, or a token of `tokens/` with the scope of the call.",
        }


class ControlSchema(AutoSchema):
    def get_summary(self) -> str:
        first = _sentences(self._own_words())[0]
        if first or not isinstance(self.view, ControlView) or self.view.queryset is None:
            return first or _sentences(get_doc(self.view.__class__))[0]
        names = self.view.queryset.model._meta
        words = {"one": names.verbose_name, "many": names.verbose_name_plural}
        return SUMMARIES[getattr(self.view, "action", "")].format(**words)

    def get_description(self) -> str:  # type: ignore[override]
        """What follows after the summary; then who may call."""
        words = _sentences(self._own_words())[1] or get_doc(self.view.__class__)
        return f"{words}\n\n{_who_may(self.view, self.method)}" if isinstance(self.view, ControlView) else words

    def _own_words(self) -> str:
        return str(get_doc(self._handler))

    @property
    def _handler(self) -> Any:
        return getattr(self.view, getattr(self.view, "action", None) or self.method.lower(), None)

    def get_override_parameters(self) -> list[Any]:
        if not isinstance(self.view, ControlView):
            return []
        query = self.view.get_query_class()
        parameters: list[Any] = [query] if query._declared_fields else []
        if self.method == "POST":
            parameters.append(
                OpenApiParameter(
                    idempotency.HEADER,
                    {"type": "string", "pattern": idempotency.PATTERN},
                    OpenApiParameter.HEADER,
                    description="Makes it safe to send this again: a repeated key gets the first answer.",
                )
            )
        return parameters

    def _resolve_path_parameters(self, variables: Any) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = super()._resolve_path_parameters(variables)  # type: ignore[no-untyped-call]
        for parameter in parameters:
            # A key of the model has words of its own, for programmers of the model.
            parameter["description"] = f"Such as `{self._ids[parameter['name']]}`."
            parameter["schema"].pop("description", None)
            parameter["example"] = self._ids[parameter["name"]]
        return parameters

    @property
    def _ids(self) -> dict[str, str]:
        """What the path names, by the examples of what lives there."""
        found = {}
        for number, variable in enumerate(re.findall(r"{(\w+)}", self.path)):
            known = dict(getattr(self.view, "path_examples", {}))
            if number == 0 and variable not in known:
                view: Any = self.view
                example = answer_of(view.serializer_class or view.get_serializer_class())
                known[variable] = example[variable if variable in example else "id"]
            found[variable] = str(known[variable])
        return found

    def _get_serializer_name(self, serializer: Any, direction: Any, bypass_extensions: bool = False) -> str:
        # WalletFields is a Wallet to whoever calls; only in our code that name is taken by the model.
        name: str = super()._get_serializer_name(serializer, direction, bypass_extensions)
        return name.replace("Fields", "")

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> dict[str, Any]:
        schema: dict[str, Any] = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        if direction == "request" and isinstance(serializer, Strict):
            schema["additionalProperties"] = False
        return schema

    def _get_paginator(self) -> Any:
        """Only what one looks through has pages: an answer to a POST that is a list comes whole."""
        return super()._get_paginator() if self.method == "GET" else None  # type: ignore[no-untyped-call]

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        if not isinstance(self.view, ControlView):
            return bodies
        for status, described in bodies.items():
            described["description"] = HTTPStatus(int(status)).phrase
        schema = self.resolve_serializer(problems.Problem, "response").ref
        for status, documents in api_problems.documents(self._call).items():
            examples = build_examples_list([OpenApiExample(name, value) for name, value in documents.items()])
            bodies[status] = {
                "description": REFUSALS[int(status)],
                "content": {problems.MEDIA_TYPE: {"schema": schema, "examples": examples}},
            }
        return bodies

    @property
    def _call(self) -> api_problems.Call:
        body = None
        if self.method in ("POST", "PATCH"):
            asked = self.get_request_serializer()
            body = force_instance(  # type: ignore[no-untyped-call]
                asked.request if isinstance(asked, OpenApiRequest) else asked
            )
            assert isinstance(body, Strict), f"{self.method} {self.path} takes what it does not know"
        return api_problems.Call(cast(ControlView, self.view), self.method, self._handler, self.path, self._ids, body)


def _who_may(view: ControlView, method: str) -> str:
    if not view.scope:
        return "Only CONTROL_TOKEN may do this."
    write = method != "GET"
    words = f"A token needs the scope `{view.scope}:{'write' if write else 'read'}`."
    if view.for_accounts not in (("write",) if write else ("read", "write")):
        words += " One that is bound to an account may not do this."
    return words


def _sentences(text: str) -> tuple[str, str]:
    """The first, without its full stop, and the rest."""
    first, _space, rest = re.sub(r"\s*\n(?!\n)\s*", " ", text.strip()).partition(". ")
    return first.rstrip("."), rest.strip()


def tell_tags(result: dict[str, Any], **_more: Any) -> dict[str, Any]:
    """What each group of calls is about, after the document is made."""
    return {**result, "tags": [{"name": name, "description": words} for name, words in TAGS.items()]}
