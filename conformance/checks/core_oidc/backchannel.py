"""Back-channel logout: clients are told by the provider itself that a session ended."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from conformance.check import check
from conformance.checks.core_oidc.id_tokens import LATEST_S, SKEW_S, as_list, is_number, is_signed
from conformance.checks.core_oidc.logout import LOGOUT, asked
from conformance.checks.core_oidc.own_clients import registered
from conformance.context import Context
from conformance.oidc.receiver import WITHIN_S, Message, Receiver
from conformance.oidc.relying_party import RelyingParty, Session
from conformance.oidc.signing_out import sign_out
from conformance.oidc.tokens import Token, read_token
from conformance.outcomes import Unmet, Violation
from conformance.target import is_loopback, offers, with_second_client
from conformance.text import Text
from conformance.wire import FORM

EVENT = "http://schemas.openid.net/event/backchannel-logout"
"""Source: BCL 2.4."""

SIGNED_OUT = "https://rp.citytwin.example/signed-out"
"""Where clients of the suite's own come back; nobody listens there."""

UNSURE_S = 2.0
"""Longest wait where providers may refuse to call this machine and silence proves nothing, in seconds. Confidence C."""

SUPPORTED = offers("backchannel_logout_supported")


@contextmanager
def listening_client(ctx: Context) -> Iterator[tuple[RelyingParty, Receiver]]:
    """A client whose logout tokens reach the suite: one of its own where it may register, else the plan's.

    Raises:
        Unmet: There is none.
    """
    if ctx.target.endpoint("registration_endpoint"):
        with ctx.receiver() as heard:
            rp = _own(ctx, f"{heard.url}/logout/{ctx.fresh()}")
            if rp is not None:
                yield rp, heard
                return
    account = ctx.rp.client
    uri = account.backchannel_logout_uri
    if not uri or (is_loopback(uri) and not is_loopback(ctx.target.issuer)):
        ctx.skip(
            "no client of the suite has a backchannel_logout_uri that leads to it: name it in [client] of the plan",
            "検査側に届くbackchannel_logout_uriを持つクライアントがない。計画の[client]で指定する",
        )
    with ctx.receiver(uri) as heard:
        yield ctx.rp, heard


def _own(ctx: Context, uri: str) -> RelyingParty | None:
    try:
        return registered(ctx, backchannel_logout_uri=uri, post_logout_redirect_uris=[SIGNED_OUT])
    except Unmet:
        return None


def logout_of(rp: RelyingParty, session: Session, heard: Receiver) -> Message | None:
    """What the client is told about the end of a session, None if nothing came in time."""
    path = urlsplit(rp.client.backchannel_logout_uri).path or "/"
    sid = session.id_token.claims.get("sid")

    def concerns(message: Message) -> bool:
        if message.path != path or message.method == "GET":
            return False
        told = logout_token(message)
        return told is None or sid is None or told.claims.get("sid") in (None, sid)

    return heard.wait(concerns, WITHIN_S if is_called(rp) else UNSURE_S)


def logout_token(message: Message) -> Token | None:
    """The logout token of a message; None where there is none."""
    try:
        return read_token(message.form.get("logout_token"), "logout_token")
    except Violation:
        return None


@check("OIDC-059", when=(SUPPORTED, LOGOUT))
def token_is_sent(ctx: Context) -> None:
    """A logout token is posted as a form to the client when the person signs out."""
    with listening_client(ctx) as (rp, heard):
        session = rp.sign_in()
        sign_out(rp, session.browser, asked(rp, session))
        message = logout_of(rp, session, heard)
        _arrived(ctx, rp, message)


@check("OIDC-059", "others", when=(SUPPORTED, LOGOUT, with_second_client))
def every_client_of_the_session_is_told(ctx: Context) -> None:
    """A client is told also when the person signs out by way of another client of the same session."""
    with listening_client(ctx) as (rp, heard):
        session = rp.sign_in()
        other = ctx.second_rp
        second = other.sign_in(session.browser)
        sign_out(other, session.browser, asked(other, second) if other.client.post_logout_redirect_uris else {})
        _arrived(ctx, rp, logout_of(rp, session, heard))


