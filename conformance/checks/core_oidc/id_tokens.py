"""What an ID token says, and how it is signed."""

import time
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from conformance.check import check
from conformance.checks.core_oidc.grants import refreshable, shown
from conformance.context import Context
from conformance.oidc.tokens import Token, half_hash, read_token, verifies
from conformance.text import Text

SKEW_S = 300
"""Greatest difference of clocks, in seconds. Source: OIDCC 3.1.3.7 leaves it open; the OIDF suite takes as much."""

LATEST_S = 100_000_000_000
"""Times from here on are no seconds since 1970 (year 5138) but milliseconds. Source: RFC 7519 2, NumericDate."""

LEAST_RSA_BITS = 2048
"""Source: RFC 7518 3.3."""

LONGEST_SUB = 255
"""Source: OIDCC 2."""

TEXTS = ("iss", "sub", "nonce", "acr", "azp", "at_hash", "c_hash", "sid", "jti")
"""Claims that are strings where they are there. Source: OIDCC 2, 3.3.2.11; RFC 7519 4.1; BCL 2.1."""


def is_number(value: object) -> bool:
    """Whether a JSON value is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


@check("OIDC-049")
def times_and_sub(ctx: Context) -> None:
    """The claims exp and iat are seconds, iat is now and exp later, and sub is a short ASCII string."""
    claims = ctx.rp.sign_in().id_token.claims
    now_s = time.time()
    for name in ("exp", "iat"):
        ctx.require(
            f"{name} of the ID token", is_number(claims.get(name)), expected="a number", actual=claims.get(name)
        )
    issued_s, ends_s = claims["iat"], claims["exp"]
    told = Text("iat of the ID token against the present time (s)", "IDトークンのiatと現在時刻(秒)")
    ctx.require(told, abs(issued_s - now_s) <= SKEW_S, expected=f"{now_s:.0f} ± {SKEW_S}", actual=issued_s)
    told = Text("exp of the ID token (s)", "IDトークンのexp(秒)")
    expected = f"after iat {issued_s} and the present {now_s:.0f}, below {LATEST_S}"
    ctx.require(told, max(issued_s, now_s) < ends_s < LATEST_S, expected=expected, actual=ends_s)
    sub = claims.get("sub")
    fits = isinstance(sub, str) and 0 < len(sub) <= LONGEST_SUB and sub.isascii()
    ctx.require("sub of the ID token", fits, expected=f"1 to {LONGEST_SUB} ASCII characters", actual=sub)


@check("OIDC-049", part="same")
def sub_is_the_persons(ctx: Context) -> None:
    """A person has the same sub at each sign-in at a client, and another person has another."""
    known = ctx.rp.sign_in().id_token.claims.get("sub")
    again = ctx.rp.sign_in().id_token.claims.get("sub")
    ctx.expect(Text("sub at the second sign-in", "2回目のサインインでのsub"), expected=known, actual=again)
    others = ctx.target.people[1:2]
    for person in others:
        other = ctx.rp.as_person(person).sign_in().id_token.claims.get("sub")
        told = Text("sub of another person", "別の人のsub")
        ctx.require(told, other != known, expected=f"other than {known}", actual=other)


@check("OIDC-085")
def types_of_claims(ctx: Context) -> None:
    """The other claims of an ID token are of the types that the standard gives them."""
    claims = ctx.rp.sign_in(max_age=3600, acr_values="1 2").id_token.claims
    for name in TEXTS[2:] if "sub" in claims else TEXTS:
        if name in claims:
            ctx.require(
                f"{name} of the ID token", isinstance(claims[name], str), expected="a string", actual=claims[name]
            )
    aud = claims.get("aud")
    ctx.require("aud of the ID token", _are_texts(aud), expected="a string or an array of strings", actual=aud)
    if "amr" in claims:
        amr = claims["amr"]
        fits = isinstance(amr, list) and _are_texts(amr)
        ctx.require("amr of the ID token", fits, expected="an array of strings", actual=amr)
    for name in {"auth_time", "nbf", "updated_at"} & set(claims):
        fits = is_number(claims[name]) and 0 <= claims[name] < LATEST_S
        ctx.require(f"{name} of the ID token", fits, expected="a number of seconds", actual=claims[name])
    if "auth_time" in claims:
        told = Text("auth_time of the ID token (s)", "IDトークンのauth_time(秒)")
        now_s = time.time() + SKEW_S
        ctx.require(told, claims["auth_time"] <= now_s, expected=f"at most {now_s:.0f}", actual=claims["auth_time"])


def _are_texts(value: object) -> bool:
    return isinstance(value, str) or (
        isinstance(value, list) and bool(value) and all(isinstance(one, str) for one in value)
    )


@check("OIDC-050")
def hash_of_the_access_token(ctx: Context) -> None:
    """at_hash is the left half of the hash of the access token that came with it."""
    session = ctx.rp.sign_in()
    token = session.id_token
    if "at_hash" not in token.claims:
        ctx.omit("the ID token has no at_hash, which is optional here", "IDトークンに at_hash がない(任意)")
    expected = half_hash(session.access_token, str(token.header.get("alg", "")))
    ctx.expect("at_hash", expected=expected, actual=token.claims["at_hash"])


@check("OIDC-051")
def signature_verifies(ctx: Context) -> None:
    """The signature of an ID token is made with a published key (or the client's secret, where that is registered)."""
    token = ctx.rp.sign_in().id_token
    keys = ctx.rp.keys()
    holds = is_signed(token, keys, ctx.rp.client.secret)
    told = Text("signature of the ID token", "IDトークンの署名")
    expected = "made with a key of jwks_uri"
    ctx.require(told, holds, expected=expected, actual=f"header {dict(token.header)} does not verify")
    for size in _rsa_sizes_bits(token, keys):
        told = Text("size of the key that the ID token names (bits)", "IDトークンの指す鍵の長さ(ビット)")
        ctx.require(told, size >= LEAST_RSA_BITS, expected=f"at least {LEAST_RSA_BITS}", actual=size)


def _rsa_sizes_bits(token: Token, keys: Mapping[str, Any]) -> list[int]:
    rows = [row for row in keys.get("keys", ()) if isinstance(row, dict) and isinstance(row.get("n"), str)]
    named = [row for row in rows if row.get("kid") == token.header.get("kid")]
    return [int.from_bytes(urlsafe_b64decode(row["n"] + "===")).bit_length() for row in named]


def is_signed(token: Token, keys: Mapping[str, Any], secret: str = "") -> bool:
    """Whether a token's signature holds; that of a symmetric algorithm with the client's secret (OIDCC 10.1)."""
    if not str(token.header.get("alg", "")).startswith("HS"):
        return verifies(token, keys)
    try:
        jws.deserialize_compact(token.text, OctKey.import_key(secret), algorithms=["HS256", "HS384", "HS512"])
    except (JoseError, ValueError):
        return False
    return True


@check("OIDC-047")
def refreshed_id_token(ctx: Context) -> None:
    """The ID token of a refresh is of the same issuer, person, client and authentication."""
    session = refreshable(ctx)
    before = session.id_token.claims
    reply = ctx.rp.refresh(session.refresh_token)
    if reply.status != 200:
        ctx.skip(f"the refresh failed: {shown(reply)}", f"更新できない: {shown(reply)}")
    if "id_token" not in reply.members:
        ctx.omit("the refresh gives no ID token, which is optional", "更新でIDトークンが出ない(任意)")
    after = read_token(reply.members["id_token"], "id_token").claims
    same = ["iss", "sub", "azp", *({"auth_time", "nonce"} & set(before) & set(after))]
    for name in same:
        ctx.expect(f"{name} after the refresh", expected=before.get(name), actual=after.get(name))
    missing = sorted(set(as_list(before.get("aud"))) - set(as_list(after.get("aud"))))
    ctx.require("aud after the refresh", not missing, expected=before.get("aud"), actual=after.get("aud"))
    if is_number(before.get("iat")) and is_number(after.get("iat")):
        issued_s = after["iat"]
        expected = f"{before['iat']} or later"
        ctx.require("iat after the refresh (s)", issued_s >= before["iat"], expected=expected, actual=issued_s)


def as_list(value: object) -> list[str]:
    """The values of a claim that is a string or an array of strings."""
    return [str(one) for one in value] if isinstance(value, list) else [str(value)] if value is not None else []
