"""JSON over HTTP to the control API, and a form to process.html. The standard library is all that it takes."""

import json
import time
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from okpay_sandbox.errors import FormRefused, GatewayUnreachable, Problem

TIMEOUT = 60  # seconds for an answer; `wait` adds its own
ENDS_A_LINE = frozenset({"h1", "h2", "h3", "p", "li", "tr", "main"})


class Link:
    """A way to one gateway. Each call has a connection of its own, so threads may share a link."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url.rstrip("/")
        self._token = token
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is not an address such as http://127.0.0.1:8000")
        self._connection_class = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._host, self._port, self._path = parts.hostname, parts.port, parts.path

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, Any] | None = None,
        timeout: float = TIMEOUT,
        idempotency_key: str | None = None,
    ) -> Any:
        """One call below /api/v1/. Raises Problem, GatewayUnreachable. None for an empty answer."""
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        if idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key
        content = None
        if body is not None:
            content, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        given = {name: value for name, value in (query or {}).items() if value is not None}
        status, answer, _headers = self._request(
            method, f"/api/v1/{path}{'?' + urlencode(given) if given else ''}", content, headers, timeout
        )
        try:
            document = json.loads(answer) if answer else None
        except ValueError:
            document = {"title": "No JSON", "detail": answer[:200].decode(errors="replace")}
        if status >= 400:
            raise Problem(status, document if isinstance(document, dict) else {"detail": str(document)})
        return document

    def pages(self, path: str, query: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Every row of a list, page after page."""
        wanted = dict(query)
        while True:
            page = self.call("GET", path, query=wanted)
            yield from page["results"]
            if not page.get("next"):
                return
            wanted["cursor"] = parse_qs(urlsplit(page["next"]).query)["cursor"][0]

    def post_form(self, variables: Mapping[str, str]) -> str:
        """Send a payment form as a browser would; where it is led. Raises FormRefused."""
        headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8", "Accept-Language": "en"}
        status, page, answered = self._request("POST", "/process.html", urlencode(variables).encode(), headers, TIMEOUT)
        if status in (302, 303):
            return answered["location"]
        text = _text_of(page.decode(errors="replace"))
        raise FormRefused(status, text, sorted({word for word in text.split() if word.startswith("ok_")}))

    def health(self) -> dict[str, str]:
        """The state of each part. Raises GatewayUnreachable."""
        _status, answer, _headers = self._request("GET", "/health/", None, {}, 10)
        try:
            states: dict[str, str] = json.loads(answer)
        except ValueError:
            raise GatewayUnreachable(f"{self.url}/health/ does not answer as a gateway would") from None
        return states

    def wait_until_ready(self, within: float) -> None:
        """Raises GatewayUnreachable with the last thing that was heard."""
        deadline = time.monotonic() + within
        while True:
            try:
                states = self.health()
                if set(states.values()) == {"ok"}:
                    return
                heard = str(states)
            except GatewayUnreachable as error:
                heard = str(error)
            if time.monotonic() > deadline:
                raise GatewayUnreachable(f"{self.url} is not ready after {within:.0f} s: {heard}")
            time.sleep(0.1)

    def _request(
        self, method: str, path: str, content: bytes | None, headers: dict[str, str], timeout: float
    ) -> tuple[int, bytes, dict[str, str]]:
        connection = self._connection_class(self._host, self._port, timeout=timeout)
        try:
            connection.request(method, self._path + path, content, headers)
            response: HTTPResponse = connection.getresponse()
            return response.status, response.read(), {name.lower(): value for name, value in response.getheaders()}
        except (OSError, HTTPException) as error:
            raise GatewayUnreachable(f"{method} {self.url}{path.split('?')[0]}: {error}") from error
        finally:
            connection.close()


class _Text(HTMLParser):
    """What a page says in its main part: a line for each heading, paragraph and row of a table."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._line = ""
        self._silent = 0
        self._in_main = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in ("script", "style", "svg")
        self._in_main = self._in_main or tag == "main"

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("script", "style", "svg")
        if tag in ("th", "td"):
            self._line += " | "
        elif tag in ENDS_A_LINE:
            if line := " ".join(self._line.split()).strip(" |"):
                self.lines.append(line)
            self._line = ""
        self._in_main = self._in_main and tag != "main"

    def handle_data(self, data: str) -> None:
        if self._in_main and not self._silent:
            self._line += data


def _text_of(page: str) -> str:
    reader = _Text()
    reader.feed(page)
    return "\n".join(reader.lines)
