"""UserInfo: how it is asked, what it answers, and of which type."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from conformance.check import check
from conformance.checks.core_oidc.grants import scopes_to_ask
from conformance.checks.core_oidc.id_tokens import LATEST_S, LONGEST_SUB, is_number, is_signed
from conformance.checks.core_oidc.own_clients import registered
from conformance.checks.core_oidc.refresh import of_no_city_os
from conformance.context import Context
from conformance.oidc.relying_party import RelyingParty, Session
from conformance.oidc.tokens import is_jwt, read_token
from conformance.target import of_city_os, offers, with_sandbox
from conformance.text import Text
from conformance.wire import Reply

USERINFO = offers("userinfo_endpoint")

CLAIMS: Mapping[str, tuple[str, ...]] = {
    "profile": (
        *("name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile"),
        *("picture", "website", "gender", "birthdate", "zoneinfo", "locale", "updated_at"),
    ),
    "email": ("email", "email_verified"),
    "address": ("address",),
    "phone": ("phone_number", "phone_number_verified"),
}
"""The claims that each scope asks for. Source: OIDCC 5.4."""

DATE = re.compile(r"(\d{4}|0000)(-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01]))?")
"""A date, or a year alone; year 0000 where it is not told. Source: OIDCC 5.1 (ISO 8601-1)."""

JWT = "application/jwt"


def claims_of(reply: Reply) -> Mapping[str, Any]:
    """The claims of an answer, as JSON or as the payload of a JWT (OIDCC 5.3.2); empty where it is neither.

    Raises:
        Violation: It says that it is a JWT, and is none.
    """
    return read_token(reply.text, "UserInfo").claims if reply.media_type == JWT else reply.members


def of_tags(names: Iterable[str]) -> set[str]:
    """Names of claims without their language tags (OIDCC 5.2)."""
    return {name.partition("#")[0] for name in names}


def beyond(claims: Mapping[str, Any], granted: Iterable[str]) -> list[str]:
    """Standard claims that none of the granted scopes asks for."""
    asked = {name for scope in granted for name in CLAIMS.get(scope, ())}
    standard = {name for names in CLAIMS.values() for name in names}
    return sorted((of_tags(claims) & standard) - asked)


def granted_scopes(session: Session) -> list[str]:
    """The scopes that were granted: those told with the token, else those asked for (RFC 6749 5.1)."""
    told = session.tokens.get("scope")
    return str(told if isinstance(told, str) else session.request["scope"]).split()


@check("OIDC-084", when=(of_no_city_os, USERINFO))
def claims_of_the_scope(ctx: Context) -> None:
    """UserInfo returns no standard claim beyond the scope that was told with the token."""
    for scope in ("openid", *(f"openid {one}" for one in scopes_to_ask(ctx))):
        session = ctx.rp.sign_in(scope=scope, prompt="consent")
        claims = claims_of(ctx.rp.userinfo(session.access_token))
        name = Text(f"claims beyond the scope {scope}", f"scope {scope} を超えるクレーム")
        ctx.expect(name, expected=[], actual=beyond(claims, granted_scopes(session)))


@check("OIDC-052", when=(of_city_os, USERINFO))
def claims_that_were_asked_for(ctx: Context) -> None:
    """UserInfo returns no claim that neither scope nor claims parameter asked for."""
    session = ctx.rp.sign_in(scope="openid")
    claims = claims_of(ctx.rp.userinfo(session.access_token))
    ctx.expect("claims with scope openid", expected=["sub"], actual=sorted(claims))
    for scope in scopes_to_ask(ctx):
        session = ctx.rp.sign_in(scope=f"openid {scope}")
        claims = claims_of(ctx.rp.userinfo(session.access_token))
        others = sorted(of_tags(claims) - {"sub"} - set(CLAIMS[scope]))
        ctx.expect(f"claims beyond the scope {scope}", expected=[], actual=others)
    if ctx.target.metadata.get("claims_parameter_supported"):
        session = ctx.rp.sign_in(scope="openid", claims='{"userinfo": {"email": null}}')
        claims = claims_of(ctx.rp.userinfo(session.access_token))
        others = sorted(set(claims) - {"sub", "email"})
        ctx.expect("claims beyond the claims parameter (email)", expected=[], actual=others)


@check("OIDC-052", "tourism", when=(of_city_os, USERINFO))
def no_birthdate_for_tourism(ctx: Context) -> None:
    """A service for visitors is told the year of birth, and no name, date or address."""
    rp = ctx.rp.as_client(ctx.city.role("tourism_service"))
    session = rp.sign_in(scope="openid tourism.profile")
    claims = claims_of(rp.userinfo(session.access_token))
    allowed = {"sub", "gender", "birth_year", "residence_municipality"}
    ctx.expect("claims beyond tourism.profile", expected=[], actual=sorted(of_tags(claims) - allowed))


@check("OIDC-052", "withdrawn", when=(of_city_os, with_sandbox, USERINFO), alone=True)
def claims_after_withdrawal(ctx: Context) -> None:
    """What a scope granted is not told any more when the person has withdrawn the consent to it."""
    person = ctx.city.person(len(ctx.target.people) - 1)
    rp = ctx.rp.as_person(person)
    ctx.sandbox.reset()
    session = rp.sign_in(scope="openid profile")
    what = Text("claims of the scope profile while consented to", "同意がある間のscope profileのクレーム")
    with ctx.control(what):
        claims = claims_of(rp.userinfo(session.access_token))
        ctx.require(what, "name" in claims, expected="name", actual=sorted(claims))
    for row in ctx.city.items("listConsents", person):
        ctx.city.call("withdrawConsent", person, {}, path={"consent_id": row["record_id"]})
    reply = rp.userinfo(session.access_token)
    told = sorted(of_tags(claims_of(reply)) & set(CLAIMS["profile"]))
    name = Text("claims of the scope profile after the consent was withdrawn", "同意撤回後のscope profileのクレーム")
    ctx.refused(name, not told, expected=[], actual=told)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_truth(value: object) -> bool:
    return isinstance(value, bool)


def _is_time(value: object) -> bool:
    return is_number(value) and 0 <= float(str(value)) < LATEST_S


def _is_date(value: object) -> bool:
    return isinstance(value, str) and DATE.fullmatch(value) is not None


def _is_address(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(part, str) for part in value.values())


TYPES: Mapping[str, tuple[Callable[[object], bool], str]] = {
    **{name: (_is_text, "a string") for names in CLAIMS.values() for name in names},
    "birthdate": (_is_date, "YYYY-MM-DD or YYYY"),
    "updated_at": (_is_time, "a number of seconds"),
    "email_verified": (_is_truth, "true or false"),
    "phone_number_verified": (_is_truth, "true or false"),
    "address": (_is_address, "an object of strings"),
}
"""Types of the standard claims. Source: OIDCC 5.1, 5.1.1."""


@check("OIDC-053", when=(USERINFO,))
def types_of_claims(ctx: Context) -> None:
    """The standard claims are of their standard types, and sub is a short ASCII string."""
    session = ctx.rp.sign_in(scope=" ".join(("openid", *scopes_to_ask(ctx))))
    claims = claims_of(ctx.rp.userinfo(session.access_token))
    for place, found in (("UserInfo", claims), ("the ID token", session.id_token.claims)):
        for name, value in found.items():
            fits, expected = TYPES.get(name.partition("#")[0], (None, ""))
            if fits is not None and value is not None:
                ctx.require(f"{name} of {place}", fits(value), expected=expected, actual=value)
    sub = claims.get("sub")
    short = sub is None or (isinstance(sub, str) and len(sub) <= LONGEST_SUB)
    ctx.require("sub of UserInfo", short, expected="a string of at most 255 characters", actual=sub)


@check("OIDC-054", when=(USERINFO,))
def get_and_post(ctx: Context) -> None:
    """UserInfo answers GET and POST with a Bearer header, and answers both the same."""
    session = ctx.rp.sign_in()
    told = []
    for method in ("GET", "POST"):
        reply = ctx.rp.userinfo(session.access_token, method)
        ctx.expect_status(f"UserInfo by {method}", reply, 200)
        name = f"media type of UserInfo by {method}"
        ctx.expect_in(name, expected=("application/json", JWT), actual=reply.media_type)
        told.append(claims_of(reply).get("sub"))
    ctx.expect("sub by POST as by GET", expected=told[0], actual=told[1])


@check("OIDC-055", when=(USERINFO,))
def invalid_tokens(ctx: Context) -> None:
    """A made-up and an altered token get 401 with a Bearer challenge of error invalid_token."""
    right = ctx.rp.sign_in().access_token
    with ctx.control(Text("UserInfo with a valid token", "有効なトークンでのUserInfo")):
        ctx.expect_status("UserInfo", ctx.rp.userinfo(right), 200)
    for name, token in (("made-up", ctx.fresh(32)), ("altered", _altered(right)), ("cut off", right[:-8])):
        for method in ("GET", "POST"):
            reply = ctx.rp.userinfo(token, method)
            what = Text(f"UserInfo by {method} with a token that is {name}", f"{method}、無効なトークン({name})")
            _challenged(ctx, what, reply)


@check("OIDC-055", "expired", when=(USERINFO, with_sandbox), alone=True)
def expired_tokens(ctx: Context) -> None:
    """A token that has expired gets 401 with a Bearer challenge of error invalid_token."""
    session = ctx.rp.sign_in()
    with ctx.control(Text("UserInfo before the token expires", "期限前のUserInfo")):
        ctx.expect_status("UserInfo", ctx.rp.userinfo(session.access_token), 200)
    lives_s = session.tokens.get("expires_in")
    ctx.sandbox.advance(float(lives_s if is_number(lives_s) and lives_s else 3600) + 120)
    _challenged(
        ctx,
        Text("UserInfo with an expired token", "期限切れのトークンでのUserInfo"),
        ctx.rp.userinfo(session.access_token),
    )


def _challenged(ctx: Context, what: Text, reply: Reply) -> None:
    ctx.refused_status(what, reply, 401)
    told = reply.header("www-authenticate")
    scheme = "bearer" in told.lower().replace(",", " ").split()
    error = re.search(r'error\s*=\s*"?([a-z_]+)', told)
    fits = scheme and error is not None and error.group(1) == "invalid_token"
    name = Text(f"WWW-Authenticate, {what.en}", f"WWW-Authenticate、{what.ja}")
    ctx.refused(name, fits, expected='Bearer … error="invalid_token"', actual=told or "none")


def _altered(token: str) -> str:
    """The token with a character in its middle changed; of a JWT, one of its payload."""
    place = token.index(".") + 6 if is_jwt(token) else len(token) // 2
    return token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]


@check("OIDC-075", when=(of_city_os, USERINFO))
def local_id_by_its_scope(ctx: Context) -> None:
    """The local ID is told to clients with the scope local_id, and to no other."""
    may = [one for one in ctx.target.accounts if "local_id" in one.scopes and one.redirect_uris]
    if may:
        rp = ctx.rp.as_client(may[0])
        with ctx.control(Text("a client with the scope local_id", "scope local_idを持つクライアント")):
            told = claims_of(rp.userinfo(rp.sign_in(scope="openid local_id").access_token))
            ctx.require("local_id", "local_id" in told, expected="the local ID", actual=sorted(told))
    for scope in ("openid", "openid local_id"):
        session = ctx.rp.sign_in(scope=scope)
        told = claims_of(ctx.rp.userinfo(session.access_token))
        granted = "local_id" in ctx.rp.client.scopes and "local_id" in scope
        name = Text(f"claims of a service with scope {scope}", f"scope {scope} でのクレーム")
        ctx.require(name, granted or "local_id" not in told, expected="no local_id", actual=sorted(told))
        held = json.dumps([dict(told), dict(session.id_token.claims)], ensure_ascii=False)
        user = ctx.rp.person.user if ctx.rp.person else ""
        ctx.require(name, granted or f'"{user}"' not in held, expected="nothing equal to the local ID", actual=held)


@check("OIDC-088", when=(USERINFO, offers("userinfo_signing_alg_values_supported", "RS256")))
def signed_userinfo(ctx: Context) -> None:
    """A client that registered it gets UserInfo as a JWT signed with RS256, with iss and aud."""
    rp = registered(ctx, userinfo_signed_response_alg="RS256")
    session = rp.sign_in()
    reply = rp.userinfo(session.access_token)
    ctx.expect_status("UserInfo", reply, 200)
    ctx.expect("media type of UserInfo", expected=JWT, actual=reply.media_type)
    token = read_token(reply.text, "UserInfo")
    ctx.expect("alg of UserInfo", expected="RS256", actual=token.header.get("alg"))
    signed = is_signed(token, rp.keys())
    ctx.require("signature of UserInfo", signed, expected="made with a key of jwks_uri", actual="does not verify")
    _told_to(ctx, rp, token.claims)
    ctx.expect("sub of UserInfo", expected=session.id_token.claims.get("sub"), actual=token.claims.get("sub"))


def _told_to(ctx: Context, rp: RelyingParty, claims: Mapping[str, Any]) -> None:
    ctx.expect("iss of UserInfo", expected=ctx.target.metadata.get("issuer"), actual=claims.get("iss"))
    aud = claims.get("aud")
    holds = rp.client.client_id in aud if isinstance(aud, list) else rp.client.client_id == aud
    ctx.require("aud of UserInfo", holds, expected=rp.client.client_id, actual=aud)
