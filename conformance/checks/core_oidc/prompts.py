"""When people are asked to sign in, and when they are not."""

import time
from contextlib import suppress
from typing import Any, TypeGuard

from conformance.check import check
from conformance.checks.core_oidc.grants import code_of, is_issued, rp_verifier, seen, shown, sign_in_again
from conformance.context import Context
from conformance.oidc.browser import Browser, Callback
from conformance.oidc.pages import Page
from conformance.oidc.relying_party import Session, told
from conformance.outcomes import Unmet

LONG_S = 10_000
"""A max_age in seconds that no sign-in of a run exceeds. Source: OIDF module oidcc-max-age-10000."""

CLOCK_S = 900
"""By how much a provider's clock may differ from ours before auth_time is wrong, in seconds. Confidence C."""

SHORT_S = 1
"""A max_age in seconds that is soon exceeded. Source: OIDF module oidcc-max-age-1."""

MOMENT_S = 1.1
"""After which a time in whole seconds has advanced, in seconds."""

CONSENT_MISSING = ("consent_required", "interaction_required", "account_selection_required")
"""Errors of prompt=none where somebody is signed in. Source: OIDCC 3.1.2.6."""

SENT_ON = (307, 308)
"""Redirects by which a browser sends a form again. Source: RFC 9110 15.4.8, 15.4.9."""

NOBODY_THERE = ("login_required", "interaction_required", "account_selection_required")
"""Errors of prompt=none where nobody is; a city OS says the first. Source: OIDCC 3.1.2.1, 3.1.2.6."""


@check("OIDC-013", part="fresh")
def nobody_is_signed_in(ctx: Context) -> None:
    """With prompt=none a browser that was never here is sent back with login_required, and sees no page."""
    with ctx.control("the same request without prompt is taken"):
        ctx.rp.grant()
    browser = ctx.rp.new_browser()
    arrival = ctx.rp.ask(ctx.rp.request(rp_verifier(), prompt="none"), browser)
    ctx.require("prompt=none", isinstance(arrival, Callback), expected="a callback", actual=told(arrival))
    error = arrival.get("error") if isinstance(arrival, Callback) else None
    right = NOBODY_THERE[:1] if ctx.target.is_city_os else NOBODY_THERE
    ctx.expect_in("error of prompt=none", expected=right, actual=error)


@check("OIDC-013", part="signed_in")
def somebody_is_signed_in(ctx: Context) -> None:
    """With prompt=none a browser with a session is sent back at once: with a code, or since consent is missing."""
    browser = ctx.rp.new_browser()
    first = ctx.rp.sign_in(browser)
    with ctx.control("the provider keeps sessions"):
        _expect_no_sign_in(ctx, browser)
    end = ctx.rp.ask(ctx.rp.request(rp_verifier(), prompt="none"), browser)
    ctx.require("prompt=none", isinstance(end, Callback), expected="a callback", actual=told(end))
    error = end.get("error") if isinstance(end, Callback) else None
    ctx.expect_in("error of prompt=none", expected=(None, *CONSENT_MISSING), actual=error)
    if error is None:
        reply = ctx.rp.redeem(str(code_of(end)), rp_verifier())
        ctx.require("its code", is_issued(reply), expected="a token", actual=shown(reply))
        _expect_same_sign_in(ctx, first, Session({}, "", first.callback, reply, browser))


@check("OIDC-013", part="none_and_more")
def none_goes_alone(ctx: Context) -> None:
    """prompt=none together with another value is an error."""
    browser = ctx.rp.new_browser()
    with ctx.control("somebody is signed in"):
        ctx.rp.sign_in(browser)
    arrival = ctx.rp.ask(ctx.rp.request(rp_verifier(), prompt="none login"), browser)
    refused = not isinstance(arrival, Page) and code_of(arrival) is None
    ctx.refused("prompt=none login", refused, expected="an error", actual=seen(arrival))


