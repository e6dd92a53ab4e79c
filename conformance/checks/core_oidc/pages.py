"""Pages that people see: whether they can be framed, whose scripts they run, and what refusing leads to."""

import re
from urllib.parse import urljoin, urlsplit

from conformance.check import check
from conformance.checks.core_oidc.grants import rp_verifier
from conformance.checks.core_oidc.refresh import of_no_city_os
from conformance.context import Context
from conformance.oidc.browser import Arrival, Browser, Callback
from conformance.oidc.pages import Page
from conformance.oidc.relying_party import told
from conformance.outcomes import NeedsReview
from conformance.target import of_city_os
from conformance.text import Text

SCRIPT = re.compile(r"<script\b[^>]*\ssrc\s*=\s*[\"']?([^\"'\s>]+)", re.IGNORECASE)
ANCESTORS = re.compile(r"frame-ancestors([^;,]*)", re.IGNORECASE)
OPEN = {"*", "http:", "https:"}
"""Sources of frame-ancestors that let everybody frame a page. Source: CSP 3, 6.4.2."""


def pages(ctx: Context) -> list[Page]:
    """The pages of a sign-in: where the person signs in, and where they agree if they are asked."""
    browser = ctx.rp.new_browser()
    arrival = ctx.rp.ask(ctx.rp.request(rp_verifier(), prompt="consent"), browser)
    seen = [arrival] if isinstance(arrival, Page) else []
    if isinstance(arrival, Page) and arrival.sign_in_form is not None and ctx.rp.person is not None:
        arrival = ctx.rp.login.sign_in(browser, arrival, ctx.rp.person, ctx.rp.client.redirect_uris)
        seen += [arrival] if isinstance(arrival, Page) else []
    if not seen:
        ctx.skip("no page was shown", "画面が出ない")
    return seen


def header(page: Page, name: str) -> str:
    """A header's value, repeated ones joined by commas."""
    return ", ".join(value for key, value in page.headers if key == name)


def is_frameless(page: Page) -> bool:
    """Whether browsers refuse to show a page within one of another site. Source: CSP 3 6.4.2, RFC 7034."""
    told_sources = [set(found.lower().split()) for found in ANCESTORS.findall(header(page, "content-security-policy"))]
    if told_sources:
        return any(not sources & OPEN for sources in told_sources)
    return header(page, "x-frame-options").strip().lower() in ("deny", "sameorigin")


def _unframed(ctx: Context) -> list[Page]:
    found = pages(ctx)
    for page in found:
        what = Text(f"headers of {urlsplit(page.url).path}", f"{urlsplit(page.url).path} のヘッダー")
        seen = header(page, "content-security-policy") or header(page, "x-frame-options") or "none"
        ctx.require(what, is_frameless(page), expected="frame-ancestors 'none', or X-Frame-Options", actual=seen)
    return found


@check("OIDC-069", when=(of_city_os,))
def frameless_without_strange_scripts(ctx: Context) -> None:
    """Pages cannot be framed, and use no script of another origin."""
    for page in _unframed(ctx):
        scripts = [urljoin(page.url, place) for place in SCRIPT.findall(page.html)]
        own = urlsplit(page.url)[:2]
        strange = [url for url in scripts if urlsplit(url)[:2] != own]
        name = Text(f"scripts of {urlsplit(page.url).path}", f"{urlsplit(page.url).path} のスクリプト")
        ctx.expect(name, expected=[], actual=strange)


@check("OIDC-094", when=(of_no_city_os,))
def frameless(ctx: Context) -> None:
    """Pages cannot be framed by other sites."""
    _unframed(ctx)


@check("OIDC-071")
def refusal_is_told(ctx: Context) -> None:
    """When the person refuses, the client is told access_denied, with state and iss."""
    request = ctx.rp.request(rp_verifier(), prompt="consent", scope="openid")
    arrival = _refused(ctx, request)
    what = Text("the person refuses", "本人が断る")
    ctx.require(what, isinstance(arrival, Callback), expected="back at the client", actual=told(arrival))
    if isinstance(arrival, Callback):
        ctx.expect("error", expected="access_denied", actual=arrival.get("error"))
        ctx.expect("state", expected=request["state"], actual=arrival.get("state"))
        ctx.expect("code", expected=None, actual=arrival.get("code"))
        if ctx.target.metadata.get("authorization_response_iss_parameter_supported"):
            ctx.expect("iss", expected=ctx.target.metadata.get("issuer"), actual=arrival.get("iss"))


def _refused(ctx: Context, request: dict[str, object]) -> Arrival:
    """Where refusing leads: on the page that asks for agreement, else on the one for signing in."""
    ends = ctx.rp.client.redirect_uris
    browser = ctx.rp.new_browser()
    page = ctx.rp.ask(request, browser)
    if isinstance(page, Page) and page.sign_in_form is not None and ctx.rp.person is not None:
        after = ctx.rp.login.sign_in(browser, page, ctx.rp.person, ends)
        if isinstance(after, Page):
            return ctx.rp.login.refuse(browser, after, ends)
        again: Browser = ctx.rp.new_browser()
        page = ctx.rp.ask(request, again)
        browser = again
    if isinstance(page, Page):
        return ctx.rp.login.refuse(browser, page, ends)
    raise NeedsReview(Text("no page was shown on which to refuse", "断るための画面が出ない"))
