"""Signing in and consenting: what happens between an authorization request and its answer."""

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from reference_api.call import Call, Reply
from reference_api.errors import ApiError
from reference_api.oidc import pending as interactions
from reference_api.oidc.agreements import is_assured, remember, remembered
from reference_api.oidc.assurance import METHODS, acceptable_acrs
from reference_api.oidc.codes import grant_code, refuse
from reference_api.oidc.consent_page import read_answer
from reference_api.oidc.consent_recording import record_agreement
from reference_api.oidc.credentials import Origin, browser_mark, check_password, find_account
from reference_api.oidc.device_codes import approve_device, refuse_device
from reference_api.oidc.grants import REVOKED, Granted
from reference_api.oidc.interaction_pages import View, account_page, consent_page, expired_page, sign_in_page
from reference_api.oidc.pending import Pending
from reference_api.oidc.requests import AuthorizationRequest
from reference_api.oidc.session_end import end_session
from reference_api.oidc.sessions import Session, open_session, read_session
from reference_api.oidc.steps import CHOOSE, CONSENT, DONE, SIGN_IN, Standing, Step, next_step
from reference_api.pages.cookies import read_cookie, write_cookie
from reference_api.pages.forms import first, is_own_form, read_form
from reference_api.pages.rendering import message
from reference_api.pages.texts import load_texts
from reference_api.services import Services

MARK = "browser"
MARK_TTL_S = 90 * 86_400
"""How long a browser is known. Source: none; as long as a grant lives. Confidence C."""

_PAGES: Mapping[str, Callable[[View], Awaitable[Reply]]] = {
    SIGN_IN: sign_in_page,
    CHOOSE: account_page,
    CONSENT: consent_page,
}


async def begin(services: Services, call: Call, request: AuthorizationRequest) -> Reply:
    """Answer a valid authorization request: at once where session and consent suffice, else by asking the person.

    With prompt none nobody is asked: login_required, consent_required, interaction_required or
    account_selection_required goes back. Source: OpenID Connect Core 1.0 section 3.1.2.6.
    """
    acrs = acceptable_acrs(services.settings, request)
    if not acrs:
        return refuse(services, request, "unmet_authentication_requirements", "no such way to sign in is offered")
    session = await read_session(services, call)
    if session is None and call.operation.method == "POST":
        # Our cookies do not come along with the form of another site (SameSite); after a redirect they do.
        return await interactions.keep(services, request, call.now_s)
    step, granted = await _judge(services, call, Pending("", "", request), session)
    if step.name == DONE and session is not None and granted is not None:
        async with services.store.transaction():
            return await grant_code(services, call, request, session.sign_in(), granted)
    if "none" in request.prompt:
        return refuse(services, request, step.error)
    return await interactions.keep(services, request, call.now_s)


async def show_interaction(services: Services, call: Call) -> Reply:
    """The page of the question that is open; where none is, the answer to the client."""
    pending = await interactions.find(services, call)
    if pending is None:
        return expired_page(services, call)
    session = await read_session(services, call)
    return await _go_on(_view(services, call, pending, session))


async def answer_interaction(services: Services, call: Call) -> Reply:
    """What a person sent from a page of the interaction."""
    pending = await interactions.find(services, call)
    if pending is None:
        return expired_page(services, call)
    view = replace(_view(services, call, pending, await read_session(services, call)), form=read_form(call))
    form = view.form or {}
    step = first(form, "step")
    if step not in _ANSWERS:
        raise ApiError("malformed-request", "this page has no such button")
    if not is_own_form(services, call, form, view.token):
        section = "consent" if step in ("consent", "refuse") else "sign_in"
        return await _go_on(_wrong(replace(view, form=None), section, "form_expired", status=403))
    return await _ANSWERS[step](view)


def _view(services: Services, call: Call, pending: Pending, session: Session | None) -> View:
    return View(services, call, pending, session, acceptable_acrs(services.settings, pending.request))


async def _judge(
    services: Services, call: Call, pending: Pending, session: Session | None
) -> tuple[Step, Granted | None]:
    """The question that is open, and what was agreed to if the request asks for no new consent."""
    request = pending.request
    granted = None
    may_recall = pending.finished or ("consent" not in request.prompt and await is_assured(services, request))
    if session is not None and may_recall:
        granted = await remembered(services, request, session.sub, call.now_s)
    chosen = session is not None and pending.sid == session.sid
    standing = Standing(
        session,
        acceptable_acrs(services.settings, request),
        call.now_s,
        hint_fits=await _hint_fits(services, request, session),
        chosen=chosen,
        signed_in=chosen and pending.signed_in,
        agreed=granted is not None,
    )
    return next_step(request, standing), granted


async def _hint_fits(services: Services, request: AuthorizationRequest, session: Session | None) -> bool:
    """Whether the login_hint names who is signed in.

    Where nobody is asked it does not count: the answer would tell the client who somebody is, one guess at a time.
    """
    if request.login_hint is None or session is None or "none" in request.prompt:
        return True
    if request.login_hint == session.sub:
        return True
    return await find_account(services.store, request.login_hint) == session.sub


async def _go_on(view: View) -> Reply:
    """The page of the question that is open, or the answer to the client if none is."""
    services, request, session = view.services, view.pending.request, view.session
    step, granted = await _judge(services, view.call, view.pending, session)
    if step.name == DONE and session is not None and granted is not None:
        async with services.store.transaction():
            return await _complete(view, session, granted)
    if view.pending.signed_in and session is not None and request.hinted_sub not in (None, session.sub):
        return await _refused(view, "login_required", "somebody else signed in")
    if "none" in request.prompt:
        return await _refused(view, step.error)
    return await _PAGES[step.name](view)


