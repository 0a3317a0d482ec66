"""How drf-spectacular reads our views: the query, the Idempotency-Key and the problem documents that all share."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

from okpay_gateway import problems
from sandbox import idempotency
from sandbox.api import ControlView, Strict


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

    def _get_serializer_name(self, serializer: Any, direction: Any, bypass_extensions: bool = False) -> str:
        # WalletFields is a Wallet to whoever calls; only in our code that name is taken by the model.
        name: str = super()._get_serializer_name(serializer, direction, bypass_extensions)
        return name.replace("Fields", "")

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> dict[str, Any]:
        schema: dict[str, Any] = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        if direction == "request" and isinstance(serializer, Strict):
            schema["additionalProperties"] = False
        return schema

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        if isinstance(self.view, ControlView):
            bodies["default"] = {
                "description": "What went wrong, as RFC 9457 says.",
                "content": {problems.MEDIA_TYPE: {"schema": self.resolve_serializer(problems.Problem, "response").ref}},
            }
        return bodies
