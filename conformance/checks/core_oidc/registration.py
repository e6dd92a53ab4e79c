"""Dynamic registration: which clients are registered, and who may read and remove them."""

from typing import Any

from conformance.check import check
from conformance.checks.core_oidc.own_clients import registered
from conformance.context import Context
from conformance.survey import REGISTERED_REDIRECT
from conformance.target import of_city_os, offers
from conformance.text import Text
from conformance.wire import Reply

REGISTRATION = offers("registration_endpoint")
RIGHT = Text("a right registration", "正しい登録")
ERRORS = (
    "invalid_redirect_uri",
    "invalid_client_metadata",
    "invalid_software_statement",
    "unapproved_software_statement",
)
"""Source: RFC 7591 3.2.2."""


def asked(ctx: Context, **changed: Any) -> Reply:
    """A registration, right but for what is changed; None leaves a member out. What was registered is removed again."""
    right: dict[str, Any] = {
        "client_name": "citytwin conformance suite",
        "redirect_uris": [REGISTERED_REDIRECT],
        "grant_types": ["authorization_code"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "client_secret_basic",
    }
    body = {name: value for name, value in {**right, **changed}.items() if value is not None}
    reply = ctx.wire.send("POST", ctx.rp.endpoint("registration_endpoint"), json_body=body)
    _forget(ctx, reply)
    return reply


def _forget(ctx: Context, reply: Reply) -> None:
    uri, token = (reply.members.get(name) for name in ("registration_client_uri", "registration_access_token"))
    if isinstance(uri, str) and isinstance(token, str):
        ctx.afterwards(lambda: ctx.wire.send("DELETE", uri, headers={"authorization": f"Bearer {token}"}))


def is_registered(ctx: Context, **changed: Any) -> None:
    """Positive control: a right registration is taken."""
    with ctx.control(RIGHT):
        reply = asked(ctx, **changed)
        ctx.require(
            RIGHT, "client_id" in reply.members, expected="a client_id", actual=f"{reply.status} {reply.text[:160]}"
        )


def refused(ctx: Context, what: Text, reply: Reply) -> None:
    """Demand that a registration was refused as RFC 7591 3.2.2 says."""
    actual = f"{reply.status} {reply.text[:160]}"
    ctx.refused(what, "client_id" not in reply.members, expected="no client", actual=actual)
    ctx.refused_status(what, reply, 400)
    ctx.refused(what, reply.members.get("error") in ERRORS, expected=f"error, one of {ERRORS}", actual=actual)


@check("OIDC-066", when=(REGISTRATION,))
def faulty_metadata(ctx: Context) -> None:
    """Redirect URIs with a fragment, none at all, or something else than a list of them are refused."""
    is_registered(ctx)
    faults: dict[str, Any] = {
        "redirect_uris with a fragment": [f"{REGISTERED_REDIRECT}#part"],
        "a second redirect URI with a fragment": [REGISTERED_REDIRECT, f"{REGISTERED_REDIRECT}/2#x"],
        "no redirect_uris": None,
        "empty redirect_uris": [],
        "redirect_uris that is a string": REGISTERED_REDIRECT,
        "a relative redirect URI": ["/callback"],
    }
    for name, value in faults.items():
        refused(ctx, Text(f"registration with {name}", f"誤った登録: {name}"), asked(ctx, redirect_uris=value))


@check("OIDC-093", when=(of_city_os, REGISTRATION))
def without_tls(ctx: Context) -> None:
    """A redirect URI without https, at another host than the person's device, is refused."""
    is_registered(ctx)
    for uri in (
        "http://rp.citytwin.example/callback",
        "http://192.0.2.1/callback",
        "http://localhost.citytwin.example/cb",
    ):
        refused(ctx, Text(f"registration with {uri}", f"登録 {uri}"), asked(ctx, redirect_uris=[uri]))


@check("OIDC-090", when=(REGISTRATION,))
def unknown_members(ctx: Context) -> None:
    """Members that the provider does not know, and addresses for the person, hinder no registration."""
    is_registered(ctx)
    reply = asked(
        ctx,
        logo_uri="https://rp.citytwin.example/logo.png",
        policy_uri="https://rp.citytwin.example/policy",
        tos_uri="https://rp.citytwin.example/terms",
        client_uri="https://rp.citytwin.example/",
        contacts=["office@citytwin.example"],
        **{"client_name#ja": "適合試験", f"citytwin_{ctx.fresh(4)}": {"any": [1, None]}},
    )
    ctx.expect_status(Text("a registration with unknown members", "知らない項目のある登録"), reply, 201, 200)
    ctx.expect("redirect_uris registered", expected=[REGISTERED_REDIRECT], actual=reply.members.get("redirect_uris"))


@check("OIDC-091", when=(REGISTRATION, offers("subject_types_supported", "pairwise")))
def sector_without_a_document(ctx: Context) -> None:
    """A sector_identifier_uri at which no list of redirect URIs can be read is refused."""
    is_registered(ctx, subject_type="pairwise")
    uri = f"https://{ctx.fresh(4).lower().replace('_', 'a').replace('-', 'b')}.citytwin.example/sector.json"
    what = Text("a sector_identifier_uri without a document", "文書の無いsector_identifier_uri")
    reply = asked(ctx, subject_type="pairwise", sector_identifier_uri=uri)
    ctx.refused(
        what, "client_id" not in reply.members, expected="no client", actual=f"{reply.status} {reply.text[:160]}"
    )


@check("OIDC-077", when=(REGISTRATION,))
def only_with_its_token(ctx: Context) -> None:
    """A client is read with its own registration token, with no other, and not after it was removed."""
    rp = registered(ctx)
    uri, token = rp.client.registration_uri, rp.client.registration_token
    if not uri or not token:
        ctx.omit("registered clients have no address of their own", "登録後のクライアントを扱うアドレスがない(任意)")
    other = registered(ctx).client.registration_token
    what = Text("a client read with its token", "登録用トークンでの読み出し")
    with ctx.control(what):
        reply = _read(ctx, uri, token)
        ctx.expect_status(what, reply, 200)
        ctx.expect("client_id", expected=rp.client.client_id, actual=reply.members.get("client_id"))
    for name, wrong in (("another client's token", other), ("a made-up token", ctx.fresh(24)), ("no token", "")):
        for method in ("GET", "DELETE"):
            headers = {"authorization": f"Bearer {wrong}"} if wrong else {}
            reply = ctx.wire.send(method, uri, headers=headers)
            seen = Text(f"{method} of a client with {name}", f"{method}、{name}")
            ctx.refused_status(seen, reply, 400, 401, 403)
    ctx.expect_status(Text("the client afterwards", "その後のクライアント"), _read(ctx, uri, token), 200)
    _removed(ctx, uri, token)


def _read(ctx: Context, uri: str, token: str) -> Reply:
    return ctx.wire.send("GET", uri, headers={"authorization": f"Bearer {token}", "accept": "application/json"})


def _removed(ctx: Context, uri: str, token: str) -> None:
    reply = ctx.wire.send("DELETE", uri, headers={"authorization": f"Bearer {token}"})
    if reply.status in (403, 404, 405, 501):
        return
    ctx.expect_status(Text("DELETE of a client with its token", "登録用トークンでの削除"), reply, 204)
    gone = Text("a client that was removed", "削除されたクライアント")
    ctx.expect_status(gone, _read(ctx, uri, token), 401, 403, 404)
