"""The claims parameter: claims asked for one by one."""

import json
from typing import Any

from conformance.check import check
from conformance.checks.core_oidc.grants import attempt, code_of, is_issued, rp_verifier, seen, shown, works
from conformance.context import Context
from conformance.text import Text


def _wanted(made_up: str) -> dict[str, dict[str, Any]]:
    return {
        "name as essential for UserInfo": {"userinfo": {"name": {"essential": True}}},
        "a made-up claim as essential": {"userinfo": {made_up: {"essential": True}}},
        "a made-up claim of certain values": {
            "userinfo": {made_up: {"values": ["a", "b"]}},
            "id_token": {made_up: None},
        },
        "claims of both places": {"userinfo": {"email": None}, "id_token": {"name": {"essential": True}}},
        "a place that nobody knows": {"citytwin": {"name": None}, "userinfo": {"name": None}},
    }


@check("OIDC-064")
def claims_that_are_not_there(ctx: Context) -> None:
    """Claims that are asked for and are not there, essential or not, hinder neither sign-in nor UserInfo."""
    with ctx.control(Text("a sign-in without the parameter", "パラメーターの無いサインイン")):
        token = ctx.rp.sign_in().access_token
    answers = bool(ctx.target.endpoint("userinfo_endpoint")) and works(ctx.rp, token)
    for name, claims in _wanted(f"citytwin_{ctx.fresh(4)}").items():
        what = Text(f"claims parameter: {name}", f"claimsパラメーター: {name}")
        arrival = attempt(ctx.rp, claims=json.dumps(claims))
        code = code_of(arrival)
        ctx.require(what, code, expected="a code", actual=seen(arrival))
        reply = ctx.rp.redeem(str(code), rp_verifier())
        ctx.require(what, is_issued(reply), expected="tokens", actual=shown(reply))
        if answers:
            ctx.expect_status(what, ctx.rp.userinfo(reply.members["access_token"]), 200)
