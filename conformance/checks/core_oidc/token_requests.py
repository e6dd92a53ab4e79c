"""Token requests: kinds of grants that are unknown, scopes that are not to be had, and how long tokens live."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from conformance.accounts import ClientAccount
from conformance.check import check
from conformance.checks.core_oidc.grants import attempt, code_of, is_issued, refreshable, rp_verifier, seen, shown
from conformance.checks.core_oidc.id_tokens import is_number
from conformance.city.caller import EXCHANGE, LOCAL_ID
from conformance.context import Context
from conformance.oidc.tokens import is_jwt, read_token
from conformance.outcomes import NotApplicable
from conformance.target import of_city_os, offers
from conformance.text import Text
from conformance.wire import Reply

LONGEST_S = 3600
"""Longest life of an access token, in seconds. Source: contract C7."""


@check("OIDC-048")
def unknown_grant_type(ctx: Context) -> None:
    """A made-up grant_type is answered with 400 unsupported_grant_type."""
    with ctx.control(Text("a redemption by the same client", "同じクライアントでの引換え")):
        reply = ctx.rp.sign_in().reply
        ctx.require("token response", is_issued(reply), expected="tokens", actual=shown(reply))
    for name in (f"urn:citytwin:{ctx.fresh()}", ctx.fresh()):
        reply = ctx.rp.token(grant_type=name)
        what = Text(f"grant_type {name}", f"grant_type {name}")
        ctx.refused_status(what, reply, 400)
        ctx.refused(
            what,
            reply.members.get("error") == "unsupported_grant_type",
            expected="unsupported_grant_type",
            actual=reply.text[:200],
        )


@check("OIDC-056", when=(offers("revocation_endpoint"),))
def unknown_token_is_revoked(ctx: Context) -> None:
    """To revoke a token that nobody knows is answered with 200, whatever kind it is said to be."""
    for hint in (None, "access_token", "refresh_token"):
        reply = ctx.rp.revoke(ctx.fresh(32), token_type_hint=hint)
        ctx.expect_status(Text(f"an unknown token, hint {hint}", f"知らないトークン、ヒント {hint}"), reply, 200)


@check("OIDC-074", "person")
def unknown_scope(ctx: Context) -> None:
    """A scope that nobody may have is refused with invalid_scope or left out of what is granted."""
    with ctx.control(Text("the same request with scope openid", "scope openidの同じ要求")):
        ctx.rp.grant()
    wanted = f"citytwin.{ctx.fresh(6)}"
    arrival = attempt(ctx.rp, scope=f"openid {wanted}")
    code = code_of(arrival)
    what = Text("a made-up scope of an authorization request", "認可要求の作り話のscope")
    if code is None:
        ctx.require(what, "invalid_scope" in seen(arrival), expected="invalid_scope, or a code", actual=seen(arrival))
        return
    reply = ctx.rp.redeem(code, rp_verifier())
    _not_granted(ctx, what, reply, wanted)


@check("OIDC-074", "client", when=(of_city_os,))
def scope_of_another_role(ctx: Context) -> None:
    """A client's own token has no scope that only clients of another role may have."""
    accounts = [one for one in ctx.target.accounts if "client_credentials" in one.grant_types and one.scopes]
    if not accounts:
        ctx.omit("no client may get tokens of its own", "自分のトークンを得られるクライアントがない")
    every = {scope for one in ctx.target.accounts for scope in one.scopes}
    for account in ctx.draws.shuffled(accounts)[:4]:
        others = sorted(every - set(account.scopes))
        for wanted in ctx.draws.shuffled(others)[:2]:
            reply = ctx.city.ask_token(account, grant_type="client_credentials", scope=wanted)
            _not_granted(
                ctx, Text(f"{account.role} asks for {wanted}", f"{account.role} が {wanted} を求める"), reply, wanted
            )


def _not_granted(ctx: Context, what: Text, reply: Reply, wanted: str) -> None:
    if not is_issued(reply):
        ctx.require(what, reply.members.get("error") == "invalid_scope", expected="invalid_scope", actual=shown(reply))
        return
    told = reply.members.get("scope")
    left_out = isinstance(told, str) and wanted not in told.split()
    ctx.require(what, left_out, expected=f"a scope without {wanted}", actual=f"scope {told!r}")
    inside = _claims(reply).get("scope", "")
    ctx.require(what, wanted not in str(inside).split(), expected=f"a token without {wanted}", actual=inside)


def _claims(reply: Reply) -> Mapping[str, Any]:
    token = reply.members.get("access_token")
    return read_token(token, "access token").claims if is_jwt(token) else {}


@check("OIDC-072", when=(of_city_os,))
def life_of_access_tokens(ctx: Context) -> None:
    """Access tokens live an hour at most, however they were got."""
    _short(ctx, "authorization_code", ctx.rp.sign_in().reply)
    with suppress(NotApplicable):
        _short(ctx, "refresh_token", ctx.rp.refresh(refreshable(ctx).refresh_token))
    for account in _one_of_each_role(ctx):
        _short(
            ctx, f"client_credentials ({account.role})", ctx.city.ask_token(account, grant_type="client_credentials")
        )


def _one_of_each_role(ctx: Context) -> list[ClientAccount]:
    may = [one for one in ctx.target.accounts if "client_credentials" in one.grant_types]
    return list({one.role: one for one in may}.values())


def _short(ctx: Context, how: str, reply: Reply) -> None:
    if not is_issued(reply):
        return
    lives_s = reply.members.get("expires_in")
    fits = is_number(lives_s) and 0 < float(str(lives_s)) <= LONGEST_S
    ctx.require(f"expires_in, {how} (s)", fits, expected=f"at most {LONGEST_S}", actual=lives_s)
    claims = _claims(reply)
    if is_number(claims.get("exp")) and is_number(claims.get("iat")):
        lives_s = claims["exp"] - claims["iat"]
        ctx.require(f"exp - iat, {how} (s)", lives_s <= LONGEST_S, expected=f"at most {LONGEST_S}", actual=lives_s)


@check("OIDC-073", when=(of_city_os,))
def exchange_in_a_sandbox(ctx: Context) -> None:
    """Token exchange gives a made-up person's token to the named client of a sandbox, and to no other."""
    form = {"grant_type": EXCHANGE, "subject_token": ctx.city.person().user, "subject_token_type": LOCAL_ID}
    if ctx.target.has_sandbox:
        reply = ctx.city.ask_token(ctx.city.role("citizen_app"), **form)
        what = Text("token exchange by the client of a sandbox", "試験クライアントのトークン交換")
        ctx.require(what, is_issued(reply), expected="tokens", actual=shown(reply))
    reply = ctx.rp.token(**form)
    what = Text("token exchange by a client that is not named for it", "名指しでないクライアントのトークン交換")
    ctx.require(what, not is_issued(reply), expected="unauthorized_client", actual=shown(reply))
