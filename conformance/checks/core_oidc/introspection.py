"""What introspection says, and to whom."""

from collections.abc import Mapping

from conformance.check import check
from conformance.checks.core_oidc.refresh import of_no_city_os
from conformance.context import Context
from conformance.oidc.relying_party import basic
from conformance.target import of_city_os, offers, with_sandbox
from conformance.wire import Reply

INTROSPECTION = offers("introspection_endpoint")

MEMBERS: Mapping[str, tuple[type, ...]] = {
    **dict.fromkeys(("scope", "client_id", "username", "token_type", "sub", "iss", "jti"), (str,)),
    **dict.fromkeys(("exp", "iat", "nbf"), (int, float)),
    "aud": (str, list),
}
"""Members of what introspection says, by type. Source: RFC 7662 2.2."""

TOKEN_LIFE_S = 3700
"""After which the access tokens of a city OS have ended, in seconds. Source: contract C7 (60 minutes at most)."""


@check("OIDC-018", part="authentication", when=(INTROSPECTION,))
def only_for_clients(ctx: Context) -> None:
    """Introspection tells nothing to whom does not authenticate."""
    token = ctx.rp.sign_in().access_token
    _control(ctx, token)
    client, url = ctx.rp.client, ctx.rp.endpoint("introspection_endpoint")
    wrong: Mapping[str, tuple[dict[str, str], dict[str, str]]] = {
        "no authentication": ({}, {}),
        "an identifier alone": ({}, {"client_id": client.client_id}),
        "a wrong secret": ({"authorization": basic(client.client_id, client.secret + "x")}, {}),
        "an unknown client": ({"authorization": basic(ctx.fresh(), client.secret)}, {}),
        "a wrong secret in the form": ({}, {"client_id": client.client_id, "client_secret": ctx.fresh()}),
    }
    for what, (headers, form) in wrong.items():
        reply = ctx.wire.send(
            "POST", url, headers={"accept": "application/json", **headers}, form={"token": token, **form}
        )
        told = {400, 401, 403} if "secret" not in what else {400, 401}
        ctx.refused(
            f"introspection with {what}", "active" not in reply.members, expected="nothing", actual=reply.text[:80]
        )
        ctx.refused_status(f"introspection with {what}", reply, *sorted(told))


@check("OIDC-018", part="form", when=(INTROSPECTION,))
def answers_have_their_types(ctx: Context) -> None:
    """What is said of a live token is JSON, active is a boolean, and every known member has its type."""
    reply = ctx.rp.introspect(ctx.rp.sign_in().access_token)
    if reply.members.get("error") == "unsupported_token_type" and not ctx.target.is_city_os:
        ctx.omit("access tokens of this kind are not introspected", "この種類のアクセストークンは照会できない")
    ctx.expect_status("introspection", reply, 200)
    ctx.expect("Content-Type", expected="application/json", actual=reply.media_type)
    active = reply.members.get("active")
    ctx.require("active", isinstance(active, bool), expected="true or false", actual=active)
    for name, kinds in MEMBERS.items():
        value = reply.members.get(name, kinds[0]())
        right = isinstance(value, kinds) and not isinstance(value, bool)
        ctx.require(name, right, expected=" or ".join(one.__name__ for one in kinds), actual=value)


@check("OIDC-018", part="inactive", when=(INTROSPECTION,))
def dead_tokens_are_inactive(ctx: Context) -> None:
    """Of a made-up, an altered and a revoked token introspection says active:false."""
    for what, reply in _of_dead_tokens(ctx).items():
        ctx.refused_status(f"introspection of {what} token", reply, 200)
        ctx.refused(
            f"active of {what} token", reply.members.get("active") is False, expected=False, actual=reply.text[:80]
        )


@check("OIDC-018", part="nothing_else", when=(of_city_os, INTROSPECTION))
def nothing_beside_in_a_city(ctx: Context) -> None:
    """Of a token that is not valid a city OS says active:false and nothing else."""
    _expect_nothing_else(ctx)


@check("OIDC-082", when=(of_no_city_os, INTROSPECTION))
def nothing_beside(ctx: Context) -> None:
    """Of a token that is not valid introspection says active:false and nothing else."""
    _expect_nothing_else(ctx)


@check("OIDC-018", part="expired", when=(INTROSPECTION, with_sandbox), alone=True)
def expired_tokens_are_inactive(ctx: Context) -> None:
    """Of a token that has expired introspection says active:false."""
    box = ctx.sandbox
    token = ctx.rp.sign_in().access_token
    _control(ctx, token)
    box.advance(TOKEN_LIFE_S)
    reply = ctx.rp.introspect(token)
    ctx.refused(
        "active of an expired token", reply.members.get("active") is False, expected=False, actual=reply.text[:200]
    )


def _control(ctx: Context, token: str) -> None:
    reply = ctx.rp.introspect(token)
    with ctx.control("the client is told that its live token is active"):
        ctx.expect_status("introspection", reply, 200)
        ctx.expect("active", expected=True, actual=reply.members.get("active"))


def _of_dead_tokens(ctx: Context) -> dict[str, Reply]:
    """What is said of tokens that are not valid, a live one being active."""
    token = ctx.rp.sign_in().access_token
    _control(ctx, token)
    dead = {"a made-up": ctx.fresh(32), "an altered": ("a" if token[0] != "a" else "b") + token[1:]}
    if ctx.target.endpoint("revocation_endpoint"):
        revoked = ctx.rp.revoke(token)
        works = ctx.rp.userinfo(token).status == 200 if ctx.target.endpoint("userinfo_endpoint") else False
        if revoked.status == 200 and not works:
            # Where a revoked token goes on to work, OIDC-017 says so.
            dead["a revoked"] = token
    return {what: ctx.rp.introspect(one) for what, one in dead.items()}


def _expect_nothing_else(ctx: Context) -> None:
    said = {what: reply for what, reply in _of_dead_tokens(ctx).items() if reply.members.get("active") is False}
    if not said:
        ctx.skip("no token is called inactive (OIDC-018.inactive)", "active:falseの応答がない(OIDC-018.inactive)")
    for what, reply in said.items():
        others = sorted(set(reply.members) - {"active"})
        ctx.refused(f"members beside active, of {what} token", not others, expected=[], actual=others)
