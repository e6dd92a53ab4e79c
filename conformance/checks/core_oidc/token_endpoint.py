"""What the token endpoint answers, well or not."""

from conformance.check import check
from conformance.checks.core_oidc.grants import is_issued, refreshable, shown
from conformance.context import Context
from conformance.target import of_city_os
from conformance.wire import Reply

ERRORS = {
    "code": ("invalid_grant",),
    "parameter": ("invalid_request", "invalid_grant"),
    "grant": ("invalid_request", "unsupported_grant_type"),
    "refresh": ("invalid_grant", "unauthorized_client", "unsupported_grant_type"),
}
"""Error codes for what is wrong with a request. Source: RFC 6749 5.2."""

DESCRIBED = {*map(chr, range(0x20, 0x7F))} - {'"', "\\"}
"""Characters of error_description. Source: RFC 6749 5.2."""


@check("OIDC-038", part="code")
def token_response_of_a_code(ctx: Context) -> None:
    """The token response of a sign-in has its members and may not be kept."""
    reply = ctx.rp.sign_in().reply
    expect_token_response(ctx, reply)
    found = reply.members.get("id_token")
    ctx.require("id_token", isinstance(found, str) and found, expected="an ID token", actual=found)


@check("OIDC-038", part="refresh")
def token_response_of_a_refresh(ctx: Context) -> None:
    """The token response of a refresh has its members and may not be kept."""
    session = refreshable(ctx)
    reply = ctx.rp.refresh(session.refresh_token)
    with ctx.control("the refresh gives a token"):
        ctx.require("token response", is_issued(reply), expected="a token", actual=shown(reply))
    expect_token_response(ctx, reply)


@check("OIDC-038", part="client", when=(of_city_os,))
def token_response_of_a_client(ctx: Context) -> None:
    """The token response of a client's own token has its members and may not be kept."""
    reply = ctx.city.ask_token(ctx.city.role("city_office"), grant_type="client_credentials")
    with ctx.control("a client gets a token"):
        ctx.require("token response", is_issued(reply), expected="a token", actual=shown(reply))
    expect_token_response(ctx, reply)


def expect_token_response(ctx: Context, reply: Reply) -> None:
    """Demand members and header fields of a token response. Source: RFC 6749 5.1, OIDCC 3.1.3.3."""
    ctx.expect_status("token response", reply, 200)
    ctx.expect("Content-Type", expected="application/json", actual=reply.media_type)
    kept = reply.header("cache-control").lower().replace(" ", "").split(",")
    ctx.require("Cache-Control", "no-store" in kept, expected="no-store", actual=reply.header("cache-control"))
    token, kind = reply.members.get("access_token"), reply.members.get("token_type")
    ctx.require("access_token", isinstance(token, str) and token, expected="a string", actual=type(token).__name__)
    ctx.require("token_type", isinstance(kind, str) and kind.lower() == "bearer", expected="Bearer", actual=kind)
    life_s = reply.members.get("expires_in")
    if life_s is not None or ctx.target.is_city_os:
        number = isinstance(life_s, int | float) and not isinstance(life_s, bool) and life_s > 0
        ctx.require("expires_in", number, expected="a positive number", actual=repr(life_s))
    for name in ("refresh_token", "scope"):
        value = reply.members.get(name, "")
        ctx.require(name, isinstance(value, str), expected="a string", actual=value)


@check("OIDC-040")
def errors_are_as_specified(ctx: Context) -> None:
    """Faulty requests are answered with 400 and the error code that is specified for them."""
    browser = ctx.rp.new_browser()
    with ctx.control("a code is redeemed"):
        session = ctx.rp.sign_in(browser)
    _, verifier, callback = ctx.rp.grant(browser)
    uri = ctx.rp.client.redirect_uri
    _expect_error(ctx, "no grant_type", ctx.rp.token(code=callback.get("code"), redirect_uri=uri), "grant")
    _expect_error(ctx, "no code", ctx.rp.token(grant_type="authorization_code", redirect_uri=uri), "parameter")
    _expect_error(ctx, "a made-up code", ctx.rp.redeem(ctx.fresh(32), verifier), "code")
    _expect_error(ctx, "no refresh_token", ctx.rp.token(grant_type="refresh_token"), "refresh", "parameter")
    _expect_error(ctx, "a made-up refresh token", ctx.rp.refresh(ctx.fresh(32)), "refresh")
    again = ctx.rp.redeem(str(session.callback.get("code")), session.verifier)
    _expect_error(ctx, "a code that was used", again, "code")


def _expect_error(ctx: Context, what: str, reply: Reply, *kinds: str) -> None:
    if is_issued(reply):
        return  # OIDC-007 and others say so, where what is wrong brings a token.
    right = tuple(dict.fromkeys(name for kind in kinds for name in ERRORS[kind]))
    ctx.expect_status(f"status of {what}", reply, 400)
    ctx.expect(f"Content-Type of {what}", expected="application/json", actual=reply.media_type)
    ctx.expect_in(f"error of {what}", expected=right, actual=reply.members.get("error"))
    said = reply.members.get("error_description", "")
    plain = isinstance(said, str) and set(said) <= DESCRIBED
    ctx.require(f"error_description of {what}", plain, expected='ASCII without " and \\', actual=said)
