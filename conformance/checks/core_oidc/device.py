"""Device authorization: a device without a browser, and the person who agrees on another one."""

import time
from collections.abc import Mapping
from typing import Any

from conformance.check import check
from conformance.checks.core_oidc.grants import is_issued, shown
from conformance.checks.core_oidc.id_tokens import is_number
from conformance.checks.core_oidc.own_clients import registered
from conformance.context import Context
from conformance.oidc.browser import Callback, Stop
from conformance.oidc.login import PAGES
from conformance.oidc.pages import Form, Page
from conformance.oidc.relying_party import RelyingParty
from conformance.target import offers, with_sandbox
from conformance.text import Text
from conformance.wire import Reply

DEVICE = offers("device_authorization_endpoint")
GRANT = "urn:ietf:params:oauth:grant-type:device_code"
WAITING = ("authorization_pending", "slow_down")
"""Answers while the person has not decided. Source: RFC 8628 3.5."""


def device_client(ctx: Context) -> RelyingParty:
    """A client that may use device codes: of the plan, of the sandbox, or registered for it.

    Raises:
        Unmet: There is none.
    """
    known = [one for one in (ctx.target.client, *ctx.target.accounts) if one and GRANT in one.grant_types]
    if known:
        return ctx.rp.as_client(known[0])
    plain = ctx.rp
    if _asked(plain).status == 200:
        return plain
    return registered(ctx, grant_types=[GRANT, "authorization_code", "refresh_token"])


def _asked(rp: RelyingParty) -> Reply:
    return rp.post(rp.endpoint("device_authorization_endpoint"), {"scope": "openid"})


def begun(ctx: Context, rp: RelyingParty) -> Mapping[str, Any]:
    """The codes of a device.

    Raises:
        Unmet: None came.
    """
    reply = _asked(rp)
    if "device_code" not in reply.members:
        ctx.skip(f"no device codes: {reply.status} {reply.text[:120]}", f"デバイスコードが出ない: {reply.status}")
    return reply.members


def poll(rp: RelyingParty, codes: Mapping[str, Any]) -> Reply:
    """What the device is told."""
    return rp.token(grant_type=GRANT, device_code=codes["device_code"])


def wait_for(rp: RelyingParty, codes: Mapping[str, Any]) -> Reply:
    """What the device is told when it has kept its interval, three times at most."""
    interval_s = float(codes["interval"]) if is_number(codes.get("interval")) else 5.0
    reply = poll(rp, codes)
    for _ in range(2):
        if reply.members.get("error") not in WAITING:
            break
        interval_s += 5 if reply.members.get("error") == "slow_down" else 0
        time.sleep(interval_s)
        reply = poll(rp, codes)
    return reply


def decide(rp: RelyingParty, codes: Mapping[str, Any], *, agree: bool) -> None:
    """The person enters the code, signs in, and agrees or refuses.

    Raises:
        NeedsReview: A page cannot be passed without a person.
    """
    browser = rp.new_browser()
    arrival = browser.open(str(codes["verification_uri"]), ())
    signed_in = False
    for _ in range(PAGES):
        if isinstance(arrival, Callback | Stop) or not arrival.forms:
            return
        entry = _entry(arrival)
        if entry is not None:
            form, name = entry
            button = next(iter(form.submits), None)
            arrival = browser.submit(form, {name: str(codes["user_code"])}, (), button=button)
        elif arrival.sign_in_form is not None and rp.person is not None and not signed_in:
            arrival, signed_in = rp.login.sign_in(browser, arrival, rp.person, ()), True
        elif agree:
            arrival = rp.login.agree(browser, arrival, ())
        else:
            rp.login.refuse(browser, arrival, ())
            return


def _entry(page: Page) -> tuple[Form, str] | None:
    """The form that asks for the user code."""
    for form in page.forms:
        texts = [one for one in form.fields if one.kind in ("text", "tel", "search") and one.name]
        if not form.has_password and texts:
            named = [one.name for one in texts if "code" in one.name.lower()]
            return form, (named or [texts[0].name])[0]
    return None


@check("OIDC-065", when=(DEVICE,))
def codes_and_waiting(ctx: Context) -> None:
    """The codes are whole, and a device whose person has not decided is told to wait."""
    rp = device_client(ctx)
    codes = begun(ctx, rp)
    for name in ("device_code", "user_code", "verification_uri"):
        ctx.require(name, isinstance(codes.get(name), str) and codes[name], expected="a text", actual=codes.get(name))
    lives_s = codes.get("expires_in")
    ctx.require("expires_in (s)", is_number(lives_s) and lives_s, expected="a number of seconds", actual=lives_s)
    for number in ("first", "second, too early"):
        reply = poll(rp, codes)
        what = Text(f"polling before the person decides ({number})", f"本人が決める前の問合せ({number})")
        ctx.expect_status(what, reply, 400)
        ctx.expect_in(what, expected=WAITING, actual=reply.members.get("error"))
    reply = rp.token(grant_type=GRANT, device_code=ctx.fresh(32))
    what = Text("a made-up device_code", "作り話のdevice_code")
    ctx.require(what, not is_issued(reply) and reply.status in (400, 401), expected="400", actual=shown(reply))


@check("OIDC-065", "agreed", when=(DEVICE,), slow=True)
def person_agrees(ctx: Context) -> None:
    """When the person has agreed the device gets tokens, once."""
    rp = device_client(ctx)
    codes = begun(ctx, rp)
    what = Text("polling after the person agreed", "本人が同意した後の問合せ")
    decide(rp, codes, agree=True)
    reply = wait_for(rp, codes)
    ctx.require(what, is_issued(reply), expected="tokens", actual=shown(reply))
    again = poll(rp, codes)
    what = Text("the same device_code again", "同じdevice_codeの二度目")
    ctx.require(what, not is_issued(again), expected="400 invalid_grant", actual=shown(again))


@check("OIDC-065", "refused", when=(DEVICE,), slow=True)
def person_refuses(ctx: Context) -> None:
    """When the person has refused the device is told access_denied."""
    rp = device_client(ctx)
    codes = begun(ctx, rp)
    decide(rp, codes, agree=False)
    reply = wait_for(rp, codes)
    what = Text("polling after the person refused", "本人が断った後の問合せ")
    ctx.expect_status(what, reply, 400)
    ctx.expect(what, expected="access_denied", actual=reply.members.get("error"))


@check("OIDC-065", "expired", when=(DEVICE, with_sandbox), alone=True)
def codes_expire(ctx: Context) -> None:
    """A device that polls after expires_in is told expired_token."""
    rp = device_client(ctx)
    codes = begun(ctx, rp)
    lives_s = codes.get("expires_in")
    ctx.sandbox.advance(float(lives_s if is_number(lives_s) and lives_s else 1800) + 10)
    reply = poll(rp, codes)
    what = Text("polling after the codes expired", "期限切れの後の問合せ")
    ctx.expect(what, expected="expired_token", actual=reply.members.get("error"))
