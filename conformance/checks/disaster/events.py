"""Changes of the state reach those who registered for them, by push."""

from collections.abc import Mapping
from typing import Any

from conformance.check import check
from conformance.checks.disaster.declaring import declare, free_areas
from conformance.checks.disaster.reception import OFFICE, done
from conformance.context import Context
from conformance.oidc.receiver import SET, Message, Receiver
from conformance.oidc.tokens import Token, read_token, verifies
from conformance.outcomes import Violation
from conformance.text import Text

CHANGED = "https://citytwin.example/events/disaster-mode-changed"
VERIFICATION = "https://schemas.openid.net/secevent/ssf/event-type/verification"
"""Names of events. Source: contract, events.toml."""

WITHIN_S = 30.0
"""Longest time until a change is pushed, in seconds. Source: contract C7."""

CLAIMS = ("iss", "iat", "jti", "events")
"""What every token says. Source: RFC 8417 2.2."""


@check("DIS-030", alone=True)
def changes_are_pushed(ctx: Context) -> None:
    """Register a listener of the suite, declare a drill, a disaster and their end, and wait for a token of each."""
    (area,) = free_areas(ctx)
    with ctx.receiver() as heard:
        path = f"/events/{ctx.fresh()}"
        stream = _registered(ctx, heard.url + path)
        _reached(ctx, heard, path, stream)
        for mode in ("drill", "disaster", "normal"):
            done(declare(ctx, mode, [area]))
            message = heard.wait(lambda one, mode=mode: _tells(one, path, mode, area), WITHIN_S)  # type: ignore[misc]
            what = Text(f"a token that tells of mode {mode} within {WITHIN_S:.0f} s", f"{mode} を知らせるSET(30秒以内)")
            told = [_events(one, path) for one in heard.messages]
            ctx.require(what, message, expected=f"{CHANGED} with mode {mode}", actual=told)
            if message is not None:
                _formed(ctx, message)


def _registered(ctx: Context, url: str) -> str:
    reply = ctx.city.call("createEventStream", OFFICE, {"url": url, "events": ["disaster-mode-changed"]})
    stream = str(done(reply, 201).get("id"))
    ctx.afterwards(lambda: ctx.city.call("deleteEventStream", OFFICE, path={"stream_id": stream}))
    return stream


def _reached(ctx: Context, heard: Receiver, path: str, stream: str) -> None:
    """The target reaches the suite: a verification event comes."""
    with ctx.control(Text("the target reaches the suite's listener", "対象が検査側に届く")):
        reply = ctx.city.call("verifyEventStream", OFFICE, path={"stream_id": stream})
        ctx.expect_status("verifyEventStream", reply, 202)
        message = heard.wait(lambda one: VERIFICATION in _events(one, path), WITHIN_S)
        ctx.require("verification event", message, expected="one", actual=len(heard.messages))


def _token(message: Message) -> Token | None:
    try:
        return read_token(message.text.strip(), "security event token")
    except Violation:
        return None


def _events(message: Message, path: str) -> Mapping[str, Any]:
    token = _token(message) if message.path == path and message.method == "POST" else None
    told = token.claims.get("events") if token else None
    return told if isinstance(told, dict) else {}


def _tells(message: Message, path: str, mode: str, area: str) -> bool:
    told = _events(message, path).get(CHANGED)
    return isinstance(told, dict) and told.get("mode") == mode and area in (told.get("areas") or ())


def _formed(ctx: Context, message: Message) -> None:
    """It is a security event token by RFC 8417, pushed by RFC 8935."""
    token = _token(message)
    if token is None:
        return
    ctx.expect(
        Text("media type (RFC 8935 2.1)", "メディアタイプ(RFC 8935 2.1)"), expected=SET, actual=message.media_type
    )
    missing = [name for name in CLAIMS if name not in token.claims]
    ctx.expect(Text("claims that a token lacks (RFC 8417 2.2)", "SETに欠けるクレーム"), expected=[], actual=missing)
    ctx.expect(Text("iss of the token", "SETのiss"), expected=ctx.target.issuer, actual=token.claims["iss"])
    keys = ctx.wire.get(ctx.target.endpoint("jwks_uri")).members
    what = Text("signature by a published key", "公開鍵による署名")
    ctx.require(what, verifies(token, keys), expected="one that verifies", actual=dict(token.header))
