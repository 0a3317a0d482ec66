"""Every address of the site, read from the URLconf: what goes through all of them can forget none."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.admindocs.views import simplify_regex
from django.urls import URLPattern, URLResolver, get_resolver

_NAME = re.compile(r"<(?:\w+:)?(\w+)>")


@dataclass(frozen=True)
class Address:
    """`route` is as people write it: /account/wallets/<wallet:wallet_id>/."""

    route: str
    name: str
    callback: Any

    @property
    def names(self) -> list[str]:
        return _NAME.findall(self.route)

    def unknown(self, known: Mapping[str, object]) -> set[str]:
        return {name for name in self.names if self._key(name, known) is None}

    def filled(self, known: Mapping[str, object]) -> str:
        """With what is known by its name, or by "/beginning/ name" where the same name means several things."""
        assert not self.unknown(known), f"{self.route}: nothing is known of {self.unknown(known)}"
        return _NAME.sub(lambda found: str(known[str(self._key(found[1], known))]), self.route)

    def _key(self, name: str, known: Mapping[str, object]) -> str | None:
        fitting = [key for key in known if key == name or self._is_mine(key, name)]
        return max(fitting, key=len, default=None)

    def _is_mine(self, key: str, name: str) -> bool:
        beginning, _blank, meant = key.partition(" ")
        return meant == name and self.route.startswith(beginning)


def below(*beginnings: str) -> list[Address]:
    """The addresses that begin with one of these. Catch-alls are none."""
    return [each for each in _every(get_resolver().url_patterns, "") if each.route.startswith(beginnings)]


def alone(pattern: str) -> str:
    """Where it is not a part of something longer. A token may begin and end with a hyphen."""
    return rf"(?<![\w-])(?:{pattern})(?![\w-])"


def _every(patterns: list[URLPattern | URLResolver], before: str) -> Iterator[Address]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _every(pattern.url_patterns, route)
        elif ".*" not in route:
            yield Address(simplify_regex(route).replace("\\", ""), pattern.name or "", pattern.callback)
