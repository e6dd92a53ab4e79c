"""Relying party: what a client asks an OpenID provider, request by request; it hands over what came back."""

import base64
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, urlencode

from joserfc import jwt
from joserfc.jwk import ECKey

from conformance.accounts import ClientAccount, PersonAccount
from conformance.draws import fresh
from conformance.oidc.browser import Arrival, Browser, Callback, Stop
from conformance.oidc.login import Login
from conformance.oidc.pages import Page, read_page
from conformance.oidc.scripted_login import CommandLogin, StepsLogin
from conformance.oidc.tokens import Token, read_token
from conformance.outcomes import Misconfigured, NotApplicable, Unmet
from conformance.plan import LoginPart
from conformance.target import Target
from conformance.text import Text
from conformance.wire import Reply, Wire

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
"""Source: RFC 7523 2.2."""

Parameters = dict[str, Any]


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier. Source: RFC 7636 4.2."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


@dataclass(frozen=True)
class Session:
    """A person signed in at a client: what was asked, what the callback said, and the token response."""

    request: Mapping[str, Any]
    verifier: str
    callback: Callback
    reply: Reply
    browser: Browser

    @property
    def tokens(self) -> Mapping[str, Any]:
        """The token response."""
        return self.reply.members

    @property
    def access_token(self) -> str:
        """The access token.

        Raises:
            Unmet: There is none.
        """
        return _needed(self.tokens, "access_token")

    @property
    def refresh_token(self) -> str:
        """The refresh token.

        Raises:
            Unmet: There is none.
        """
        return _needed(self.tokens, "refresh_token")

    @property
    def id_token(self) -> Token:
        """The ID token, unverified.

        Raises:
            Unmet: There is none.
            Violation: It is no JSON Web Token.
        """
        return read_token(_needed(self.tokens, "id_token"), "id_token")


