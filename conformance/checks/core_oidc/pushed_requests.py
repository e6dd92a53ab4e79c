"""Pushed authorization requests: what is pushed, by whom, and how long it holds."""

from typing import Any

from conformance.check import check
from conformance.checks.core_oidc.grants import code_of, rp_verifier, seen
from conformance.checks.core_oidc.id_tokens import is_number
from conformance.context import Context
from conformance.oidc.browser import Arrival
from conformance.oidc.relying_party import RelyingParty
from conformance.outcomes import Misconfigured, NeedsReview
from conformance.target import of_city_os, offers, with_sandbox, with_second_client
from conformance.text import Text
from conformance.wire import Reply

PAR = offers("pushed_authorization_request_endpoint")
LATER_S = 5
"""How long after its end a request_uri is tried, in seconds; above any rounding. Confidence C."""


def pushed(rp: RelyingParty, **changed: Any) -> Reply:
    """A pushed request; a client pushes what it would send through the browser."""
    return rp.push(rp.request(rp_verifier(), **changed))


def taken(ctx: Context, rp: RelyingParty) -> str:
    """The request_uri of a right request.

    Raises:
        Unmet: None came.
    """
    reply = pushed(rp)
    found = reply.members.get("request_uri")
    if not isinstance(found, str):
        seen_text = f"{reply.status} {reply.text[:120]}"
        ctx.skip(f"no request could be pushed: {seen_text}", f"要求を送れない(PAR): {seen_text}")
    return found


def used(rp: RelyingParty, request_uri: str) -> Arrival | None:
    """Where the browser ends with a request_uri; None where its pages lead nowhere."""
    try:
        return rp.authorize({"client_id": rp.client.client_id, "request_uri": request_uri})
    except (NeedsReview, Misconfigured):
        return None


def works(ctx: Context) -> str:
    """Positive control: a request_uri leads to a code. It is used up then."""
    what = Text("a request_uri used once, in time, by its client", "期限内の一度目のrequest_uri")
    with ctx.control(what):
        request_uri = taken(ctx, ctx.rp)
        arrival = used(ctx.rp, request_uri)
        ctx.require(what, code_of(arrival), expected="a code", actual=seen(arrival))
    return request_uri


@check("OIDC-023", when=(PAR, with_second_client))
def only_its_client(ctx: Context) -> None:
    """A request_uri that one client pushed is of no use to another."""
    works(ctx)
    arrival = used(ctx.second_rp, taken(ctx, ctx.rp))
    name = Text("a request_uri of another client", "ほかのクライアントのrequest_uri")
    ctx.refused(name, code_of(arrival) is None, expected="no code", actual=seen(arrival))
    made_up = used(ctx.rp, f"urn:ietf:params:oauth:request_uri:{ctx.fresh(32)}")
    name = Text("a made-up request_uri", "作り話のrequest_uri")
    ctx.refused(name, code_of(made_up) is None, expected="no code", actual=seen(made_up))


@check("OIDC-023", "expired", when=(PAR, with_sandbox), alone=True)
def only_in_time(ctx: Context) -> None:
    """A request_uri is of no use when expires_in has gone by."""
    works(ctx)
    reply = pushed(ctx.rp)
    lives_s = reply.members.get("expires_in")
    request_uri = str(reply.members.get("request_uri"))
    ctx.sandbox.advance(float(lives_s if is_number(lives_s) and lives_s else 600) + LATER_S)
    arrival = used(ctx.rp, request_uri)
    name = Text(f"a request_uri {LATER_S} s after its end", f"期限の{LATER_S}秒後のrequest_uri")
    ctx.refused(name, code_of(arrival) is None, expected="no code", actual=seen(arrival))


@check("OIDC-083", when=(of_city_os, PAR))
def only_once(ctx: Context) -> None:
    """A request_uri that was used is of no use any more."""
    arrival = used(ctx.rp, works(ctx))
    name = Text("the same request_uri again", "同じrequest_uriの二度目")
    ctx.refused(name, code_of(arrival) is None, expected="no code", actual=seen(arrival))


@check("OIDC-095", when=(PAR,))
def pushing(ctx: Context) -> None:
    """A right request is answered 201 with request_uri and expires_in, and wrong ones are refused with an error."""
    with ctx.control(Text("a right request", "正しい要求")):
        reply = pushed(ctx.rp)
        ctx.require("request_uri", "request_uri" in reply.members, expected="a request_uri", actual=reply.text[:200])
    ctx.expect_status(Text("a right request", "正しい要求"), reply, 201)
    lives_s = reply.members.get("expires_in")
    whole = is_number(lives_s) and float(str(lives_s)) > 0
    ctx.require("expires_in (s)", whole, expected="a number above 0", actual=lives_s)
    wrong = {
        "request_uri": {"request_uri": "urn:ietf:params:oauth:request_uri:x"},
        "redirect_uri": {"redirect_uri": f"https://{ctx.fresh(4)}.example/callback"},
        "response_type": {"response_type": f"citytwin-{ctx.fresh(4)}"},
    }
    for name, changed in wrong.items():
        _refused(ctx, Text(f"a pushed request with a wrong {name}", f"{name} が誤った要求"), pushed(ctx.rp, **changed))
    if ctx.rp.client.secret:
        stranger = ctx.rp.as_client(ctx.rp.client.with_secret(ctx.fresh(24)))
        reply = pushed(stranger)
        what = Text("a pushed request with a wrong secret", "秘密の誤ったクライアントの要求")
        _refused(ctx, what, reply)
        ctx.refused(
            what, reply.members["error"] == "invalid_client", expected="invalid_client", actual=reply.text[:200]
        )


def _refused(ctx: Context, what: Text, reply: Reply) -> None:
    fits = 400 <= reply.status < 500 and isinstance(reply.members.get("error"), str)
    ctx.refused(what, fits, expected="4xx with an error", actual=f"{reply.status} {reply.text[:160]}")
