"""Whether the token endpoint believes anybody who says to be a client."""

import base64

from conformance.check import check
from conformance.checks.core_oidc.grants import client_by, is_issued, shown
from conformance.context import Context
from conformance.oidc.relying_party import RelyingParty, basic
from conformance.wire import Reply


def encoded_wholly(text: str) -> str:
    """A text with every byte percent-encoded; form decoding gives the text again. Source: RFC 6749 appendix B."""
    return "".join(f"%{byte:02X}" for byte in text.encode())


@check("OIDC-039", part="basic")
def wrong_basic_secret(ctx: Context) -> None:
    """A wrong secret in the Authorization header is refused with 401, invalid_client and a challenge."""
    rp = client_by(ctx, "client_secret_basic")
    code, verifier = _code(rp)
    name, secret = rp.client.client_id, rp.client.secret
    wrong = {f"{what} secret": (name, one) for what, one in _wrong_secrets(secret).items()}
    wrong["an unknown client"] = (ctx.fresh(), secret)
    replies = {what: _redeem(rp, code, verifier, authorization=basic(*pair)) for what, pair in wrong.items()}
    _expect_redeemed(ctx, rp, code, verifier)
    for what, reply in replies.items():
        _refuse(ctx, what, reply, 401)
        scheme = reply.header("www-authenticate").partition(" ")[0].lower()
        ctx.refused(f"WWW-Authenticate for {what}", scheme == "basic", expected="Basic", actual=scheme or "none")


@check("OIDC-039", part="post")
def wrong_posted_secret(ctx: Context) -> None:
    """A wrong secret in the form is refused with invalid_client."""
    rp = client_by(ctx, "client_secret_post")
    code, verifier = _code(rp)
    name, secret = rp.client.client_id, rp.client.secret
    wrong = {
        f"{what} secret": {"client_id": name, "client_secret": one} for what, one in _wrong_secrets(secret).items()
    }
    wrong["an unknown client"] = {"client_id": ctx.fresh(), "client_secret": secret}
    replies = {what: _redeem(rp, code, verifier, **form) for what, form in wrong.items()}
    _expect_redeemed(ctx, rp, code, verifier)
    for what, reply in replies.items():
        _refuse(ctx, what, reply, 400, 401)


@check("OIDC-039", part="none")
def no_secret_at_all(ctx: Context) -> None:
    """A client that has a secret is refused where it does not send one."""
    rp = ctx.rp
    if rp.client.auth_method == "none":
        ctx.omit("the client has no secret", "クライアントに秘密がない")
    code, verifier = _code(rp)
    reply = _redeem(rp, code, verifier, client_id=rp.client.client_id)
    _expect_redeemed(ctx, rp, code, verifier)
    ctx.refused("no authentication", not is_issued(reply), expected="no token", actual=shown(reply))
    ctx.refused_status("no authentication", reply, 400, 401)


@check("OIDC-044")
def basic_is_decoded(ctx: Context) -> None:
    """Identifier and secret with every byte percent-encoded are taken as they are without."""
    rp = client_by(ctx, "client_secret_basic")
    with ctx.control("identifier and secret are taken as they usually are"):
        rp.sign_in()
    code, verifier = _code(rp)
    pair = f"{encoded_wholly(rp.client.client_id)}:{encoded_wholly(rp.client.secret)}"
    reply = _redeem(rp, code, verifier, authorization="Basic " + base64.b64encode(pair.encode()).decode())
    ctx.require("percent-encoded credentials", is_issued(reply), expected="a token", actual=shown(reply))


def _wrong_secrets(secret: str) -> dict[str, str]:
    """Secrets that are nearly the right one."""
    near = {"a wrong": f"{secret}x", "a shortened": secret[:-1], "a swapped-case": secret.swapcase()}
    return {what: one for what, one in near.items() if one not in ("", secret)}


def _code(rp: RelyingParty) -> tuple[str, str]:
    _, verifier, callback = rp.grant()
    return str(callback.get("code")), verifier


def _redeem(rp: RelyingParty, code: str, verifier: str, *, authorization: str = "", **form: str) -> Reply:
    """A code at the token endpoint with an authentication of one's own."""
    headers = {"accept": "application/json"} | ({"authorization": authorization} if authorization else {})
    asked = {"grant_type": "authorization_code", "code": code, "redirect_uri": rp.client.redirect_uri}
    url = rp.endpoint("token_endpoint")
    return rp.wire.send("POST", url, headers=headers, form={**asked, "code_verifier": verifier, **form})


def _expect_redeemed(ctx: Context, rp: RelyingParty, code: str, verifier: str) -> None:
    """The control: the client's own secret redeems the code, or one of the wrong ones did so before."""
    reply = rp.redeem(code, verifier)
    with ctx.control("the client with its own secret is let in"):
        known = reply.members.get("error") != "invalid_client"
        ctx.require("token response", is_issued(reply) or known, expected="a token", actual=shown(reply))


def _refuse(ctx: Context, what: str, reply: Reply, *statuses: int) -> None:
    ctx.refused(what, not is_issued(reply), expected="no token", actual=shown(reply))
    ctx.refused_status(what, reply, *statuses)
    error = reply.members.get("error")
    ctx.refused(f"error for {what}", error == "invalid_client", expected="invalid_client", actual=error)
