"""What ends when a token is revoked."""

import time

from conformance.check import check
from conformance.checks.core_oidc.grants import API, POLL_S, SETTLING_S, has_ended, is_issued, refreshable, shown, works
from conformance.checks.core_oidc.refresh import replaced
from conformance.context import Context
from conformance.oidc.relying_party import RelyingParty
from conformance.target import of_city_os, offers, with_second_client
from conformance.wire import Reply

REVOCATION = offers("revocation_endpoint")
USERINFO = offers("userinfo_endpoint")


@check("OIDC-017", part="access", when=(REVOCATION, USERINFO))
def revoked_access_tokens_end(ctx: Context) -> None:
    """UserInfo refuses an access token within five seconds after its client revoked it."""
    session = ctx.rp.sign_in()
    with ctx.control("the access token works"):
        ctx.require("UserInfo", works(ctx.rp, session.access_token), expected="claims", actual="none")
    _revoke(ctx, ctx.rp, session.access_token, "access_token")
    ended = has_ended(ctx.rp, session.access_token)
    ctx.refused("a revoked access token", ended, expected="refused by UserInfo", actual="still works after 5 s")


@check("OIDC-017", part="api", when=(of_city_os, REVOCATION))
def revoked_tokens_end_at_the_api(ctx: Context) -> None:
    """The city's API refuses a client's token within five seconds after it was revoked."""
    office = ctx.city.role("city_office")
    rp, token = ctx.rp.as_client(office), ctx.city.new_token(office)
    with ctx.control("the token works"):
        ctx.expect_status(API, _call(ctx, token), 200)
    _revoke(ctx, rp, token, "access_token")
    until_s = time.monotonic() + SETTLING_S
    while (reply := _call(ctx, token)).status != 401 and time.monotonic() < until_s:
        time.sleep(POLL_S)
    ctx.refused_status("a revoked token at the API, after 5 s", reply, 401)


@check("OIDC-017", part="refresh", when=(REVOCATION,))
def revoked_refresh_tokens_end(ctx: Context) -> None:
    """A refresh token that was revoked brings no token."""
    first = refreshable(ctx).refresh_token
    reply = ctx.rp.refresh(first)
    with ctx.control("the refresh token works"):
        ctx.require("refresh", is_issued(reply), expected="a token", actual=shown(reply))
    token = replaced(reply, first)
    _revoke(ctx, ctx.rp, token, "refresh_token")
    after = ctx.rp.refresh(token)
    ctx.refused("a revoked refresh token", not is_issued(after), expected="no token", actual=shown(after))


@check("OIDC-017", part="client", when=(REVOCATION, USERINFO, with_second_client))
def others_cannot_revoke(ctx: Context) -> None:
    """A token still works after another client tried to revoke it, and after somebody without a secret did."""
    browser = ctx.rp.new_browser()
    own = ctx.second_rp.sign_in(browser).access_token
    _revoke(ctx, ctx.second_rp, own, "access_token")
    with ctx.control("the second client can revoke a token of its own"):
        ctx.require("its token", has_ended(ctx.second_rp, own), expected="refused", actual="still works")
    token = ctx.rp.sign_in(browser).access_token
    ctx.second_rp.revoke(token)
    if ctx.rp.client.auth_method != "none":
        form = {"token": token, "client_id": ctx.rp.client.client_id}
        ctx.wire.send("POST", ctx.rp.endpoint("revocation_endpoint"), form=form)
    time.sleep(POLL_S)
    alive = works(ctx.rp, token)
    ctx.refused("a token that others revoked", alive, expected="still works", actual="refused by UserInfo")


def _revoke(ctx: Context, rp: RelyingParty, token: str, hint: str) -> None:
    """Revoke a token. Source: RFC 7009 2.2.1 (unsupported_token_type: these cannot be revoked there)."""
    reply = rp.revoke(token, token_type_hint=hint)
    if reply.members.get("error") == "unsupported_token_type" and not ctx.target.is_city_os:
        ctx.omit(f"tokens of this type cannot be revoked: {hint}", f"この種類のトークンは失効できない: {hint}")
    ctx.expect_status(f"revocation of a {hint}", reply, 200)


def _call(ctx: Context, token: str) -> Reply:
    return ctx.city.call(API, headers={"authorization": f"Bearer {token}"})
