"""What access tokens are, and where they work."""

from typing import Any

from conformance.check import check
from conformance.checks.core_oidc.grants import API, is_issued, works
from conformance.checks.core_oidc.keys import access_token_as_jwt, published_keys
from conformance.context import Context
from conformance.oidc.tokens import read_token, verifies
from conformance.target import offers
from conformance.wire import Reply


@check("OIDC-019", part="form")
def access_tokens_are_jwts(ctx: Context) -> None:
    """A person's and a client's access tokens are JWTs of typ at+jwt, with an audience."""
    texts = {"a person's": ctx.rp.sign_in().access_token, "a client's": ctx.city.token("city_office")}
    for whose, text in texts.items():
        token = read_token(text, f"{whose} access token")
        typ = str(token.header.get("typ")).lower().removeprefix("application/")
        ctx.expect(f"typ of {whose} access token", expected="at+jwt", actual=typ)
        ctx.require(f"aud of {whose} access token", token.claims.get("aud"), expected="an audience", actual=None)


@check("OIDC-019", part="audience")
def tokens_for_others_are_refused(ctx: Context) -> None:
    """The API refuses a token that is made for the FHIR server, and the other way round an API's at UserInfo."""
    office = ctx.city.role("city_office")
    with ctx.control("a token for the API works there"):
        ctx.expect_status(API, _call(ctx, ctx.city.new_token(office)), 200)
    for resource in _other_resources(ctx):
        reply = ctx.city.ask_token(office, grant_type="client_credentials", resource=resource)
        if is_issued(reply):
            answer = _call(ctx, str(reply.members["access_token"]))
            ctx.refused_status(f"a token for {resource} at the API", answer, 401)
    id_token = str(ctx.rp.sign_in().tokens.get("id_token"))
    ctx.refused_status("an ID token at the API", _call(ctx, id_token), 401)


@check("OIDC-019", part="userinfo", when=(offers("userinfo_endpoint"),))
def id_tokens_are_no_access_tokens(ctx: Context) -> None:
    """UserInfo refuses an ID token as bearer."""
    session = ctx.rp.sign_in()
    with ctx.control("UserInfo takes the access token"):
        ctx.require("UserInfo", works(ctx.rp, session.access_token), expected="claims", actual="none")
    reply = ctx.rp.userinfo(str(session.tokens.get("id_token")))
    ctx.refused_status("an ID token at UserInfo", reply, 401)


@check("OIDC-081")
def jwt_access_tokens_are_whole(ctx: Context) -> None:
    """An access token of typ at+jwt verifies with a published key and has its claims."""
    session = ctx.rp.sign_in()
    token = access_token_as_jwt(session.access_token)
    if token is None:
        ctx.omit("access tokens are no JWTs of typ at+jwt", "アクセストークンは typ at+jwt のJWTでない")
    alg = str(token.header.get("alg"))
    ctx.require("alg of the access token", alg.lower() != "none", expected="a signature", actual=alg)
    if alg[:2] != "HS":
        holds = verifies(token, {"keys": published_keys(ctx)})
        ctx.require(
            "signature of the access token", holds, expected="verifies", actual=f"{alg} {token.header.get('kid')}"
        )
    claims = token.claims
    ctx.expect("iss of the access token", expected=ctx.target.issuer, actual=claims.get("iss"))
    ctx.expect("client_id of the access token", expected=ctx.rp.client.client_id, actual=claims.get("client_id"))
    for name in ("sub", "jti"):
        _expect_kind(ctx, name, claims.get(name), str)
    _expect_kind(ctx, "aud", claims.get("aud"), str, list)
    for name in ("exp", "iat"):
        _expect_kind(ctx, name, claims.get(name), int, float)
    ctx.require("exp of the access token", claims["exp"] > claims["iat"], expected="after iat", actual=claims["exp"])


def _expect_kind(ctx: Context, name: str, value: Any, *kinds: type) -> None:
    right = isinstance(value, kinds) and not isinstance(value, bool) and bool(value)
    ctx.require(f"{name} of the access token", right, expected=" or ".join(one.__name__ for one in kinds), actual=value)


def _other_resources(ctx: Context) -> list[str]:
    named = (ctx.target.city_os.get("fhir_base"), ctx.target.issuer)
    return [one for one in named if isinstance(one, str) and one and not ctx.target.api_base.startswith(one + "#")]


def _call(ctx: Context, token: str) -> Reply:
    return ctx.city.call(API, headers={"authorization": f"Bearer {token}"})
