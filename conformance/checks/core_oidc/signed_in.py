"""What the ID token and UserInfo say of a sign-in."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from conformance.check import check
from conformance.checks.core_oidc.grants import works
from conformance.context import Context
from conformance.oidc.tokens import is_jwt, read_token
from conformance.target import offers
from conformance.wire import Reply

UNSIGNED = "none"
"""The algorithm that is none. Source: RFC 7518 3.6."""


def userinfo_claims(reply: Reply) -> Mapping[str, Any]:
    """The claims of a UserInfo response, as JSON or as a JWT (OIDCC 5.3.2)."""
    if reply.media_type == "application/jwt":
        return read_token(reply.text.strip(), "UserInfo").claims
    return reply.members


def unsigned(text: str) -> str:
    """A token with the same claims, of alg none and without a signature. Source: RFC 7519 6."""
    token = read_token(text, "token")
    parts = [json.dumps(part).encode() for part in ({**token.header, "alg": UNSIGNED}, dict(token.claims))]
    return ".".join([*(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts), ""])


@check("OIDC-008", part="sent")
def nonce_comes_back(ctx: Context) -> None:
    """ID tokens of two sign-ins hold the nonces that were sent, character by character."""
    browser = ctx.rp.new_browser()
    for nonce in (f"{ctx.fresh()}.~-_ {ctx.fresh()}&=%2B+", ctx.fresh(48)):
        session = ctx.rp.sign_in(browser, nonce=nonce)
        ctx.expect("nonce in the ID token", expected=nonce, actual=session.id_token.claims.get("nonce"))


@check("OIDC-008", part="none")
def nonce_may_be_left_out(ctx: Context) -> None:
    """A sign-in without a nonce works, and its ID token does not hold that of another."""
    browser = ctx.rp.new_browser()
    other = ctx.rp.sign_in(browser)
    session = ctx.rp.sign_in(browser, nonce=None)
    found = session.id_token.claims.get("nonce")
    ctx.require("nonce in the ID token", found != other.request["nonce"], expected="not that of another", actual=found)


@check("OIDC-009", part="issued")
def tokens_are_signed(ctx: Context) -> None:
    """No token of a sign-in has alg none."""
    if ctx.rp.client.id_token_alg == UNSIGNED:
        ctx.omit("the client registered ID tokens of alg none", "クライアントがalg noneのIDトークンを登録している")
    session = ctx.rp.sign_in()
    for what, text in (("ID token", session.tokens.get("id_token")), ("access token", session.access_token)):
        if is_jwt(text):
            _expect_signed(ctx, what, str(text))


@check("OIDC-009", part="accepted", when=(offers("userinfo_endpoint"),))
def unsigned_tokens_are_refused(ctx: Context) -> None:
    """UserInfo refuses a copy of an access token with alg none."""
    session = ctx.rp.sign_in()
    if not is_jwt(session.access_token):
        ctx.omit("access tokens are no JWTs", "アクセストークンがJWTでない")
    with ctx.control("UserInfo takes the access token"):
        ctx.require("UserInfo", works(ctx.rp, session.access_token), expected="claims", actual="none")
    for what, wrong in (("unsigned", unsigned(session.access_token)), ("cut", _cut(session.access_token))):
        reply = ctx.rp.userinfo(wrong)
        ctx.refused(f"UserInfo with an {what} copy", reply.status != 200, expected="refused", actual=reply.status)


@check("OIDC-010")
def audience_is_the_client(ctx: Context) -> None:
    """The aud of the ID token is the client or holds it, and azp is the client if it is there."""
    claims, name = ctx.rp.sign_in().id_token.claims, ctx.rp.client.client_id
    aud = claims.get("aud")
    listed = aud if isinstance(aud, list) else [aud]
    texts = bool(listed) and all(isinstance(one, str) for one in listed)
    ctx.require("aud of the ID token", texts, expected="a string, or a list of strings", actual=aud)
    ctx.require("aud of the ID token", name in listed, expected=f"holds {name}", actual=aud)
    if "azp" in claims:
        ctx.expect("azp of the ID token", expected=name, actual=claims["azp"])


@check("OIDC-015", when=(offers("userinfo_endpoint"),))
def sub_is_the_same(ctx: Context) -> None:
    """UserInfo tells the sub of the ID token, whatever scopes were asked for."""
    browser = ctx.rp.new_browser()
    for scope in ("openid", "openid profile"):
        session = ctx.rp.sign_in(browser, scope=scope)
        reply = ctx.rp.userinfo(session.access_token)
        with ctx.control("UserInfo answers"):
            ctx.expect_status("UserInfo", reply, 200)
        expected = session.id_token.claims.get("sub")
        ctx.expect(f"sub of UserInfo with scope={scope}", expected=expected, actual=userinfo_claims(reply).get("sub"))


def _expect_signed(ctx: Context, what: str, text: str) -> None:
    token = read_token(text, what)
    alg, signature = token.header.get("alg"), text.rpartition(".")[2]
    signed = isinstance(alg, str) and alg.lower() != UNSIGNED and bool(signature)
    ctx.require(f"alg of the {what}", signed, expected="an algorithm, with a signature", actual=alg)


def _cut(text: str) -> str:
    return text.rpartition(".")[0] + "."
