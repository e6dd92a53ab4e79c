"""Request objects: an authorization request as a JSON Web Token, by value and by reference."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from joserfc import jwt
from joserfc.jwk import OctKey

from conformance.check import check
from conformance.checks.core_oidc.grants import attempt, code_of, is_issued, rp_verifier, seen
from conformance.context import Context
from conformance.oidc.browser import Arrival, Callback, Stop
from conformance.oidc.relying_party import RelyingParty
from conformance.oidc.tokens import read_token
from conformance.target import offers
from conformance.text import Text

NOT_TAKEN = ("invalid_request_object", "invalid_request", "invalid_request_uri")
"""Errors of a provider that takes request objects, but not this one. Source: OIDCC 3.1.2.6."""


def request_object(rp: RelyingParty, **changed: Any) -> dict[str, Any]:
    """What a request object says, beside what stands in the query."""
    client_id = rp.client.client_id
    audience = rp.target.metadata.get("issuer", rp.target.issuer)
    return {**rp.request(rp_verifier(), **changed), "iss": client_id, "aud": audience}


def unsigned(claims: Mapping[str, Any]) -> str:
    """A JWT with alg none."""
    head, payload = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in ({"alg": "none", "typ": "oauth-authz-req+jwt"}, dict(claims))
    )
    return f"{head}.{payload}."


@check("OIDC-063", "request")
def object_by_value(ctx: Context) -> None:
    """An unsigned request object is heard, its nonce before the query's, or refused with request_not_supported."""
    _control(ctx)
    nonce = ctx.fresh()
    claims = request_object(ctx.rp, nonce=nonce)
    arrival = attempt(ctx.rp, request=unsigned(claims), state=claims["state"])
    supported = ctx.target.metadata.get("request_parameter_supported")
    errors = ("request_not_supported", *(NOT_TAKEN if supported else ()))
    what = Text("an unsigned request object by value", "署名の無いリクエストオブジェクト(値渡し)")
    if code_of(arrival) is not None:
        _heard(ctx, what, str(code_of(arrival)), nonce)
        return
    ctx.refused(what, _is_refusal(arrival, errors), expected=f"handled, or one of {errors}", actual=seen(arrival))


@check("OIDC-063", "request_uri")
def object_by_reference(ctx: Context) -> None:
    """A request object by a reference that leads nowhere is refused, not passed over."""
    _control(ctx)
    arrival = attempt(ctx.rp, request_uri=f"https://rp.citytwin.example/request/{ctx.fresh()}")
    errors = ("request_uri_not_supported", *NOT_TAKEN)
    what = Text("a request_uri that leads nowhere", "行き先の無いrequest_uri")
    ctx.refused(what, _is_refusal(arrival, errors), expected=f"one of {errors}", actual=seen(arrival))


def _control(ctx: Context) -> None:
    what = Text("the same request without a request object", "リクエストオブジェクトの無い同じ要求")
    with ctx.control(what):
        arrival = attempt(ctx.rp)
        ctx.require(what, code_of(arrival), expected="a code", actual=seen(arrival))


def _is_refusal(arrival: Arrival | None, errors: tuple[str, ...]) -> bool:
    if isinstance(arrival, Stop):
        return arrival.reply.status >= 400
    return isinstance(arrival, Callback) and arrival.get("error") in errors


def _heard(ctx: Context, what: Text, code: str, nonce: str) -> None:
    reply = ctx.rp.redeem(code, rp_verifier())
    if not is_issued(reply) or "id_token" not in reply.members:
        ctx.skip("the code was not redeemed", "コードが引き換えられない")
    told = read_token(reply.members["id_token"], "id_token").claims.get("nonce")
    ctx.refused(what, told == nonce, expected=f"nonce {nonce} of the object, or an error", actual=told)


@check("OIDC-092", when=(offers("request_parameter_supported"),))
def wrong_signature(ctx: Context) -> None:
    """A request object signed with another secret than the client's is refused."""
    algorithms = ctx.target.metadata.get("request_object_signing_alg_values_supported", ())
    secret = ctx.rp.client.secret
    if "HS256" not in algorithms or not secret:
        ctx.omit("no request objects signed with a client's secret", "クライアントの秘密による署名を扱わない")
    what = Text(
        "a request object signed with the client's secret", "クライアントの秘密で署名したリクエストオブジェクト"
    )
    with ctx.control(what):
        arrival = attempt(ctx.rp, request=_signed(ctx.rp, secret))
        ctx.require(what, code_of(arrival), expected="a code", actual=seen(arrival))
    arrival = attempt(ctx.rp, request=_signed(ctx.rp, ctx.fresh(32)))
    what = Text("a request object signed with another secret", "別の秘密で署名したリクエストオブジェクト")
    ctx.refused(what, code_of(arrival) is None, expected="invalid_request_object", actual=seen(arrival))


def _signed(rp: RelyingParty, secret: str) -> str:
    return jwt.encode({"alg": "HS256"}, request_object(rp), OctKey.import_key(secret), algorithms=["HS256"])