def _arrived(ctx: Context, rp: RelyingParty, message: Message | None) -> None:
    if message is None and not is_called(rp):
        ctx.skip(
            "nothing came, but providers may refuse to call this machine: name a public address in [receiver]",
            "何も届かないが、自機への送信を拒む実装もある。計画の[receiver]に公開のアドレスを設定する",
        )
    what = Text("logout token at backchannel_logout_uri", "backchannel_logout_uriへのログアウトトークン")
    expected = f"a POST within {WITHIN_S:.0f} s"
    ctx.require(what, message is not None, expected=expected, actual="nothing")
    if message is not None:
        ctx.expect("method", expected="POST", actual=message.method)
        ctx.expect("media type", expected=FORM, actual=message.media_type)
        fits = bool(message.form.get("logout_token"))
        ctx.require("logout_token in the form", fits, expected="a token", actual=sorted(message.form))


def is_called(rp: RelyingParty) -> bool:
    """Whether the provider calls the suite's address for certain: it is public, or the operator named it."""
    uri, target = rp.client.backchannel_logout_uri, rp.target
    named = [account.backchannel_logout_uri for account in (target.client, *target.accounts) if account]
    return not is_loopback(uri) or any(is_loopback(one) for one in named)


@check("OIDC-021", when=(SUPPORTED, LOGOUT))
def logout_token_is_whole(ctx: Context) -> None:
    """A logout token is signed, and says who is signed out of what, and nothing of a nonce."""
    with listening_client(ctx) as (rp, heard):
        session = rp.sign_in()
        sign_out(rp, session.browser, asked(rp, session))
        message = logout_of(rp, session, heard)
        if message is None:
            ctx.skip("no logout token came", "ログアウトトークンが来ない")
        token = read_token(message.form.get("logout_token"), "logout_token")
        _claims(ctx, rp, token)
        _whom(ctx, session, token.claims)
        signed = is_signed(token, rp.keys(), rp.client.secret)
        actual = f"header {dict(token.header)} does not verify"
        ctx.require("signature of the logout token", signed, expected="made with a key of jwks_uri", actual=actual)


def _claims(ctx: Context, rp: RelyingParty, token: Token) -> None:
    claims, now_s = token.claims, time.time()
    ctx.expect("iss of the logout token", expected=ctx.target.metadata.get("issuer"), actual=claims.get("iss"))
    aud = as_list(claims.get("aud"))
    ctx.require("aud of the logout token", rp.client.client_id in aud, expected=rp.client.client_id, actual=aud)
    issued_s, ends_s = claims.get("iat"), claims.get("exp")
    fits = is_number(issued_s) and abs(float(str(issued_s)) - now_s) <= SKEW_S
    ctx.require("iat of the logout token (s)", fits, expected=f"{now_s:.0f} ± {SKEW_S}", actual=issued_s)
    fits = is_number(ends_s) and now_s < float(str(ends_s)) < LATEST_S
    ctx.require("exp of the logout token (s)", fits, expected=f"after {now_s:.0f}", actual=ends_s)
    jti = claims.get("jti")
    ctx.require("jti of the logout token", isinstance(jti, str) and jti, expected="a string", actual=jti)
    events = claims.get("events")
    event = events.get(EVENT) if isinstance(events, dict) else None
    told = Text("events of the logout token", "ログアウトトークンのevents")
    ctx.require(told, isinstance(event, dict), expected=f"an object with {EVENT}: {{}}", actual=events)
    ctx.require("nonce of the logout token", "nonce" not in claims, expected="absent", actual=claims.get("nonce"))


def _whom(ctx: Context, session: Session, claims: Mapping[str, Any]) -> None:
    named = {name: claims[name] for name in ("sub", "sid") if name in claims}
    ctx.require("sub or sid of the logout token", named, expected="one of them at least", actual=sorted(claims))
    known = session.id_token.claims
    for name, value in named.items():
        if isinstance(known.get(name), str):
            ctx.expect(f"{name} of the logout token", expected=known[name], actual=value)
