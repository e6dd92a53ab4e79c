"""Documents at well-known addresses beside the OpenID configuration."""

import re
from urllib.parse import urlsplit

from conformance.check import check
from conformance.context import Context
from conformance.target import OAUTH_CONFIGURATION, OIDC_CONFIGURATION, of_city_os
from conformance.text import Text
from conformance.wire import Reply


def _json(ctx: Context, url: str) -> Reply:
    return ctx.wire.send("GET", url, headers={"accept": "application/json"})


@check("OIDC-076")
def metadata_say_the_same(ctx: Context) -> None:
    """The metadata of RFC 8414 contradict those of OpenID Connect in nothing; of a city OS they are the same."""
    parts = urlsplit(ctx.target.issuer)
    url = f"{parts.scheme}://{parts.netloc}{OAUTH_CONFIGURATION}{parts.path.rstrip('/')}"
    reply = _json(ctx, url)
    if reply.status != 200 and not ctx.target.is_city_os:
        ctx.omit("there are no metadata of RFC 8414, which are optional", "RFC 8414のメタデータがない(任意)")
    ctx.expect_status(Text(f"GET {url}", f"GET {url}"), reply, 200)
    known = _json(ctx, ctx.target.issuer.rstrip("/") + OIDC_CONFIGURATION).members
    told = reply.members
    if "issuer" not in known:
        ctx.skip("the metadata of OpenID Connect could not be read", "OpenID Connectのメタデータを読めない")
    ctx.expect("issuer", expected=known.get("issuer"), actual=told.get("issuer"))
    names = set(known) | set(told) if ctx.target.is_city_os else set(known) & set(told)
    for name in sorted(names):
        ctx.expect(f"{name} at {OAUTH_CONFIGURATION}", expected=known.get(name), actual=told.get(name))


@check("OIDC-068", when=(of_city_os,))
def challenge_leads_to_metadata(ctx: Context) -> None:
    """The challenge of a 401 names metadata of the resource, and these name the provider."""
    for name, headers in (("no token", {}), ("a made-up token", {"authorization": f"Bearer {ctx.fresh()}"})):
        reply = ctx.city.call("listUsers", headers=headers)
        ctx.expect_status(Text(f"GET /v1/users with {name}", f"GET /v1/users、{name}"), reply, 401)
        told = reply.header("www-authenticate")
        found = re.search(r'resource_metadata\s*=\s*"([^"]+)"', told)
        what = Text(f"WWW-Authenticate with {name}", f"WWW-Authenticate、{name}")
        ctx.require(what, found, expected='resource_metadata="…"', actual=told or "none")
        if found:
            _metadata(ctx, found.group(1), reply.url)


def _metadata(ctx: Context, url: str, asked: str) -> None:
    reply = _json(ctx, url)
    ctx.expect_status(Text(f"GET {url}", f"GET {url}"), reply, 200)
    resource = reply.members.get("resource")
    prefix = isinstance(resource, str) and asked.startswith(resource)
    ctx.require("resource of the metadata", prefix, expected=f"a prefix of {asked}", actual=resource)
    servers = reply.members.get("authorization_servers")
    fits = isinstance(servers, list) and ctx.target.issuer in servers
    ctx.require("authorization_servers", fits, expected=[ctx.target.issuer], actual=servers)
