"""What the mutating proxy can alter: parameters, members, fields, statuses, tokens and codes."""

import base64
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from deviant.proxy.mutating import Claims, Message

METADATA = "/.well-known/openid-configuration"
AUTHORIZE = "/auth"
TOKEN, USERINFO, JWKS, REVOKE, INTROSPECT = "/token", "/me", "/jwks", "/token/revocation", "/token/introspection"
LOGOUT, REGISTRATION = "/session/end", "/reg"
STANDARD = ("client_id", "response_type", "redirect_uri", "scope", "state", "nonce", "code_challenge")
"""Paths of oidc-provider, and the parameters that every request of a client has."""


def answers(path: str, change: Callable[[Message, Message], Message], *, good: bool | None = True) -> Any:
    """Alter answers of a path: those that are well (good), those that are not, or all (None)."""

    def altered(request: Message, answer: Message) -> Message:
        fits = request.path == path and (good is None or good == (answer.status < 400))
        return change(request, answer) if fits else answer

    return altered


def members(path: str, change: Callable[[dict[str, Any]], Mapping[str, Any]], *, good: bool | None = True) -> Any:
    """Alter the JSON object that a path answers."""

    def altered(_: Message, answer: Message) -> Message:
        return answer.with_json(change(dict(answer.json))) if isinstance(answer.json, dict) else answer

    return answers(path, altered, good=good)


def field(path: str, name: str, value: str | None, *, good: bool | None = True) -> Any:
    """Set a header field of what a path answers, or take it away."""
    return answers(path, lambda _, answer: answer.with_header(name, value), good=good)


def status(path: str, wrong: int, *, of: int) -> Any:
    """Answer with another status in the place of one."""
    return answers(path, lambda _, answer: replace(answer, status=wrong) if answer.status == of else answer, good=None)


def told(change: Callable[[dict[str, str]], Mapping[str, str]]) -> Any:
    """Alter what goes back to the client in its redirect URI."""

    def altered(_: Message, answer: Message) -> Message:
        place = answer.header("location")
        query = dict(parse_qsl(urlsplit(place).query, keep_blank_values=True))
        if "/callback" not in place or not {"code", "error"} & query.keys():
            return answer
        return answer.with_header("location", f"{place.partition('?')[0]}?{urlencode(change(query))}")

    return altered


def asked(change: Callable[[dict[str, str]], Mapping[str, str]]) -> Any:
    """Alter the parameters of authorization requests."""

    def altered(request: Message) -> Message:
        if request.path != AUTHORIZE:
            return request
        if request.method == "POST":
            return request.with_form(change(request.form))
        return request.with_query(change(request.query))

    return altered


def sent(path: str, change: Callable[[dict[str, str]], Mapping[str, str]]) -> Any:
    """Alter forms that go to a path."""
    return lambda request: request.with_form(change(request.form)) if request.path == path else request