class RelyingParty:
    """A client at a provider. It judges nothing: callers look at what came back."""

    def __init__(self, target: Target, wire: Wire, client: ClientAccount, person: PersonAccount | None = None) -> None:
        self.target, self.wire, self.client = target, wire, client
        self.person = person or (target.people[0] if target.people else None)
        self.login = Login(target.plan.login)
        self._passing = passing(target.plan.login)

    def as_person(self, person: PersonAccount) -> "RelyingParty":
        """The same client, with somebody else at the browser."""
        return RelyingParty(self.target, self.wire, self.client, person)

    def as_client(self, client: ClientAccount) -> "RelyingParty":
        """Another client, with the same person at the browser."""
        return RelyingParty(self.target, self.wire, client, self.person)

    def new_browser(self) -> Browser:
        """A browser that was never here."""
        return Browser(self.wire, self.target.issuer)

    def endpoint(self, name: str) -> str:
        """Address of an endpoint.

        Raises:
            NotApplicable: The metadata do not have it.
        """
        found = self.target.endpoint(name)
        if not found:
            raise NotApplicable(Text(f"the metadata have no {name}", f"メタデータに {name} がない"))
        return found

    def request(self, verifier: str, **changed: Any) -> Parameters:
        """An authorization request with PKCE and fresh state and nonce; None leaves a parameter out."""
        asked: Parameters = {
            "client_id": self.client.client_id,
            "response_type": "code",
            "redirect_uri": self.client.redirect_uri,
            "scope": "openid",
            "state": fresh(),
            "nonce": fresh(),
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in {**asked, **changed}.items() if value is not None}

    def ask(self, request: Mapping[str, Any], browser: Browser, method: str = "GET") -> Arrival:
        """Send an authorization request as a browser does; the pages are not passed.

        Where the provider takes pushed requests only (RFC 9126 5) it is pushed first; what is refused then is a stop.
        """
        url, ends = self.endpoint("authorization_endpoint"), self._ends(request)
        if self.target.metadata.get("require_pushed_authorization_requests") is True and "request_uri" not in request:
            reply = self.push(request)
            if "request_uri" not in reply.members:
                return Stop(reply, read_page(reply.url, reply.status, "", reply.headers))
            request = {"client_id": self.client.client_id, "request_uri": reply.members["request_uri"]}
        if method == "POST":
            return browser.post(url, request, ends)
        return browser.open(url + ("&" if "?" in url else "?") + urlencode(request, doseq=True), ends)

    def authorize(
        self, request: Mapping[str, Any], browser: Browser | None = None, method: str = "GET"
    ) -> Callback | Stop:
        """Send an authorization request, and sign in and agree where that is asked."""
        seat = browser or self.new_browser()
        return self.pass_pages(seat, self.ask(request, seat, method), request)

    def pass_pages(self, browser: Browser, arrival: Arrival, request: Mapping[str, Any]) -> Callback | Stop:
        """Sign in and agree on the pages that are shown.

        Raises:
            Misconfigured: Nobody can sign in.
        """
        if isinstance(arrival, Callback) or (isinstance(arrival, Stop) and self._is_end(arrival)):
            return arrival
        if self.person is None:
            text = "nobody can sign in: set CITYTWIN_USER and CITYTWIN_PASSWORD, or name others in [person]"
            raise Misconfigured(Text(text, "サインインする人がない。CITYTWIN_USERとCITYTWIN_PASSWORDを設定する"))
        return self._passing.pass_pages(browser, arrival, self.person, self._ends(request))

    def asks_who(self, page: Page) -> bool:
        """Whether a page asks the person who they are: for a password, or for a name alone."""
        return page.sign_in_form is not None or (self.person is not None and self.login.asks_who(page, self.person))

    def grant(self, browser: Browser | None = None, **changed: Any) -> tuple[Parameters, str, Callback]:
        """A fresh code: what was asked, the code verifier, and the callback.

        Raises:
            Unmet: No code came back.
        """
        verifier = fresh(48)
        request = self.request(verifier, **changed)
        arrival = self.authorize(request, browser)
        if not isinstance(arrival, Callback) or not arrival.get("code"):
            raise Unmet(Text(f"no code was issued: {told(arrival)}", f"コードが発行されない: {told(arrival)}"))
        return request, verifier, arrival

    def sign_in(self, browser: Browser | None = None, **changed: Any) -> Session:
        """A person signs in at this client, and the code is redeemed.

        Raises:
            Unmet: No tokens came back.
        """
        seat = browser or self.new_browser()
        request, verifier, callback = self.grant(seat, **changed)
        reply = self.redeem(str(callback.get("code")), verifier, redirect_uri=request["redirect_uri"])
        if "access_token" not in reply.members:
            said = f"{reply.status} {reply.text[:160]}"
            raise Unmet(Text(f"the code was not redeemed: {said}", f"コードが引き換えられない: {said}"))
        return Session(request, verifier, callback, reply, seat)

    def redeem(self, code: str, verifier: str | None, **changed: Any) -> Reply:
        """A code at the token endpoint; None leaves a parameter out."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.client.redirect_uri,
            "code_verifier": verifier,
        }
        return self.token(**{**form, **changed})

    def refresh(self, refresh_token: str, **changed: Any) -> Reply:
        """A refresh token at the token endpoint."""
        return self.token(**{"grant_type": "refresh_token", "refresh_token": refresh_token, **changed})

    def token(self, **form: Any) -> Reply:
        """A form at the token endpoint, with the client's authentication."""
        return self.post(self.endpoint("token_endpoint"), form)

    def userinfo(self, access_token: str, method: str = "GET") -> Reply:
        """UserInfo with a Bearer header."""
        url = self.endpoint("userinfo_endpoint")
        return self.wire.send(method, url, headers={"authorization": f"Bearer {access_token}"})

    def introspect(self, token: str, **form: Any) -> Reply:
        """The introspection endpoint."""
        return self.post(self.endpoint("introspection_endpoint"), {"token": token, **form})

    def revoke(self, token: str, **form: Any) -> Reply:
        """The revocation endpoint."""
        return self.post(self.endpoint("revocation_endpoint"), {"token": token, **form})

    def push(self, request: Mapping[str, Any]) -> Reply:
        """The pushed authorization request endpoint."""
        return self.post(self.endpoint("pushed_authorization_request_endpoint"), request)

    def post(self, url: str, form: Mapping[str, Any], **headers: str) -> Reply:
        """A form with the client's own authentication; None leaves a field out."""
        sent, given = self.authenticated({name: value for name, value in form.items() if value is not None})
        return self.wire.send("POST", url, headers={"accept": "application/json", **given, **headers}, form=sent)

    def authenticated(self, form: Mapping[str, Any]) -> tuple[Parameters, dict[str, str]]:
        """A form and headers with the client's authentication (RFC 6749 2.3.1, OIDCC 9)."""
        client, method = self.client, self.client.auth_method
        if method == "client_secret_basic":
            return dict(form), {"authorization": basic(client.client_id, client.secret)}
        if method == "client_secret_post":
            return {"client_id": client.client_id, "client_secret": client.secret, **form}, {}
        if method == "private_key_jwt":
            signed = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": self.assertion()}
            return {"client_id": client.client_id, **signed, **form}, {}
        return {"client_id": client.client_id, **form}, {}

    def assertion(self, **changed: Any) -> str:
        """A client assertion with some claims changed; None leaves one out. Source: RFC 7523 3."""
        now_s, name = int(time.time()), self.client.client_id
        claims: Parameters = {"iss": name, "sub": name, "aud": self.target.issuer}
        claims |= {"iat": now_s, "exp": now_s + 60, "jti": fresh(), **changed}
        key = ECKey.import_key(json.loads(json.dumps(self.client.private_jwk)))
        kept = {claim: value for claim, value in claims.items() if value is not None}
        header = {"alg": "ES256"} | ({"kid": key.kid} if key.kid else {})
        return jwt.encode(header, kept, key, algorithms=["ES256"])

    def keys(self) -> Mapping[str, Any]:
        """The provider's published keys, asked for anew."""
        return self.wire.send("GET", self.endpoint("jwks_uri")).members

    def _is_end(self, stop: Stop) -> bool:
        """Whether a page without forms is an error; where pages are programs, a good one is where they begin."""
        return self.target.plan.login.kind == "form" or stop.reply.status >= 400

    def _ends(self, request: Mapping[str, Any]) -> tuple[str, ...]:
        named = request.get("redirect_uri")
        return tuple(dict.fromkeys([*self.client.redirect_uris, *([str(named)] if named else [])]))


def passing(part: LoginPart) -> Login | StepsLogin | CommandLogin:
    """What passes pages, as ``[login]`` of a plan says."""
    if part.kind == "steps":
        return StepsLogin(part)
    return CommandLogin(part) if part.kind == "command" else Login(part)


def basic(client_id: str, secret: str) -> str:
    """The Basic credential: form-encoded, then joined. Source: RFC 6749 2.3.1."""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


def told(arrival: Arrival) -> str:
    """Where a browser arrived, in short."""
    if isinstance(arrival, Callback):
        shown = {name: value for name, value in arrival.parameters if name != "code"}
        return f"callback with {urlencode(shown)}"
    if isinstance(arrival, Stop):
        return f"{arrival.reply.status} {arrival.page.text[:120] or arrival.reply.text[:120]}"
    return f"a page: {arrival.text[:120]}"


def _needed(tokens: Mapping[str, Any], name: str) -> str:
    found = tokens.get(name)
    if not isinstance(found, str) or not found:
        raise Unmet(Text(f"the token response has no {name}", f"トークン応答に {name} がない"))
    return found
