"""Signing out: where the browser is sent, and what the request must say."""

import base64
import json
import time
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

from conformance.check import check
from conformance.context import Context
from conformance.oidc.browser import Arrival, Callback, Stop
from conformance.oidc.pages import Page
from conformance.oidc.relying_party import RelyingParty, Session, told
from conformance.oidc.signing_out import sign_out
from conformance.target import offers
from conformance.text import Text

LOGOUT = offers("end_session_endpoint")
RETURN = Text("after signing out the browser is back at the client", "サインアウトするとクライアントに戻る")


def registered_return(ctx: Context) -> str:
    """The registered address for after signing out.

    Raises:
        Unmet: The plan names none.
    """
    uris = ctx.rp.client.post_logout_redirect_uris
    if not uris:
        ctx.skip(
            "needs a registered address: set post_logout_redirect_uri of [client] in the plan",
            "登録済みの転送先が要る。計画の[client]にpost_logout_redirect_uriを設定する",
        )
    return uris[0]


def asked(rp: RelyingParty, session: Session, **changed: Any) -> dict[str, Any]:
    """A logout request with everything in its place; None leaves a parameter out."""
    right = {
        "id_token_hint": session.tokens.get("id_token"),
        "post_logout_redirect_uri": rp.client.post_logout_redirect_uris[0],
        "state": f"out-{session.request['state']}",
    }
    return {**right, **changed}


def returns(ctx: Context) -> None:
    """Positive control: a right request brings the browser back."""
    with ctx.control(RETURN):
        session = ctx.rp.sign_in()
        arrival = sign_out(ctx.rp, session.browser, asked(ctx.rp, session))
        ctx.require(RETURN, isinstance(arrival, Callback), expected=registered_return(ctx), actual=told(arrival))


def _strangers(uri: str, fresh: str) -> tuple[str, ...]:
    bare, mark, query = uri.partition("?")
    scheme, _, rest = bare.partition("://")
    host, _, path = rest.partition("/")
    more = f"{uri}&{fresh}=1" if mark else f"{uri}?{fresh}=1"
    return (
        f"https://{fresh}.example/{path}",
        more,
        f"{bare}/{fresh}{mark}{query}",
        f"{scheme}://{host}.{fresh}.example/{path}",
        f"{bare}{fresh}{mark}{query}",
    )


@check("OIDC-020", when=(LOGOUT,))
def unregistered_return(ctx: Context) -> None:
    """After signing out the browser is sent to no address but a registered one, character by character."""
    registered = registered_return(ctx)
    returns(ctx)
    for uri in _strangers(registered, "x" + ctx.fresh(4).lower().replace("_", "a").replace("-", "b")):
        session = ctx.rp.sign_in()
        arrival = sign_out(ctx.rp, session.browser, asked(ctx.rp, session, post_logout_redirect_uri=uri))
        seen = arrival.url if isinstance(arrival, Callback) else ""
        name = Text(f"post_logout_redirect_uri={uri}", f"post_logout_redirect_uri={uri}")
        holds = not seen.startswith(uri)
        ctx.refused(name, holds, expected="no redirect there", actual=seen or told(arrival))


@check("OIDC-057", when=(LOGOUT,))
def state_and_parameters(ctx: Context) -> None:
    """Signing out works by GET and POST, with and without parameters; state comes back as it was sent."""
    _without_parameters(ctx)
    registered_return(ctx)
    _with_state(ctx, "GET")
    _with_state(ctx, "POST")
    _without_state(ctx)


def _with_state(ctx: Context, method: str) -> None:
    session = ctx.rp.sign_in()
    state = f"{ctx.fresh()}.~- {ctx.fresh()}&="
    arrival = sign_out(ctx.rp, session.browser, asked(ctx.rp, session, state=state), method)
    back = Text(f"{method} with id_token_hint, address and state", f"{method}(ヒント・転送先・state付き)")
    ctx.require(back, isinstance(arrival, Callback), expected="back at the client", actual=told(arrival))
    if isinstance(arrival, Callback):
        ctx.expect(f"state after signing out by {method}", expected=state, actual=arrival.get("state"))