def without(*names: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Leave members out."""
    return lambda given: {name: value for name, value in given.items() if name not in names}


def adding(**members: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Add members, or put others in their place."""
    return lambda given: {**given, **members}


def only_if(name: str, changed: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Alter a member where there is one; ``changed`` is its value, or makes it from what was there."""
    return lambda given: (
        given | ({name: changed(given[name]) if callable(changed) else changed} if name in given else {})
    )


def refusal(path: str, error: str, is_refused: Callable[[dict[str, str]], bool]) -> Any:
    """Send the browser back with an error in the place of pages."""

    def early(request: Message) -> Message | None:
        asked = request.query if request.method == "GET" else request.form
        if request.path != path or not is_refused(asked) or "redirect_uri" not in asked:
            return None
        told = {"error": error, "state": asked.get("state", ""), "iss": f"http://{request.header('host')}"}
        place = f"{asked['redirect_uri']}?{urlencode(told)}"
        return Message(request.url, request.method, (("location", place), ("content-type", "text/html")), b"", 303)

    return early


class Replayed:
    """Remembers answers, and gives them again: whatever is used twice works twice."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.known: dict[str, Message] = {}

    def answer(self, request: Message, answer: Message) -> Message:
        """Keep a good answer; give it again in the place of a bad one."""
        key = request.form.get(self.name, "")
        if request.path != TOKEN or not key:
            return answer
        if answer.status == 200:
            self.known[key] = answer
            return answer
        return self.known.get(key, answer)


def shared_members(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Keys with a private part."""
    return [{**row, "d": base64.urlsafe_b64encode(b"private-part-of-the-key").decode()} for row in rows]


def unsigned(tokens: dict[str, Any]) -> dict[str, Any]:
    """An ID token without a signature."""
    if "id_token" not in tokens:
        return tokens
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).rstrip(b"=").decode()
    return {**tokens, "id_token": f"{header}.{tokens['id_token'].split('.')[1]}."}


def broken_signature(tokens: dict[str, Any]) -> dict[str, Any]:
    """An ID token whose signature is of nothing."""
    if "id_token" not in tokens:
        return tokens
    head, claims, _ = tokens["id_token"].split(".")
    signature = base64.urlsafe_b64encode(bytes(256)).rstrip(b"=").decode()
    return {**tokens, "id_token": f"{head}.{claims}.{signature}"}


def later(claims: Claims) -> Claims:
    """An ID token that has ended."""
    return {**claims, "exp": int(time.time()) - 600, "iat": int(time.time()) - 1200}


def in_ms(claims: Claims) -> Claims:
    """Times in milliseconds."""
    return {**claims, "exp": claims["exp"] * 1000, "iat": claims["iat"] * 1000}


class ShortCodes:
    """Puts small numbers in the place of codes."""

    def __init__(self) -> None:
        self.codes: list[str] = []

    def answer(self, request: Message, answer: Message) -> Message:
        """Hide the code behind its number."""
        return told(lambda told: {**told, "code": self._number(told["code"])} if "code" in told else told)(
            request, answer
        )

    def request(self, request: Message) -> Message:
        """Give the provider its own code."""
        return sent(TOKEN, lambda form: {**form, "code": self._code(form["code"])} if "code" in form else form)(request)

    def _number(self, code: str) -> str:
        self.codes.append(code)
        return str(100000 + len(self.codes))

    def _code(self, number: str) -> str:
        place = int(number) - 100001 if number.isdigit() else -1
        return self.codes[place] if 0 <= place < len(self.codes) else number


class AddedQuery:
    """Takes a registered redirect URI with something added for the registered one."""

    def __init__(self) -> None:
        self.added: dict[str, str] = {}

    def request(self, request: Message) -> Message:
        """Ask with the registered one."""
        return sent(TOKEN, self._bare)(asked(self._bare)(request))

    def answer(self, request: Message, answer: Message) -> Message:
        """Send the browser to what was asked."""
        place = answer.header("location")
        bare, _, query = place.partition("?")
        if bare not in self.added or "/callback" not in place:
            return answer
        return answer.with_header("location", f"{self.added.pop(bare)}&{query}")

    def _bare(self, asked: dict[str, str]) -> dict[str, str]:
        place = asked.get("redirect_uri", "")
        bare, mark, _ = place.partition("?")
        if not mark:
            return asked
        self.added[bare] = place
        return {**asked, "redirect_uri": bare}


def right_secret(request: Message) -> Message:
    """Put the right secret in the place of any."""
    told = request.header("authorization")
    if request.path != TOKEN or not told.startswith("Basic "):
        return request
    name = base64.b64decode(told.removeprefix("Basic ")).decode().partition(":")[0]
    pair = f"{name}:{name}-secret-of-a-test-0123456789"
    return request.with_header("authorization", "Basic " + base64.b64encode(pair.encode()).decode())


def without_proof(request: Message) -> Message:
    """Take PKCE away on both sides, so that any verifier is taken."""
    bare = asked(without("code_challenge", "code_challenge_method"))(request)
    return sent(TOKEN, without("code_verifier"))(bare)


def logged_out(request: Message) -> Message | None:
    """Say that the person is signed out, without doing it."""
    asked = request.query if request.method == "GET" else request.form
    if request.path != LOGOUT or "post_logout_redirect_uri" not in asked:
        return None
    query = f"?{urlencode({'state': asked['state']})}" if "state" in asked else ""
    place = asked["post_logout_redirect_uri"] + query
    return Message(request.url, request.method, (("location", place),), b"", 303)


def open_redirect(request: Message) -> Message | None:
    """Send people wherever a request says after they signed out."""
    asked = request.query if request.method == "GET" else request.form
    known = asked.get("post_logout_redirect_uri", "").endswith(".citytwin.example/signed-out")
    return None if known else logged_out(request)


def stateless(request: Message, answer: Message) -> Message:
    """After signing out, forget the state."""
    place = answer.header("location")
    return answer.with_header("location", place.partition("?")[0]) if "/signed-out" in place else answer


def revoked(request: Message) -> Message | None:
    """Say that a token is revoked, without doing it."""
    return Message(request.url, "POST", (), b"", 200) if request.path == REVOKE else None


def registered(request: Message) -> Message | None:
    """Register anything."""
    if request.path != REGISTRATION or request.method != "POST":
        return None
    wanted = request.json if isinstance(request.json, dict) else {}
    if not any("#" in str(uri) for uri in wanted.get("redirect_uris", ())):
        return None
    body = json.dumps({**wanted, "client_id": "x", "client_secret": "y"}).encode()
    return Message(request.url, "POST", (("content-type", "application/json"),), body, 201)
