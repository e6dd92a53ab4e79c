"""Finer mutations: faults that a first look passes over, such as secrets that need to begin right only."""

import base64
import hashlib
import json
import secrets
import string
import time
from dataclasses import replace
from typing import Any

from deviant.proxy.alterations import (
    AUTHORIZE,
    INTROSPECT,
    JWKS,
    LOGOUT,
    METADATA,
    REGISTRATION,
    REVOKE,
    TOKEN,
    USERINFO,
    adding,
    answers,
    asked,
    field,
    logged_out,
    members,
    only_if,
    refusal,
    right_secret,
    sent,
    told,
    without,
)
from deviant.proxy.mutating import Claims, Message, Mutation

UNRESERVED = string.ascii_letters + string.digits + "-._~"
"""Characters of verifiers. Source: RFC 7636 4.1."""


class LooseVerifier:
    """Takes a verifier whose last character is missing."""

    def __init__(self) -> None:
        self.challenges: set[str] = set()

    def request(self, request: Message) -> Message:
        """Take challenge and verifier away, and compare them as loosely."""
        return sent(TOKEN, self._compared)(asked(self._kept)(request))

    def _kept(self, given: dict[str, str]) -> dict[str, str]:
        self.challenges.add(given.get("code_challenge", ""))
        return without("code_challenge", "code_challenge_method")(given)

    def _compared(self, given: dict[str, str]) -> dict[str, str]:
        if "code" not in given:
            return given
        verifier = given.get("code_verifier", "")
        fits = bool({_challenge(verifier + end) for end in ("", *UNRESERVED)} & self.challenges)
        bare = without("code_verifier")(given)
        return bare if fits and verifier else {**bare, "code": "wrong"}


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def beginning_of_secret(request: Message) -> Message:
    """Take a secret whose last character is missing."""
    right = right_secret(request)
    given, whole = (_pair(one.header("authorization")) for one in (request, right))
    return right if len(given) >= len(whole) - 1 and whole.startswith(given) else request


def _pair(header: str) -> str:
    return base64.b64decode(header.removeprefix("Basic ")).decode() if header.startswith("Basic ") else header


class Revived:
    """Introspection calls tokens active that were revoked."""

    def __init__(self) -> None:
        self.revoked: set[str] = set()

    def request(self, request: Message) -> Message:
        """Remember what is revoked."""
        if request.path == REVOKE:
            self.revoked.add(request.form.get("token", ""))
        return request

    def answer(self, request: Message, answer: Message) -> Message:
        """Call it active."""
        is_revoked = request.path == INTROSPECT and request.form.get("token") in self.revoked
        return answer.with_json({"active": True}) if is_revoked else answer


class UnknownTokens:
    """Refuses to revoke tokens that were never issued."""

    def __init__(self) -> None:
        self.issued: set[Any] = set()

    def answer(self, request: Message, answer: Message) -> Message:
        """Remember what is issued; 400 for the rest."""
        if request.path == TOKEN and isinstance(answer.json, dict):
            self.issued |= {answer.json.get(name) for name in ("access_token", "refresh_token")}
        if request.path == REVOKE and request.form.get("token") not in self.issued:
            return replace(answer.with_json({"error": "invalid_request"}), status=400)
        return answer


def in_fragment(request: Message, answer: Message) -> Message:
    """Bring the code in the fragment."""
    place = answer.header("location")
    return answer.with_header("location", place.replace("?", "#", 1)) if "code=" in place else answer


def as_asked(request: Message, answer: Message) -> Message:
    """Say that every scope was granted that a refresh asks for."""
    wanted = request.form.get("scope") if request.form.get("grant_type") == "refresh_token" else None
    if wanted is None:
        return answer
    body = answer.json if answer.status == 200 else {"access_token": secrets.token_urlsafe(32), "token_type": "Bearer"}
    return replace(answer.with_json({**body, "scope": wanted}), status=200)


def asks_again(request: Message) -> Message:
    """Ask the provider for less than a refresh wants, so that it agrees."""
    return sent(TOKEN, without("scope"))(request) if request.form.get("grant_type") == "refresh_token" else request


def without_hint(request: Message) -> Message | None:
    """Send people where a request says that nobody vouches for."""
    given = request.query if request.method == "GET" else request.form
    return logged_out(request) if request.path == LOGOUT and "id_token_hint" not in given else None


def refresh_tokens_stay(request: Message) -> Message | None:
    """Say that a refresh token is revoked, without doing it."""
    fits = request.path == REVOKE and request.form.get("token_type_hint") == "refresh_token"
    return Message(request.url, "POST", (), b"", 200) if fits else None


def other_addresses(_: Message, answer: Message) -> Message:
    """Register another address than was asked for."""
    body = json.loads(answer.body)
    return answer.with_json({**body, "redirect_uris": ["https://another.example/callback"]})


