"""Redirect URIs with a query, which stays as it is."""

from urllib.parse import parse_qsl, urlsplit

from conformance.check import check
from conformance.checks.core_oidc.grants import attempt, seen
from conformance.checks.core_oidc.own_clients import registered
from conformance.context import Context
from conformance.oidc.browser import Callback
from conformance.oidc.relying_party import RelyingParty
from conformance.survey import REGISTERED_REDIRECT
from conformance.text import Text


def _with_query(ctx: Context) -> tuple[RelyingParty, str]:
    known = [uri for uri in ctx.rp.client.redirect_uris if "?" in uri]
    if known:
        return ctx.rp, known[0]
    uri = f"{REGISTERED_REDIRECT}?from=suite&x=a%20b"
    return registered(ctx, redirect_uris=[uri]), uri


@check("OIDC-089")
def query_stays(ctx: Context) -> None:
    """The query of a registered redirect URI is in the callback; with another query nobody is sent there."""
    rp, uri = _with_query(ctx)
    wanted = parse_qsl(urlsplit(uri).query, keep_blank_values=True)
    what = Text(f"callback to {uri}", f"{uri} へのコールバック")
    with ctx.control(what):
        arrival = attempt(rp, redirect_uri=uri)
        ctx.require(what, isinstance(arrival, Callback), expected="a callback", actual=seen(arrival))
    told = list(arrival.parameters) if isinstance(arrival, Callback) else []
    missing = [pair for pair in wanted if pair not in told]
    ctx.expect(
        Text("parameters of the redirect URI that are lost", "失われたパラメーター"), expected=[], actual=missing
    )
    name = f"x{ctx.fresh(4)}"
    for wrong in (f"{uri}&{name}=1", f"{uri.partition('?')[0]}?{name}=1"):
        arrival = attempt(rp, redirect_uri=wrong)
        went = isinstance(arrival, Callback) and name in urlsplit(arrival.url).query
        ctx.refused(
            Text(f"redirect_uri={wrong}", f"redirect_uri={wrong}"),
            not went,
            expected="no redirect",
            actual=seen(arrival),
        )
