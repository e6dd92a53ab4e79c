"""The provider's keys, and the keys that tokens name."""

from collections.abc import Mapping
from typing import Any

from conformance.check import check
from conformance.context import Context
from conformance.oidc.tokens import Token, is_jwt, read_token, verifies
from conformance.target import with_sandbox

PRIVATE = ("d", "p", "q", "dp", "dq", "qi", "oth", "k")
"""Members that only the owner of a key may know. Source: RFC 7518 6.2.2, 6.3.2, 6.4.1."""


def published_keys(ctx: Context) -> list[Mapping[str, Any]]:
    """The keys of the JWKS, which must be a set of at least one (RFC 7517 5)."""
    reply = ctx.wire.send("GET", ctx.rp.endpoint("jwks_uri"), headers={"accept": "application/json"})
    ctx.expect_status("JWKS", reply, 200)
    rows = reply.members.get("keys")
    whole = isinstance(rows, list) and bool(rows) and all(isinstance(row, dict) for row in rows)
    ctx.require("keys of the JWKS", whole, expected="a list of objects that is not empty", actual=reply.text[:200])
    return [row for row in rows or () if isinstance(row, dict)]


def access_token_as_jwt(text: str) -> Token | None:
    """An access token that says it is a JWT of RFC 9068; None where it is something else."""
    token = read_token(text, "access token") if is_jwt(text) else None
    typ = str(token.header.get("typ", "")).lower() if token else ""
    return token if typ.removeprefix("application/") == "at+jwt" else None


@check("OIDC-003")
def kid_names_a_published_key(ctx: Context) -> None:
    """The kid of tokens names a key of the JWKS, and is there where these are several."""
    session, keys = ctx.rp.sign_in(), published_keys(ctx)
    token = session.id_token
    if str(token.header.get("alg", "none"))[:2] in ("no", "HS"):
        ctx.omit("ID tokens are not signed with a published key", "IDトークンは公開鍵の署名でない")
    kids = [row.get("kid") for row in keys]
    kid = token.header.get("kid")
    needed = len(keys) > 1
    ctx.require(
        "kid in the header of the ID token",
        kid in kids or (kid is None and not needed),
        expected=f"one of {kids}" if needed else f"none, or one of {kids}",
        actual=kid,
    )
    _expect_fit(ctx, token, [row for row in keys if kid is not None and row.get("kid") == kid])
    access = access_token_as_jwt(session.access_token)
    if access is not None and access.header.get("kid") is not None:
        ctx.expect_in("kid in the header of the access token", expected=kids, actual=access.header.get("kid"))


def _expect_fit(ctx: Context, token: Token, named: list[Mapping[str, Any]]) -> None:
    """Demand that the key that a token names is meant for such signatures. Source: RFC 7517 4.2, 4.4."""
    for row in named[:1]:
        ctx.expect_in("use of the key that the ID token names", expected=(None, "sig"), actual=row.get("use"))
        right = (None, token.header.get("alg"))
        ctx.expect_in("alg of the key that the ID token names", expected=right, actual=row.get("alg"))


@check("OIDC-029")
def only_public_parts(ctx: Context) -> None:
    """No key of the JWKS has a private part or is a secret, and each says its type."""
    for row in published_keys(ctx):
        name = row.get("kid", row.get("kty"))
        told = sorted(set(PRIVATE) & set(row))
        ctx.expect(f"private members of the key {name}", expected=[], actual=told)
        ctx.require(f"kty of the key {name}", row.get("kty") not in (None, "oct"), expected="RSA, EC, OKP", actual=row)


@check("OIDC-030", when=(with_sandbox,), alone=True)
def old_keys_stay(ctx: Context) -> None:
    """After a change of keys a token from before still verifies, and new tokens verify too."""
    before = ctx.rp.sign_in().id_token
    with ctx.control("an ID token verifies before the change"):
        ctx.require(
            "signature", verifies(before, {"keys": published_keys(ctx)}), expected="verifies", actual="does not"
        )
    known = {row.get("kid") for row in published_keys(ctx)}
    ctx.sandbox.rotate_keys()
    keys = published_keys(ctx)
    now_known = {row.get("kid") for row in keys}
    with ctx.control("the change gives a new key"):
        ctx.require(
            "kids after the change", now_known - known, expected="a new one", actual=sorted(map(str, now_known))
        )
    after = ctx.rp.sign_in().id_token
    told = sorted(map(str, now_known))
    for what, token in (("of before the change", before), ("of after the change", after)):
        holds = verifies(token, {"keys": keys})
        kid = token.header.get("kid")
        ctx.require(f"signature of an ID token {what}", holds, expected=f"verifies with {kid}", actual=f"keys {told}")
