"""Paths: which operation of the contract a request is, at a service whose base path and endpoints may be its own."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit

from conformance.contract.operations import load_operations

ENDPOINTS: Mapping[str, str] = {
    "token_endpoint": "issueToken",
    "revocation_endpoint": "revokeToken",
    "introspection_endpoint": "introspectToken",
    "userinfo_endpoint": "getUserinfo",
    "authorization_endpoint": "authorize",
    "pushed_authorization_request_endpoint": "pushAuthorizationRequest",
    "end_session_endpoint": "endSession",
    "jwks_uri": "getJwks",
}
"""Operations whose address a provider names itself. Source: OpenID Connect Discovery 1.0 section 3, RFC 8414."""

Found = tuple[str, Mapping[str, str]]
"""An operation, "" for none of the contract, and the parameters of its path."""


class Paths:
    """Finds operations; ``base`` is what stands before the contract's own paths, ``aliases`` whole paths of others."""

    def __init__(self, base: str = "", aliases: Mapping[str, str] | None = None) -> None:
        self._base = base.rstrip("/")
        self._aliases = dict(aliases or {})
        self._by_length: dict[tuple[str, int], list[tuple[tuple[str, ...], str]]] = {}
        for one in load_operations():
            parts = tuple(one.path.split("/"))
            self._by_length.setdefault((one.method, len(parts)), []).append((parts, one.operation_id))
        for routes in self._by_length.values():
            # A fixed part is preferred to a parameter at the same place.
            routes.sort(key=lambda route: [part.startswith("{") for part in route[0]])
        self._find = lru_cache(maxsize=1 << 14)(self._search)

    @classmethod
    def of(cls, api_base: str, provider: Mapping[str, Any]) -> "Paths":
        """By what a service says of itself: the base of its API, and its provider metadata."""
        named = {name: provider.get(name) for name in ENDPOINTS}
        aliases = {urlsplit(url).path: ENDPOINTS[name] for name, url in named.items() if isinstance(url, str)}
        return cls(urlsplit(api_base).path.rstrip("/").removesuffix("/v1"), aliases)

    def find(self, method: str, url: str) -> Found:
        """The operation of a request; ``url`` is absolute, or a path with or without query."""
        path = url if url.startswith("/") else urlsplit(url).path
        return self._find("GET" if method == "HEAD" else method, path.partition("?")[0].partition("#")[0])

    def _search(self, method: str, path: str) -> Found:
        alias = self._aliases.get(path)
        if alias is not None:
            return alias, {}
        if self._base and path.startswith(self._base + "/"):
            path = path[len(self._base) :]
        parts = path.rstrip("/").split("/") if path != "/" else [""]
        for route, operation in self._by_length.get((method, len(parts)), ()):
            values = _match(route, parts)
            if values is not None:
                return operation, values
        return "", {}


def _match(route: tuple[str, ...], parts: list[str]) -> dict[str, str] | None:
    """Values of a route's parameters, none of them empty; None if the path is another."""
    values: dict[str, str] = {}
    for wanted, part in zip(route, parts, strict=True):
        if wanted.startswith("{") and part:
            values[wanted.strip("{}")] = unquote(part)
        elif wanted != part:
            return None
    return values
