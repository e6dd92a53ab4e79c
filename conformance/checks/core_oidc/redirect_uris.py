"""Where the provider sends people back to."""

from typing import Any
from urllib.parse import urlsplit

from conformance.check import check
from conformance.checks.core_oidc.grants import attempt, code_of, is_issued, rp_verifier, seen, shown
from conformance.context import Context
from conformance.oidc.browser import Arrival, Callback
from conformance.target import Target, of_city_os, offers
from conformance.text import Text


def wrong_uris(uri: str) -> dict[str, str]:
    """Addresses that are nearly a registered one."""
    parts = urlsplit(uri)
    bare = uri.partition("?")[0]
    rest = uri.partition("://")[2].partition("/")[2]
    return {
        "another host": f"https://attacker.citytwin.example/{rest}",
        "the registered host as a user name": f"https://{parts.netloc}@attacker.citytwin.example/{rest}",
        "a host that ends otherwise": f"{parts.scheme}://{parts.netloc}.citytwin.example/{rest}",
        "another path": f"{parts.scheme}://{parts.netloc}/citytwin-elsewhere",
        "a longer path": f"{bare}x",
        "a slash at the end": f"{bare}/",
        "a path in capitals": f"{parts.scheme}://{parts.netloc}{parts.path.upper()}",
        "an added query": f"{uri}{'&' if parts.query else '?'}citytwin=1",
        "a fragment": f"{uri}#citytwin",
    }


def several_uris(target: Target) -> Text | None:
    """A condition: the client registered more than one redirect URI."""
    several = target.client is not None and len(target.client.redirect_uris) > 1
    text = Text("the client has one redirect URI only", "クライアントのredirect_uriが一つだけ")
    return None if several else text


@check("OIDC-006", part="unregistered")
def only_registered_ones(ctx: Context) -> None:
    """Nobody is sent to an address that differs from the registered ones."""
    with ctx.control("the registered redirect URI is taken"):
        ctx.rp.grant()
    registered = ctx.rp.client.redirect_uris
    for what, uri in wrong_uris(ctx.rp.client.redirect_uri).items():
        if uri not in registered:
            arrival = attempt(ctx.rp, redirect_uri=uri)
            ctx.refused(
                f"redirect_uri with {what}", not went_to(arrival, uri), expected="an error page", actual=seen(arrival)
            )
    _not_even_with_errors(ctx, wrong_uris(ctx.rp.client.redirect_uri)["another host"])


def _not_even_with_errors(ctx: Context, uri: str) -> None:
    """A request that is faulty otherwise leads nowhere either: an error sent there redirects anybody anywhere."""
    faulty: dict[str, dict[str, Any]] = {
        "and a made-up response_type": {"response_type": "citytwin"},
        "and prompt=none": {"prompt": "none"},
        "and no scope": {"scope": None},
        "of an unknown client": {"client_id": ctx.fresh()},
    }
    for what, changed in faulty.items():
        arrival = attempt(ctx.rp, **{"redirect_uri": uri, **changed})
        ctx.refused(
            f"an unregistered redirect_uri {what}",
            not went_to(arrival, uri),
            expected="an error page",
            actual=seen(arrival),
        )


@check("OIDC-006", part="registered", when=(several_uris,))
def every_registered_one(ctx: Context) -> None:
    """Each redirect URI of the client works, its query included; where there are several, one must be named."""
    for uri in [one for one in ctx.rp.client.redirect_uris if one.startswith("http")]:
        _, verifier, callback = ctx.rp.grant(redirect_uri=uri)
        kept = callback.url.startswith(uri)
        ctx.require(
            "address of the callback", kept, expected=f"begins with {uri}", actual=callback.url.partition("code=")[0]
        )
        reply = ctx.rp.redeem(str(callback.get("code")), verifier, redirect_uri=uri)
        with ctx.control("the code is redeemed"):
            ctx.require("token response", is_issued(reply), expected="a token", actual=shown(reply))
    for uri in [f"{one}x" for one in ctx.rp.client.redirect_uris if urlsplit(one).query]:
        arrival = attempt(ctx.rp, redirect_uri=uri)
        ctx.refused("another query", not went_to(arrival, uri), expected="an error page", actual=seen(arrival))
    arrival = attempt(ctx.rp, redirect_uri=None)
    ctx.refused(
        "no redirect_uri, with several", code_of(arrival) is None, expected="an error page", actual=seen(arrival)
    )


@check("OIDC-006", part="pushed", when=(of_city_os, offers("pushed_authorization_request_endpoint")))
def pushed_requests_too(ctx: Context) -> None:
    """A pushed request with an address that is not registered is refused."""
    request = ctx.rp.request(rp_verifier())
    reply = ctx.rp.push(request)
    with ctx.control("a pushed request with a registered one is taken"):
        ctx.expect_status("pushed request", reply, 201)
    for what, uri in wrong_uris(ctx.rp.client.redirect_uri).items():
        if uri not in ctx.rp.client.redirect_uris:
            reply = ctx.rp.push({**request, "redirect_uri": uri})
            ctx.refused(
                f"pushed redirect_uri with {what}",
                "request_uri" not in reply.members,
                expected="an error",
                actual=reply.status,
            )


def went_to(arrival: Arrival | None, uri: str) -> bool:
    """Whether a browser was sent to an address, or given a code at all."""
    if not isinstance(arrival, Callback):
        return False
    return code_of(arrival) is not None or arrival.url.startswith(uri)