def _without_state(ctx: Context) -> None:
    session = ctx.rp.sign_in()
    arrival = sign_out(ctx.rp, session.browser, asked(ctx.rp, session, state=None))
    back = Text("a request without state", "state無しの要求")
    ctx.require(back, isinstance(arrival, Callback), expected="back at the client", actual=told(arrival))
    if isinstance(arrival, Callback):
        ctx.expect("state that was never sent", expected=None, actual=arrival.get("state"))


def _without_parameters(ctx: Context) -> None:
    for method, sent in (("GET", {}), ("GET", {"state": ctx.fresh()}), ("POST", {})):
        session = ctx.rp.sign_in()
        arrival = sign_out(ctx.rp, session.browser, sent, method)
        name = Text(f"{method} with {list(sent) or 'no parameter'}", f"{method}、パラメーターは{list(sent) or 'なし'}")
        ctx.require(name, _is_shown(arrival), expected="a page, status below 400", actual=told(arrival))


def _is_shown(arrival: Arrival) -> bool:
    return isinstance(arrival, Page) or (isinstance(arrival, Stop) and arrival.reply.status < 400)


@check("OIDC-086", "hint", when=(LOGOUT,))
def forged_hint(ctx: Context) -> None:
    """An ID token that the provider did not issue brings nobody back to a client."""
    registered_return(ctx)
    returns(ctx)
    for name, forge in (("alg none", _unsigned), ("a stranger's signature", _signed_by_a_stranger)):
        session = ctx.rp.sign_in()
        hint = forge(session.id_token.claims)
        if session.id_token.header.get("alg") == "none":
            ctx.skip("the provider's own ID tokens have alg none", "提供者自身のIDトークンがalg none")
        arrival = sign_out(ctx.rp, session.browser, asked(ctx.rp, session, id_token_hint=hint))
        holds = not isinstance(arrival, Callback)
        ctx.refused(
            Text(f"id_token_hint: {name}", f"id_token_hint: {name}"),
            holds,
            expected="no redirect",
            actual=told(arrival),
        )


@check("OIDC-086", "nobody", when=(LOGOUT,))
def nobody_asks(ctx: Context) -> None:
    """An address for after signing out alone, without hint and client, brings nobody there."""
    registered_return(ctx)
    returns(ctx)
    session = ctx.rp.sign_in()
    arrival = sign_out(ctx.rp, session.browser, asked(ctx.rp, session, id_token_hint=None))
    name = Text("post_logout_redirect_uri without id_token_hint and client_id", "id_token_hintもclient_idも無い転送先")
    ctx.refused(name, not isinstance(arrival, Callback), expected="no redirect", actual=told(arrival))


@check("OIDC-087", when=(LOGOUT,))
def hint_of_another_client(ctx: Context) -> None:
    """A client_id that is not the one of the ID token brings nobody back."""
    registered_return(ctx)
    other = ctx.second_rp.client.client_id
    with ctx.control(RETURN):
        session = ctx.rp.sign_in()
        right = asked(ctx.rp, session, client_id=ctx.rp.client.client_id)
        arrival = sign_out(ctx.rp, session.browser, right)
        ctx.require(RETURN, isinstance(arrival, Callback), expected="a redirect", actual=told(arrival))
    session = ctx.rp.sign_in()
    arrival = sign_out(ctx.rp, session.browser, asked(ctx.rp, session, client_id=other))
    name = Text("client_id of another client than the ID token's", "IDトークンと違うクライアントのclient_id")
    ctx.refused(name, not isinstance(arrival, Callback), expected="no redirect", actual=told(arrival))


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _unsigned(claims: Any) -> str:
    return f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(dict(claims))}."


def _signed_by_a_stranger(claims: Any) -> str:
    key = RSAKey.generate_key(2048)
    return jwt.encode(
        {"alg": "RS256", "kid": "stranger"}, {**claims, "exp": int(time.time()) + 600}, key, algorithms=["RS256"]
    )
