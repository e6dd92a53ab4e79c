"""Grants: what checks of several topics do on their way. Nothing here judges."""

import time
from typing import Any

from conformance.accounts import ClientAccount
from conformance.context import Context
from conformance.oidc.browser import Arrival, Browser, Callback, Stop
from conformance.oidc.pages import Page
from conformance.oidc.relying_party import RelyingParty, Session, told
from conformance.outcomes import Misconfigured, NeedsReview, Unmet
from conformance.text import Text
from conformance.wire import Reply

OFFLINE = "openid offline_access"
"""The scope that asks for a refresh token. Source: OIDCC 11."""

SETTLING_S = 5.0
"""Longest wait for tokens to end, in seconds. Source: contract C8, revocation at resource servers."""

API = "listEventStreams"
"""An operation that the city office calls with a token of its own."""

POLL_S = 0.5
"""Wait between two looks at whether a token has ended, in seconds."""


def is_issued(reply: Reply) -> bool:
    """Whether a token endpoint gave a token, whatever its status says."""
    return "access_token" in reply.members


def shown(reply: Reply) -> str:
    """What a token endpoint answered, without the tokens."""
    return f"{reply.status} with a token" if is_issued(reply) else f"{reply.status} {reply.text[:160]}"


def attempt(rp: RelyingParty, browser: Browser | None = None, method: str = "GET", **changed: Any) -> Arrival | None:
    """Where an authorization request ends that may be refused; None where its pages lead nowhere."""
    try:
        return rp.authorize(rp.request(rp_verifier(), **changed), browser, method)
    except (NeedsReview, Misconfigured):
        return None


def rp_verifier() -> str:
    """A code verifier that nobody redeems with. Source: RFC 7636 4.1 (43 to 128 characters)."""
    return "citytwin-" * 6


def code_of(arrival: Arrival | None) -> str | None:
    """The code of a callback; None where there is none."""
    return arrival.get("code") if isinstance(arrival, Callback) else None


def error_of(arrival: Arrival | None) -> str | None:
    """The error that a client is told: in the callback, or in the answer to a pushed request (RFC 9126 2.3)."""
    if isinstance(arrival, Callback):
        return arrival.get("error")
    return str(arrival.reply.members["error"]) if isinstance(arrival, Stop) and _is_told(arrival) else None


def _is_told(stop: Stop) -> bool:
    return stop.reply.media_type == "application/json" and "error" in stop.reply.members


def seen(arrival: Arrival | None) -> str:
    """Where an attempt ended, in short."""
    return "pages without an end" if arrival is None else told(arrival)


def sign_in_again(rp: RelyingParty, browser: Browser, **changed: Any) -> tuple[Session, bool]:
    """A further sign-in in a browser that was here before, and whether the person had to prove again who they are.

    Raises:
        Unmet: No tokens came back.
    """
    verifier = rp_verifier()
    request = rp.request(verifier, **changed)
    arrival = rp.ask(request, browser)
    asked = isinstance(arrival, Page) and rp.asks_who(arrival)
    end = rp.pass_pages(browser, arrival, request)
    code = code_of(end)
    if not isinstance(end, Callback) or code is None:
        raise Unmet(Text(f"no code was issued: {told(end)}", f"コードが発行されない: {told(end)}"))
    reply = rp.redeem(code, verifier)
    if not is_issued(reply):
        raise Unmet(Text(f"the code was not redeemed: {shown(reply)}", f"コードが引き換えられない: {shown(reply)}"))
    return Session(request, verifier, end, reply, browser), asked


def refreshable(ctx: Context, scope: str = OFFLINE) -> Session:
    """A person signed in, with a refresh token.

    Raises:
        NotApplicable: The provider gives none.
    """
    grants = ctx.target.metadata.get("grant_types_supported")
    if isinstance(grants, list) and "refresh_token" not in grants:
        ctx.omit("the provider does not offer refresh tokens", "更新トークンを提供していない")
    try:
        session = ctx.rp.sign_in(scope=scope, prompt="consent")
    except Unmet:
        session = ctx.rp.sign_in()
    if not session.tokens.get("refresh_token"):
        ctx.omit("the client is given no refresh token", "クライアントに更新トークンが渡されない")
    return session


def scopes_to_ask(ctx: Context) -> list[str]:
    """Standard scopes that the client may ask for besides openid, by the metadata and the plan."""
    offered = ctx.target.metadata.get("scopes_supported")
    listed = [name for name in ("profile", "email", "address", "phone") if not offered or name in offered]
    own = ctx.rp.client.scopes
    return [name for name in listed if own == ("openid",) or name in own]


def client_by(ctx: Context, method: str) -> RelyingParty:
    """One of the suite's clients that authenticates by a method and signs people in.

    Raises:
        NotApplicable: None does.
    """
    known = [ctx.target.client, ctx.target.second_client, *ctx.target.accounts]
    fitting = (one for one in known if one and one.auth_method == method and signs_people_in(one))
    found = next(fitting, None)
    if found is None:
        ctx.omit(f"no client of the plan authenticates by {method}", f"計画に {method} で認証するクライアントがない")
    return ctx.rp.as_client(found)


def signs_people_in(account: ClientAccount) -> bool:
    """Whether a client is there for people: it has a redirect URI and may redeem codes."""
    return bool(account.redirect_uris) and "authorization_code" in account.grant_types


def is_error(arrival: Arrival | None) -> bool:
    """Whether a request was refused where it could be seen: an error for the client, or a message for the person."""
    return isinstance(arrival, Stop) or (isinstance(arrival, Callback) and arrival.get("error") is not None)


def works(rp: RelyingParty, access_token: str) -> bool:
    """Whether UserInfo takes an access token."""
    return rp.userinfo(access_token).status == 200


def has_ended(rp: RelyingParty, access_token: str) -> bool:
    """Whether UserInfo refuses an access token, at once or within the time that a revocation may take."""
    until_s = time.monotonic() + SETTLING_S
    while works(rp, access_token):
        if time.monotonic() > until_s:
            return False
        time.sleep(POLL_S)
    return True
