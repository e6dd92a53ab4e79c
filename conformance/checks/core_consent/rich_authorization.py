"""Authorization details of type cityos_consent: which are refused, and what is told of those that were granted."""

import json
from collections.abc import Mapping
from typing import Any

from conformance.check import check
from conformance.checks.core_oidc.grants import attempt, code_of, rp_verifier, seen
from conformance.context import Context
from conformance.oidc.browser import Arrival, Browser, Callback
from conformance.oidc.pages import Form, Page
from conformance.oidc.relying_party import RelyingParty, Session
from conformance.target import of_city_os, offers
from conformance.text import Text
from conformance.wire import Reply

INVALID = "invalid_authorization_details"
"""Source: RFC 9396 5."""

CATEGORIES = ("profile.basic", "profile.contact")
"""Categories that the purpose personal_service may name. Source: consent.toml."""


def detail(rp: RelyingParty, **changed: Any) -> dict[str, Any]:
    """A right detail of type cityos_consent; None leaves a member out."""
    right = {
        "type": "cityos_consent",
        "purpose": "personal_service",
        "datatypes": list(CATEGORIES),
        "recipients": [f"service:{rp.client.client_id}"],
    }
    return {name: value for name, value in {**right, **changed}.items() if value is not None}


def _faults(rp: RelyingParty, made_up: str) -> dict[str, Any]:
    return {
        "an unknown purpose": [detail(rp, purpose=made_up)],
        "an unknown category": [detail(rp, datatypes=[made_up])],
        "an unknown category beside a known one": [detail(rp, datatypes=[CATEGORIES[0], made_up])],
        "an unknown recipient": [detail(rp, recipients=[made_up])],
        "an unknown member": [detail(rp, **{made_up: "x"})],
        "no purpose": [detail(rp, purpose=None)],
        "datatypes that is no list": [detail(rp, datatypes=CATEGORIES[0])],
        "an unknown type": [detail(rp, type=made_up)],
        "an unknown mode": [detail(rp, modes=[made_up])],
        "no array": detail(rp),
    }


@check("OIDC-060", when=(of_city_os,))
def wrong_details(ctx: Context) -> None:
    """A detail with anything unknown in it is refused with invalid_authorization_details, and no code comes."""
    _control(ctx)
    for name, wrong in _faults(ctx.rp, f"citytwin_{ctx.fresh(4)}").items():
        arrival = attempt(ctx.rp, authorization_details=json.dumps(wrong))
        error = arrival.get("error") if isinstance(arrival, Callback) else None
        what = Text(f"authorization_details with {name}", f"authorization_details: {name}")
        ctx.refused(what, error == INVALID and code_of(arrival) is None, expected=INVALID, actual=seen(arrival))


@check("OIDC-060", "pushed", when=(of_city_os, offers("pushed_authorization_request_endpoint")))
def wrong_details_pushed(ctx: Context) -> None:
    """A pushed request with a wrong detail is refused at once."""
    what = Text("a pushed request with a right detail", "正しい詳細のある要求(PAR)")
    with ctx.control(what):
        reply = _pushed(ctx, [detail(ctx.rp)])
        ctx.expect_status(what, reply, 201)
    for name, wrong in _faults(ctx.rp, f"citytwin_{ctx.fresh(4)}").items():
        reply = _pushed(ctx, wrong)
        told = Text(f"a pushed request with {name}", f"PARの要求: {name}")
        ctx.refused(
            told, reply.members.get("error") == INVALID, expected=INVALID, actual=f"{reply.status} {reply.text[:160]}"
        )


def _pushed(ctx: Context, details: Any) -> Reply:
    return ctx.rp.push(ctx.rp.request(rp_verifier(), authorization_details=json.dumps(details)))


def _control(ctx: Context) -> None:
    what = Text("a request with a right detail", "正しい詳細のある要求")
    with ctx.control(what):
        asked = ctx.rp.request(rp_verifier(), authorization_details=json.dumps([detail(ctx.rp)]))
        arrival = ctx.rp.ask(asked, ctx.rp.new_browser())
        ctx.require(what, isinstance(arrival, Page), expected="a page for the person", actual=seen(arrival))


@check("OIDC-061", when=(of_city_os,), alone=True)
def granted_details(ctx: Context) -> None:
    """The token response holds the details as the person agreed to them, narrowed or whole, with the consent's id."""
    rp = ctx.rp.as_person(ctx.city.person(len(ctx.target.people) - 1))
    if ctx.target.has_sandbox:
        ctx.sandbox.reset()
    _told(ctx, _signed_in(ctx, rp, ""), CATEGORIES)
    narrowed = _signed_in(ctx, rp, CATEGORIES[1])
    _told(ctx, narrowed, CATEGORIES[:1])


def _signed_in(ctx: Context, rp: RelyingParty, without: str) -> Session:
    """A sign-in in which the person leaves out a category."""
    browser = rp.new_browser()
    details = json.dumps([detail(rp)])
    verifier = rp_verifier()
    request = rp.request(verifier, authorization_details=details, prompt="consent")
    arrival = rp.ask(request, browser)
    if isinstance(arrival, Page) and arrival.sign_in_form is not None and rp.person is not None:
        arrival = rp.login.sign_in(browser, arrival, rp.person, rp.client.redirect_uris)
    if isinstance(arrival, Page):
        arrival = _agreed(ctx, rp, browser, arrival, without)
    code = code_of(arrival)
    if not isinstance(arrival, Callback) or code is None:
        ctx.skip(f"no code was issued: {seen(arrival)}", f"コードが発行されない: {seen(arrival)}")
    reply = rp.redeem(code, verifier)
    return Session(request, verifier, arrival, reply, browser)


def _agreed(ctx: Context, rp: RelyingParty, browser: Browser, page: Page, without: str) -> Arrival:
    form = next((one for one in page.forms if _offers(one, CATEGORIES)), None)
    if form is None:
        if without:
            ctx.skip("the page offers no boxes to narrow the consent", "同意を狭めるチェックボックスが画面にない")
        return rp.login.agree(browser, page, rp.client.redirect_uris)
    button = next(iter(form.submits), None)
    sent = [pair for pair in form.filled({}, button, tick_all=True) if pair[1] != without]
    return browser.post(form.action, sent, rp.client.redirect_uris)


def _offers(form: Form, categories: tuple[str, ...]) -> bool:
    return set(categories) <= {one.value for one in form.fields if one.kind == "checkbox"}


def _told(ctx: Context, session: Session, categories: tuple[str, ...]) -> None:
    rows = session.tokens.get("authorization_details")
    whole = isinstance(rows, list) and len(rows) == 1 and isinstance(rows[0], dict)
    ctx.require("authorization_details of the token response", whole, expected="one detail", actual=rows)
    row: Mapping[str, Any] = rows[0] if isinstance(rows, list) and rows else {}
    for name in ("type", "purpose", "recipients"):
        asked = json.loads(session.request["authorization_details"])[0][name]
        ctx.expect(f"{name} of the granted detail", expected=asked, actual=row.get(name))
    ctx.expect("datatypes of the granted detail", expected=sorted(categories), actual=sorted(row.get("datatypes", ())))
    consent = row.get("consent_id")
    ctx.require(
        "consent_id of the granted detail", isinstance(consent, str) and consent, expected="an id", actual=consent
    )
