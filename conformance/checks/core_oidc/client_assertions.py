"""Client assertions: what a client proves with its key (private_key_jwt), and what does not prove it."""

from dataclasses import replace
from typing import Any

from joserfc.jwk import ECKey

from conformance.check import check
from conformance.checks.core_oidc.own_clients import registered
from conformance.context import Context
from conformance.oidc.relying_party import ASSERTION_TYPE, RelyingParty
from conformance.target import offers
from conformance.text import Text
from conformance.wire import Reply

PRIVATE_KEY_JWT = "private_key_jwt"


def key_client(ctx: Context) -> RelyingParty:
    """A client whose private key the suite has: of the plan, of the sandbox, or registered with a fresh key.

    Raises:
        NotApplicable: There is none.
    """
    for account in (ctx.target.client, ctx.target.second_client, *ctx.target.accounts):
        if account is not None and account.auth_method == PRIVATE_KEY_JWT and account.private_jwk:
            return ctx.rp.as_client(account)
    key = ECKey.generate_key("P-256", parameters={"kid": ctx.fresh(6), "use": "sig", "alg": "ES256"})
    wanted = {
        "token_endpoint_auth_method": PRIVATE_KEY_JWT,
        "token_endpoint_auth_signing_alg": "ES256",
        "jwks": {"keys": [key.as_dict(private=False)]},
    }
    rp = registered(ctx, **wanted)
    return rp.as_client(replace(rp.client, auth_method=PRIVATE_KEY_JWT, private_jwk=key.as_dict(private=True)))


def proven(rp: RelyingParty, assertion: str, code: str) -> Reply:
    """A made-up code with an assertion: invalid_grant tells that the client proved itself, invalid_client that not."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": rp.client.redirect_uri,
        "code_verifier": "citytwin-" * 6,
        "client_id": rp.client.client_id,
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
    }
    return rp.wire.send("POST", rp.endpoint("token_endpoint"), headers={"accept": "application/json"}, form=form)


@check("OIDC-067", when=(offers("token_endpoint_auth_methods_supported", PRIVATE_KEY_JWT),))
def wrong_assertions(ctx: Context) -> None:
    """An assertion with another audience, expired, without jti, of another signer, or used before proves nothing."""
    rp = key_client(ctx)
    what = Text("a right client assertion", "正しいクライアント表明")
    assertion = rp.assertion()
    with ctx.control(what):
        reply = proven(rp, assertion, ctx.fresh())
        error = reply.members.get("error")
        ctx.require(
            what, error == "invalid_grant", expected="invalid_grant for a made-up code", actual=reply.text[:160]
        )
    _refused(ctx, Text("the same assertion again", "同じ表明の二度目"), proven(rp, assertion, ctx.fresh()))
    faults: dict[str, dict[str, Any]] = {
        "another audience": {"aud": "https://other.example/token"},
        "no aud": {"aud": None},
        "expired": {"iat": 1_700_000_000, "exp": 1_700_000_060},
        "no exp": {"exp": None},
        "no jti": {"jti": None},
        "another iss": {"iss": ctx.fresh()},
        "another sub": {"sub": ctx.fresh()},
    }
    for name, changed in faults.items():
        told = Text(f"a client assertion with {name}", f"クライアント表明: {name}")
        _refused(ctx, told, proven(rp, rp.assertion(**changed), ctx.fresh()))
    stranger = ECKey.generate_key("P-256", parameters={"kid": rp.client.private_jwk.get("kid", "x")})
    other = rp.as_client(replace(rp.client, private_jwk=stranger.as_dict(private=True)))
    told = Text("a client assertion signed with another key", "別の鍵で署名したクライアント表明")
    _refused(ctx, told, proven(rp, other.assertion(), ctx.fresh()))


def _refused(ctx: Context, what: Text, reply: Reply) -> None:
    """Demand that the client did not prove itself: invalid_client, or invalid_request where names contradict."""
    holds = 400 <= reply.status < 500 and reply.members.get("error") in ("invalid_client", "invalid_request")
    ctx.refused(what, holds, expected="invalid_client", actual=f"{reply.status} {reply.text[:160]}")
