"""How the control API's calls lead to one another: OpenAPI links, by which programs that explore it find their way.

What a call makes, or the first row of a list, is what the calls about one such thing can be made with.
"""

from collections.abc import Iterator
from typing import Any

PREFIX = "/api/v1/"
# Where it is not a POST to the list that makes a row.
MADE_BY = {
    f"{PREFIX}transactions/": f"{PREFIX}wallets/{{id}}/deposit/",
    f"{PREFIX}ipn-messages/": f"{PREFIX}ipn-messages/simulate/",
}


def tell_links(result: dict[str, Any], **_more: Any) -> dict[str, Any]:
    """After the document is made."""
    paths = result["paths"]
    for path, operation in _about_one(paths):
        place, _brace, rest = path.partition("{")
        parameter = rest.partition("}")[0]
        answer, row = _source(paths, place)
        id = "token" if parameter == "token" else "id"
        answer.setdefault("links", {})[operation["operationId"]] = {
            "operationId": operation["operationId"],
            "parameters": {parameter: f"$response.body#{row}/{id}"},
        }
    return result


def _about_one(paths: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in paths.items():
        if path.startswith(PREFIX) and path.count("{") == 1:
            for operation in methods.values():
                yield path, operation


def _source(paths: dict[str, Any], place: str) -> tuple[dict[str, Any], str]:
    """The answer that has an ID in it, and where in it the row is."""
    made: dict[str, Any] = paths[MADE_BY.get(place, place)].get("post", {}).get("responses", {})
    if "201" in made:
        return made["201"], ""
    listed: dict[str, Any] = paths[place]["get"]["responses"]
    return listed["200"], "/results/0"
