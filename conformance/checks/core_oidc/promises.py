"""Whether what the metadata promise works."""

import json
from collections.abc import Sequence
from typing import Any

from conformance.accounts import ClientAccount
from conformance.check import check
from conformance.checks.core_oidc.discovery import read_metadata
from conformance.checks.core_oidc.grants import attempt, code_of, is_issued, rp_verifier, seen, shown, signs_people_in
from conformance.context import Context
from conformance.oidc.browser import Callback
from conformance.oidc.relying_party import told
from conformance.target import offers

NO_TOKEN_GRANTS = ("implicit",)
"""Grant types that the token endpoint does not serve. Source: RFC 7591 2."""

MODES = ("query", "fragment", "form_post")
"""Response modes that bring a code as it is. Source: OAuth 2.0 Multiple Response Types 2.1, Form Post 1."""

ENDPOINTS = {
    "token_endpoint": "POST",
    "userinfo_endpoint": "GET",
    "introspection_endpoint": "POST",
    "revocation_endpoint": "POST",
    "pushed_authorization_request_endpoint": "POST",
    "device_authorization_endpoint": "POST",
    "jwks_uri": "GET",
    "end_session_endpoint": "GET",
}
"""Endpoints and the method that each must know. Source: OIDCD 3, RFC 8414 2, RFC 9126 5, RFC 8628 4."""

NOT_THERE = (404, 405, 410, 501)
"""Statuses of an address at which there is nothing for a method."""


@check("OIDC-028", part="grants", when=(offers("grant_types_supported"),))
def grants_are_known(ctx: Context) -> None:
    """No grant type of the metadata is called unsupported by the token endpoint."""
    for name in _listed(ctx, "grant_types_supported"):
        if name not in NO_TOKEN_GRANTS:
            error = ctx.rp.token(grant_type=name).members.get("error")
            known = error != "unsupported_grant_type"
            ctx.require(f"error of a request with grant_type={name}", known, expected="another error", actual=error)


@check("OIDC-028", part="response_types")
def response_types_are_known(ctx: Context) -> None:
    """No response type of the metadata is called unsupported, and code, with which people sign in, is among them."""
    listed = _listed(ctx, "response_types_supported")
    ctx.rp.grant()
    # Where there is no list, OIDC-002 says so.
    named = "code" in listed or not listed
    ctx.require("response_types_supported", named, expected="holds code, which works", actual=listed)
    for name in listed:
        arrival = attempt(ctx.rp, response_type=name, prompt="none")
        error = arrival.get("error") if isinstance(arrival, Callback) else None
        known = error != "unsupported_response_type"
        ctx.require(f"error of a request with response_type={name}", known, expected="another", actual=error)


@check("OIDC-028", part="response_modes", when=(offers("response_modes_supported"),))
def response_modes_work(ctx: Context) -> None:
    """A code comes by each response mode of the metadata that brings it as it is, and in that mode."""
    browser = ctx.rp.new_browser()
    with ctx.control("a code comes where no response mode is named"):
        ctx.rp.grant(browser)
    listed = [name for name in _listed(ctx, "response_modes_supported") if name in MODES]
    if not listed:
        ctx.omit("no response mode that the suite knows is listed", "検査できるresponse_modeがない")
    for name in listed:
        end = ctx.rp.authorize(ctx.rp.request(rp_verifier(), response_mode=name), browser)
        ctx.require(f"a request with response_mode={name}", code_of(end), expected="a code", actual=told(end))
        if isinstance(end, Callback):
            ctx.expect("mode of the callback", expected=name, actual=_mode_of(end))


@check("OIDC-028", part="challenges", when=(offers("code_challenge_methods_supported"),))
def challenge_methods_work(ctx: Context) -> None:
    """Codes of requests with each challenge method of the metadata are redeemed with the verifier."""
    listed = [name for name in _listed(ctx, "code_challenge_methods_supported") if name in ("S256", "plain")]
    if not listed:
        ctx.omit("no challenge method that the suite knows is listed", "検査できるcode_challenge_methodがない")
    with ctx.control("a request of the suite's usual kind is taken"):
        ctx.rp.sign_in()
    for name in listed:
        changed: dict[str, Any] = {"code_challenge": rp_verifier()} if name == "plain" else {}
        arrival = attempt(ctx.rp, code_challenge_method=name, **changed)
        ctx.require(f"a request with {name}", code_of(arrival), expected="a code", actual=seen(arrival))
        reply = ctx.rp.redeem(str(code_of(arrival)), rp_verifier())
        ctx.require(f"a redemption with {name}", is_issued(reply), expected="a token", actual=shown(reply))


@check("OIDC-028", part="claims", when=(offers("claims_parameter_supported"),))
def claims_parameter_is_taken(ctx: Context) -> None:
    """A request with the claims parameter brings a code, since the metadata offer it."""
    browser = ctx.rp.new_browser()
    with ctx.control("a request without claims is taken"):
        ctx.rp.grant(browser)
    wanted = json.dumps({"userinfo": {"name": None}, "id_token": {"auth_time": None}})
    end = ctx.rp.authorize(ctx.rp.request(rp_verifier(), claims=wanted), browser)
    ctx.require("a request with claims", code_of(end), expected="a code", actual=told(end))


@check("OIDC-028", part="endpoints")
def endpoints_are_there(ctx: Context) -> None:
    """Every endpoint of the metadata knows the method that it is called by."""
    metadata = read_metadata(ctx).members
    for name, method in ENDPOINTS.items():
        url = metadata.get(name)
        if isinstance(url, str):
            reply = ctx.wire.send(method, url, form={} if method == "POST" else None)
            there = reply.status not in NOT_THERE
            ctx.require(f"{method} at the {name}", there, expected="an answer of the endpoint", actual=reply.status)


@check("OIDC-028", part="authentication")
def authentication_methods_work(ctx: Context) -> None:
    """The suite's clients are let in by the methods they registered, and these are in the metadata."""
    with ctx.control("somebody can sign in"):
        ctx.rp.sign_in()
    listed = _listed(ctx, "token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    clients = {one.auth_method: one for one in reversed(_clients(ctx))}
    for method, account in clients.items():
        error = ctx.rp.as_client(account).redeem(ctx.fresh(32), ctx.fresh(48)).members.get("error")
        ctx.require(f"a client by {method}", error != "invalid_client", expected="let in", actual=error)
        named = method in listed or method == "none"
        ctx.require("authentication methods", named, expected=f"hold {method}, which works", actual=listed)


@check("OIDC-028", part="algorithms")
def algorithm_is_listed(ctx: Context) -> None:
    """The algorithm of ID tokens is in the metadata."""
    listed = _listed(ctx, "id_token_signing_alg_values_supported")
    alg = ctx.rp.sign_in().id_token.header.get("alg")
    # RS256 must be listed in any case (OIDC-027), and none is judged by OIDC-009.
    known = alg in (*listed, "RS256", "none")
    ctx.require("alg of the ID token", known, expected=f"one of {listed}", actual=alg)


def _clients(ctx: Context) -> list[ClientAccount]:
    """The suite's clients that sign people in."""
    known = [ctx.target.client, ctx.target.second_client, *ctx.target.accounts]
    return [one for one in known if one and signs_people_in(one)]


def _listed(ctx: Context, name: str) -> Sequence[str]:
    """A list of the metadata; empty where it is none, which OIDC-002 judges."""
    found = read_metadata(ctx).members.get(name)
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


def _mode_of(callback: Callback) -> str:
    """The response mode by which a callback came."""
    if "code=" in callback.url.partition("#")[2]:
        return "fragment"
    return "query" if "code=" in callback.url else "form_post"
