"""Narrowing: what a person left out on the consent page is neither granted nor disclosed."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from conformance.accounts import PersonAccount
from conformance.check import check
from conformance.checks.core_consent.scene import Scene
from conformance.city.consents import Question
from conformance.context import Context
from conformance.oidc.browser import Arrival, Browser, Callback, Stop
from conformance.oidc.pages import Form, Page
from conformance.oidc.relying_party import RelyingParty
from conformance.outcomes import Unmet
from conformance.target import offers
from conformance.text import Text
from conformance.wire import Reply

PURPOSE = "personal_service"
ASKED = ("profile.basic", "profile.contact", "profile.birth_year", "location")
KEPT = ("profile.contact", "location")
"""What is asked for, and what the person leaves ticked."""
PAGES = 6


@check("CONS-006", when=(offers("authorization_details_types_supported", "cityos_consent"),), alone=True)
def what_was_left_out_is_not_granted(ctx: Context) -> None:
    """Signs in with a consent asked for, unticks categories and modes on the page, and asks for each of them."""
    scene = Scene(ctx, fresh_clock=True)
    person = scene.person()
    rp = ctx.rp.as_person(person)
    recipient = f"service:{rp.client.client_id}"
    detail = {"type": "cityos_consent", "purpose": PURPOSE, "datatypes": list(ASKED), "recipients": [recipient]}
    reply = _signed_in(ctx, rp, detail | {"modes": ["normal", "disaster"], "actions": ["read"]})
    granted = [one for one in reply.members.get("authorization_details", ()) if isinstance(one, dict)]
    with ctx.control(Text("a part was granted", "一部が許可された")):
        ctx.require(
            "authorization_details of the token response",
            granted,
            expected="a detail",
            actual=reply.members.get("authorization_details"),
        )
        never = Text("what nobody asked for", "誰も求めていないもの")
        scene.denied(never, scene.ask(person, (recipient, "procedures", "household")))
        for category in KEPT:
            scene.permitted(Text(category, category), scene.ask(person, (recipient, PURPOSE, category)))
    for name, kept in (("datatypes", KEPT), ("modes", ("normal",)), ("recipients", (recipient,))):
        seen = {str(code) for one in granted for code in one.get(name, ())}
        what = Text(f"{name} granted in the token response", f"トークン応答で許可された {name}")
        ctx.expect(what, expected=sorted(kept), actual=sorted(seen))
    for category in ASKED:
        for mode in ("normal", "disaster"):
            answer = scene.ask(person, (recipient, PURPOSE, category), mode)
            chosen = category in KEPT and mode == "normal"
            what = Text(
                f"{category} in mode {mode}, of which {', '.join(KEPT)} in normal times were ticked",
                f"{category}({mode})。選んだのは平時の {', '.join(KEPT)}",
            )
            ctx.require(what, answer.permit <= chosen, expected="deny", actual=str(answer))
    _record_is_narrow(ctx, scene, person, recipient)


@check("CONS-006", "recorded", alone=True)
def a_record_covers_what_was_said(ctx: Context) -> None:
    """Records a consent to some of what a purpose allows: the record and the decisions hold no more than that."""
    scene = Scene(ctx, fresh_clock=True)
    person = scene.person()
    never = Question(person.user, "disaster_support", "household", "municipality", "normal")
    record = scene.give(person, "disaster_support", ["location"], ["municipality"], modes=["normal"])
    with ctx.control(Text("what nobody agreed to is denied", "同意のないものは開示しない")):
        scene.denied(Text("household", "household"), scene.consents.decide(person, [never])[0])
    seen = (record.get("data_categories"), record.get("recipients"), record.get("modes"), record.get("actions"))
    what = Text("categories, recipients, modes and actions of the record", "記録の項目、相手先、モード、行為")
    ctx.expect(what, expected=(["location"], ["municipality"], ["normal"], ["read"]), actual=seen)


def _record_is_narrow(ctx: Context, scene: Scene, person: PersonAccount, recipient: str) -> None:
    records = [one for one in scene.consents.of(person) if recipient in one.get("recipients", ())]
    seen = sorted({str(code) for one in records for code in one.get("data_categories", ())})
    what = Text("data_categories of the records made", "作られた記録の data_categories")
    ctx.expect(what, expected=sorted(KEPT), actual=seen)


def _signed_in(ctx: Context, rp: RelyingParty, detail: Mapping[str, Any]) -> Reply:
    """The token response of a sign-in at which the person left something out.

    Raises:
        NeedsReview: The page has no boxes to leave something out.
    """
    verifier = ctx.fresh(48)
    request = rp.request(verifier, scope="openid", authorization_details=json.dumps([detail]))
    browser = rp.new_browser()
    ends = (*rp.client.redirect_uris,)
    arrival: Arrival = rp.ask(request, browser)
    for _ in range(PAGES):
        if isinstance(arrival, Callback | Stop):
            break
        if arrival.sign_in_form is not None and rp.person is not None:
            arrival = rp.login.sign_in(browser, arrival, rp.person, ends)
        else:
            arrival = _narrowed(ctx, browser, arrival, ends)
    if not isinstance(arrival, Callback) or not arrival.get("code"):
        raise Unmet(Text("no code came back from a narrowed sign-in", "範囲を狭めたサインインでコードが返らない"))
    return rp.redeem(str(arrival.get("code")), verifier)


def _narrowed(ctx: Context, browser: Browser, page: Page, ends: Sequence[str]) -> Arrival:
    """Agree to the page, but for the categories and modes that are left out."""
    form = next((one for one in page.forms if _boxes(one)), None)
    if form is None:
        ctx.review(
            f"the page {page.url} has no box for each category; see by hand whether a person can narrow the consent",
            f"画面 {page.url} に項目ごとの欄がない。本人が範囲を狭められるか、手で確かめる",
        )
    left_out = (set(ASKED) - set(KEPT)) | {"disaster"}
    sent = [
        (one.name, one.value)
        for one in form.fields
        if one.name and one.kind not in ("submit", "image", "button", "reset", "file")
        if one.kind not in ("checkbox", "radio")
        or (one.value not in left_out and (one.checked or one.kind == "checkbox"))
    ]
    return browser.post(form.action, sent, ends)


def _boxes(form: Form) -> set[str]:
    """Categories that a form has boxes for."""
    return {one.value for one in form.fields if one.kind == "checkbox"} & set(ASKED)
