"""Sessions: what holds while a person is signed in, and what ends with it."""

import json

from conformance.check import check
from conformance.checks.core_oidc.grants import OFFLINE, attempt, code_of, is_issued, seen, shown
from conformance.checks.core_oidc.logout import LOGOUT, asked, registered_return
from conformance.context import Context
from conformance.oidc.browser import Browser, Callback, Stop
from conformance.oidc.relying_party import RelyingParty, Session, told
from conformance.oidc.signing_out import sign_out
from conformance.outcomes import Unmet
from conformance.target import of_city_os, offers, with_second_person
from conformance.text import Text

NEEDS_PERSON = ("login_required", "interaction_required", "account_selection_required")
"""Errors of prompt=none that say nobody is signed in. Source: OIDCC 3.1.2.6."""


def silent(rp: RelyingParty, browser: Browser, **changed: str) -> Callback | None:
    """The callback of prompt=none; None where the browser ended elsewhere."""
    arrival = rp.ask(rp.request("citytwin-" * 6, prompt="none", **changed), browser)
    return arrival if isinstance(arrival, Callback) else None


def is_signed_in(ctx: Context, browser: Browser, **changed: str) -> None:
    """Positive control: prompt=none gives a code while the person is signed in."""
    what = Text("prompt=none while signed in", "サインイン中のprompt=none")
    with ctx.control(what):
        back = silent(ctx.rp, browser, **changed)
        ctx.require(what, code_of(back), expected="a code", actual=seen(back))


@check("OIDC-022", when=(LOGOUT,))
def nobody_after_signing_out(ctx: Context) -> None:
    """After signing out, by a client or by the person alone, prompt=none answers login_required."""
    for by_client in (False, True) if ctx.rp.client.post_logout_redirect_uris else (False,):
        session = ctx.rp.sign_in()
        is_signed_in(ctx, session.browser)
        end = sign_out(ctx.rp, session.browser, asked(ctx.rp, session) if by_client else {})
        if isinstance(end, Stop) and end.reply.status >= 400:
            continue
        arrival = ctx.rp.ask(ctx.rp.request("citytwin-" * 6, prompt="none"), session.browser)
        error = arrival.get("error") if isinstance(arrival, Callback) else None
        name = Text("prompt=none after signing out", "サインアウト後のprompt=none")
        ctx.refused(name, error in NEEDS_PERSON, expected="login_required", actual=error or told(arrival))
    if not ctx.expectations:
        ctx.skip("every request to sign out was refused", "サインアウトの要求がすべて拒まれた")


@check("OIDC-058", when=(of_city_os, LOGOUT))
def refresh_tokens_end(ctx: Context) -> None:
    """Refresh tokens of a session end when the person signs out, those of offline_access included."""
    registered_return(ctx)
    for scope in ("openid", OFFLINE):
        session = ctx.rp.sign_in(scope=scope, prompt="consent")
        if session.tokens.get("refresh_token"):
            _ends_with_session(ctx, session, scope)
    if not ctx.expectations:
        ctx.omit("the client is given no refresh token", "クライアントに更新トークンが渡されない")


def _ends_with_session(ctx: Context, session: Session, scope: str) -> None:
    with ctx.control(Text("a refresh before signing out", "サインアウト前の更新")):
        before = ctx.rp.refresh(session.refresh_token)
        ctx.require("refresh", is_issued(before), expected="tokens", actual=shown(before))
    latest = str(before.members.get("refresh_token", session.refresh_token))
    sign_out(ctx.rp, session.browser, asked(ctx.rp, session))
    after = ctx.rp.refresh(latest)
    name = Text(f"a refresh after signing out (scope {scope})", f"サインアウト後の更新(scope {scope})")
    ctx.refused(name, not is_issued(after), expected="400 invalid_grant", actual=shown(after))


@check("OIDC-062", when=(with_second_person,))
def hint_of_somebody_else(ctx: Context) -> None:
    """With an ID token of another person as hint, prompt=none gives no code."""
    hint = str(ctx.rp.sign_in().tokens.get("id_token"))
    other = ctx.rp.as_person(ctx.city.person(1))
    session = other.sign_in()
    is_signed_in(ctx, session.browser, id_token_hint=str(session.tokens.get("id_token")))
    arrival = ctx.rp.ask(ctx.rp.request("citytwin-" * 6, prompt="none", id_token_hint=hint), session.browser)
    error = arrival.get("error") if isinstance(arrival, Callback) else None
    holds = error is not None and code_of(arrival) is None
    name = Text("prompt=none with somebody else's id_token_hint", "別の人のid_token_hintでのprompt=none")
    ctx.refused(name, holds, expected="login_required or another error", actual=error or told(arrival))


@check("OIDC-024", when=(offers("acr_values_supported"),))
def card_is_told_by_acr(ctx: Context) -> None:
    """The acr is one that the metadata list, and an essential one that nobody can meet signs nobody in."""
    listed = ctx.target.metadata["acr_values_supported"]
    for wanted in (None, *listed[:2]):
        try:
            claims = ctx.rp.sign_in(acr_values=wanted).id_token.claims
        except Unmet:
            continue
        acr = claims.get("acr")
        name = Text(f"acr of the ID token (acr_values {wanted})", f"IDトークンのacr(acr_values {wanted})")
        ctx.require(name, acr is None or acr in (*listed, "0"), expected=f"one of {listed}", actual=acr)
    if ctx.target.metadata.get("claims_parameter_supported"):
        _essential(ctx)


def _essential(ctx: Context) -> None:
    with ctx.control(Text("a sign-in without it", "それが無いサインイン")):
        tokens = ctx.rp.sign_in().tokens
        ctx.require("id_token", "id_token" in tokens, expected="an ID token", actual=sorted(tokens))
    wanted = {"id_token": {"acr": {"essential": True, "values": [f"urn:citytwin:{ctx.fresh()}"]}}}
    arrival = attempt(ctx.rp, claims=json.dumps(wanted))
    what = Text("an essential acr that nobody can meet", "誰も満たせない必須のacr")
    ctx.refused(what, code_of(arrival) is None, expected="nobody signed in", actual=seen(arrival))