async def _go_on_after(view: View, session: Session, *, signed_in: bool, cookies: tuple[str, ...] = ()) -> Reply:
    """The person signed in or chose: on to the next question by a redirect, or to the client."""
    pending = replace(view.pending, sid=session.sid, signed_in=signed_in)
    view = replace(view, pending=pending, session=session)
    step, _ = await _judge(view.services, view.call, pending, session)
    if step.name != DONE:
        place = f"{interactions.address(view.services, pending.handle)}?lang={view.language}"
        return Reply(status=303, headers={"location": place, "cache-control": "no-store"}, cookies=cookies)
    reply = await _go_on(view)
    return replace(reply, cookies=(*reply.cookies, *cookies))


async def _sign_in(view: View) -> Reply:
    form, services, call = view.form or {}, view.services, view.call
    name, password = first(form, "name").strip(), first(form, "password")
    acr = METHODS.get(first(form, "method"), "")
    if acr not in view.acrs:
        raise ApiError("malformed-request", "this page has no such way to sign in")
    missing = [field for field, value in (("name", name), ("password", password)) if not value]
    if missing:
        return await sign_in_page(_wrong_fields(view, missing))
    origin = Origin(call.address, read_cookie(services.settings, call, MARK))
    verdict = await check_password(services, name, password, origin, call.now_s)
    if verdict.wait_s > 0:
        return await _told_to_wait(view, verdict.wait_s)
    if verdict.sub is None:
        return await sign_in_page(_wrong(view, "sign_in", "refused"))
    async with services.store.transaction():
        if view.session is not None and view.session.sub != verdict.sub:
            await end_session(services, view.session.sid, call.now_s)
        session, cookie = await open_session(services, verdict.sub, acr, call.now_s, view.session)
        await interactions.note_session(services, view.pending, session.sid, signed_in=True)
        reply = await _go_on_after(view, session, signed_in=True, cookies=(cookie, _marked(services, verdict.sub)))
    services.memory.forget(REVOKED)
    return reply


def _marked(services: Services, sub: str) -> str:
    """The cookie that says: this person signed in with this browser before."""
    return write_cookie(services.settings, MARK, browser_mark(services, sub), max_age_s=MARK_TTL_S)


async def _told_to_wait(view: View, wait_s: float) -> Reply:
    reply = await sign_in_page(_wrong(view, "sign_in", "waiting", status=429, minutes=math.ceil(wait_s / 60)))
    return replace(reply, headers={**reply.headers, "retry-after": str(math.ceil(wait_s))})


async def _choose(view: View) -> Reply:
    if view.session is None or first(view.form or {}, "account") != "same":
        return await sign_in_page(replace(view, form=None))
    async with view.services.store.transaction():
        await interactions.note_session(view.services, view.pending, view.session.sid, signed_in=False)
    return await _go_on_after(view, view.session, signed_in=False)


async def _consent(view: View) -> Reply:
    services, call, pending, session = view.services, view.call, view.pending, view.session
    step, _ = await _judge(services, call, pending, session)
    if step.name != CONSENT or session is None:
        return await _go_on(replace(view, form=None))
    request = pending.request
    answer = read_answer(request.authorization_details, view.form or {}, view.language)
    if answer.errors:
        return await consent_page(replace(view, errors=answer.errors, status=400))
    async with services.store.transaction():
        agreement = await record_agreement(services, call, request, (session.sub, answer.details), view.language)
        await remember(services, request, session.sub, agreement, call.now_s)
        return await _complete(view, session, agreement.granted)


async def _refuse(view: View) -> Reply:
    return await _refused(view, "access_denied")


_ANSWERS: Mapping[str, Callable[[View], Awaitable[Reply]]] = {
    "sign_in": _sign_in,
    "choose": _choose,
    "consent": _consent,
    "refuse": _refuse,
    "cancel": _refuse,
}


async def _complete(view: View, session: Session, granted: Granted) -> Reply:
    """Give the client its code, or the device its grant. Call it in a transaction."""
    services, call, pending = view.services, view.call, view.pending
    await interactions.finish(services, pending, call.now_s)
    if pending.device_sha256 is not None:
        # A device is signed in for itself: signing out of this browser does not end it.
        sign_in = replace(session.sign_in(), sid=None)
        done = await approve_device(services, pending.device_sha256, pending.request, (sign_in, granted), call.now_s)
        return message(services, view.language, "device", "done") if done else expired_page(services, call)
    return await grant_code(services, call, pending.request, session.sign_in(), granted)


async def _refused(view: View, error: str, description: str = "") -> Reply:
    services, pending = view.services, view.pending
    async with services.store.transaction():
        await interactions.finish(services, pending, view.call.now_s)
        if pending.device_sha256 is not None:
            await refuse_device(services, pending.device_sha256, view.call.now_s)
    if pending.device_sha256 is not None:
        return message(services, view.language, "device", "refused")
    return refuse(services, pending.request, error, description)


def _wrong(view: View, section: str, text: str, *, status: int = 400, minutes: int = 0) -> View:
    """The view with one error that belongs to no single field."""
    told = load_texts(view.language)[section][text].format(minutes=minutes)
    return replace(view, errors=({"field": "", "text": told},), status=status)


def _wrong_fields(view: View, missing: list[str]) -> View:
    texts = load_texts(view.language)["sign_in"]
    errors = [{"field": field, "text": texts[f"{field}_missing"]} for field in missing]
    return replace(view, errors=errors, status=400)
