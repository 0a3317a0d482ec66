"""What can go wrong between a test and the gateway, told in the gateway's own words."""

from typing import Any


class Problem(Exception):
    """The control API refused: an RFC 9457 problem document.

    `status` is HTTP's; `errors` maps each wrong field to its texts; `name` is the official error's name
    ("Insufficient_Funds") where the gateway refused a payment, else "".
    """

    def __init__(self, status: int, document: dict[str, Any]) -> None:
        self.status = status
        self.document = document
        self.errors: dict[str, list[str]] = document.get("errors") or {}
        self.name: str = (document.get("error") or {}).get("name", "")
        super().__init__(
            "\n".join(
                [
                    f"{status} {document.get('title', '')}: {document.get('detail', '')}",
                    *self._lines,
                ]
            )
        )

    @property
    def _lines(self) -> list[str]:
        return [f"  {field}: {' '.join(texts)}" for field, texts in self.errors.items()]


class FormRefused(Exception):
    """process.html did not take the form. `text` is what its page says, `variables` the names that it calls wrong."""

    def __init__(self, status: int, text: str, variables: list[str]) -> None:
        self.status, self.text, self.variables = status, text, variables
        super().__init__(f"process.html answered {status}:\n{text}")


class GatewayUnreachable(Exception):
    """Nobody answers at the gateway's address, or it is not ready."""


class NotIdle(Exception):
    """Something was still due or under way when the time was over. `left` says what."""

    def __init__(self, left: dict[str, Any]) -> None:
        self.left = left
        super().__init__(f"still due or under way: {left}")