@check("OIDC-014", part="told")
def time_is_told(ctx: Context) -> None:
    """With max_age the ID token says in seconds when the person signed in, and a second one says the same."""
    browser = ctx.rp.new_browser()
    first = ctx.rp.sign_in(browser, max_age=str(LONG_S))
    begin = _auth_time(ctx, first)
    time.sleep(MOMENT_S)
    second, asked = sign_in_again(ctx.rp, browser, max_age=str(LONG_S))
    later = _auth_time(ctx, second)
    if not asked:
        ctx.expect("auth_time of a second sign-in without a page", expected=begin, actual=later)


@check("OIDC-014", part="exceeded")
def old_sign_in_is_done_again(ctx: Context) -> None:
    """With max_age=1 a person who signed in two seconds ago must sign in again."""
    _expect_sign_in(ctx, SHORT_S + MOMENT_S, max_age=str(SHORT_S))


@check("OIDC-014", part="zero")
def no_age_at_all(ctx: Context) -> None:
    """With max_age=0 a person who is signed in must sign in again."""
    _expect_sign_in(ctx, MOMENT_S, max_age="0")


@check("OIDC-031")
def sign_in_on_demand(ctx: Context) -> None:
    """With prompt=login a person who is signed in must sign in again."""
    _expect_sign_in(ctx, MOMENT_S, prompt="login", max_age=str(LONG_S))


@check("OIDC-096")
def passwords_are_not_sent_on(ctx: Context) -> None:
    """No form of a sign-in is answered with 307 or 308, by which a browser sends it on."""
    with suppress(Unmet):  # such as a redirect that this browser does not follow either
        ctx.rp.grant()
    token_endpoint = ctx.rp.endpoint("token_endpoint")
    posted = [one for one in ctx.wire.exchanges if one.method == "POST" and one.url != token_endpoint]
    redirects = [one.status for one in posted if 300 <= one.status < 400]
    if not redirects:
        ctx.omit("no form of the sign-in is answered with a redirect", "サインインのフォームに転送で答えていない")
    for status in redirects:
        ctx.require("redirect after a form", status not in SENT_ON, expected="302 or 303", actual=status)


def _expect_sign_in(ctx: Context, after_s: float, **changed: Any) -> None:
    """Demand that a person who is signed in has to prove it again; a page that asks for it, or auth_time, tells."""
    browser = ctx.rp.new_browser()
    first = ctx.rp.sign_in(browser, max_age=str(LONG_S))
    with ctx.control("the person is signed in"):
        _expect_no_sign_in(ctx, browser)
    time.sleep(after_s)
    second, asked = sign_in_again(ctx.rp, browser, **changed)
    before, after = (one.id_token.claims.get("auth_time") for one in (first, second))
    what = f"sign-in with {' '.join(f'{name}={value}' for name, value in changed.items())}"
    if _is_number(before) and _is_number(after):
        ctx.require(f"auth_time of a {what}", after > before, expected=f"later than {before}", actual=after)
    else:
        ctx.require(what, asked, expected="the person is asked to sign in", actual="nobody is asked")


def _expect_no_sign_in(ctx: Context, browser: Browser) -> None:
    _, asked = sign_in_again(ctx.rp, browser)
    ctx.require("a request in the same browser", not asked, expected="nobody is asked to sign in", actual="somebody is")


def _auth_time(ctx: Context, session: Session) -> float:
    told_s: Any = session.id_token.claims.get("auth_time")
    ctx.require("auth_time of the ID token", _is_number(told_s), expected="a number of seconds", actual=told_s)
    now_s = time.time()
    recent = now_s - LONG_S - CLOCK_S <= told_s <= now_s + CLOCK_S
    ctx.require("auth_time of the ID token", recent, expected=f"a while before {now_s:.0f}", actual=told_s)
    return float(told_s)


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _expect_same_sign_in(ctx: Context, first: Session, second: Session) -> None:
    for claim in ("sub", "auth_time"):
        before, after = first.id_token.claims.get(claim), second.id_token.claims.get(claim)
        if before is not None and after is not None:
            ctx.expect(f"{claim} of a sign-in with prompt=none", expected=before, actual=after)