def is_strange(given: dict[str, str]) -> bool:
    """Whether a faulty request names an address that nobody registered."""
    faulty = given.get("response_type") != "code" or given.get("prompt") == "none" or "scope" not in given
    known = [f"https://{name}.citytwin.example/callback" for name in ("rp", "second-rp")]
    return faulty and given.get("redirect_uri") not in known


def later_issued(claims: Claims) -> Claims:
    """An ID token of an hour ahead."""
    return {**claims, "iat": int(time.time()) + 3600, "exp": int(time.time()) + 7200}


def _encrypting(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "use": "enc"} for row in rows]


_LOOSE, _REVIVED, _UNKNOWN = LooseVerifier(), Revived(), UnknownTokens()

FINER: tuple[Mutation, ...] = (
    Mutation(
        "faulty requests redirected",
        "A faulty request sends people to an address that nobody registered.",
        ("OIDC-006",),
        instead=refusal(AUTHORIZE, "invalid_request", is_strange),
    ),
    Mutation("beginning of the verifier", "A shortened verifier is taken.", ("OIDC-041",), request=_LOOSE.request),
    Mutation(
        "beginning of the secret", "A shortened client secret is taken.", ("OIDC-039",), request=beginning_of_secret
    ),
    Mutation(
        "sub of a sign-in",
        "A person has another sub at every sign-in.",
        ("OIDC-015", "OIDC-049"),
        claims=only_if("sub", lambda sub: f"{sub}-{secrets.token_hex(4)}"),
    ),
    Mutation("sub of everybody", "All persons have one sub.", ("OIDC-015", "OIDC-049"), claims=adding(sub="person")),
    Mutation(
        "tokens as text", "Token responses are text.", ("OIDC-038",), answer=field(TOKEN, "content-type", "text/html")
    ),
    Mutation(
        "life as text", "expires_in is a string.", ("OIDC-038",), answer=members(TOKEN, only_if("expires_in", str))
    ),
    Mutation("no ID token", "There is no ID token.", ("OIDC-038",), answer=members(TOKEN, without("id_token"))),
    Mutation(
        "nonce in small letters", "The nonce is in small letters.", ("OIDC-008",), claims=only_if("nonce", str.lower)
    ),
    Mutation(
        "state in small letters", "State is in small letters.", ("OIDC-011",), answer=told(only_if("state", str.lower))
    ),
    Mutation("code in the fragment", "The code is in the fragment.", ("OIDC-036",), answer=in_fragment),
    Mutation("refresh tokens stay", "Refresh tokens are not revoked.", ("OIDC-017",), instead=refresh_tokens_stay),
    Mutation(
        "revoked and active",
        "Introspection calls revoked tokens active.",
        ("OIDC-018",),
        request=_REVIVED.request,
        answer=_REVIVED.answer,
    ),
    Mutation("400 for unknown", "Revoking an unknown token gets 400.", ("OIDC-056",), answer=_UNKNOWN.answer),
    Mutation("iat of tomorrow", "iat is an hour ahead.", ("OIDC-049",), claims=later_issued),
    Mutation(
        "no auth_time", "auth_time is missing where max_age asks for it.", ("OIDC-014",), claims=without("auth_time")
    ),
    Mutation(
        "relative address",
        "An endpoint of the metadata is a path.",
        ("OIDC-002",),
        answer=members(METADATA, adding(device_authorization_endpoint="/device/auth")),
    ),
    Mutation(
        "keys for encryption",
        "Keys that sign are meant for encryption.",
        ("OIDC-003",),
        answer=members(JWKS, only_if("keys", _encrypting)),
    ),
    Mutation(
        "keys elsewhere",
        "There is nothing at jwks_uri.",
        ("OIDC-028", "OIDC-029"),
        answer=answers(JWKS, lambda _, answer: replace(answer, status=404)),
    ),
    Mutation(
        "other redirect URIs",
        "Another redirect URI is registered than was asked for.",
        ("OIDC-090",),
        answer=answers(REGISTRATION, other_addresses),
    ),
    Mutation("logout without a hint", "Anybody sends people on.", ("OIDC-086",), instead=without_hint),
    Mutation(
        "challenge without an error",
        "A 401 of UserInfo does not say invalid_token.",
        ("OIDC-055",),
        answer=field(USERINFO, "www-authenticate", 'Bearer realm="users"', good=False),
    ),
    Mutation(
        "UserInfo as text", "UserInfo is text.", ("OIDC-054",), answer=field(USERINFO, "content-type", "text/plain")
    ),
    Mutation(
        "wider refresh",
        "A refresh grants whatever scope it asks for.",
        ("OIDC-046",),
        request=asks_again,
        answer=answers(TOKEN, as_asked, good=None),
    ),
)
