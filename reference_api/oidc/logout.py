"""Signing out: RP-Initiated Logout 1.0. Whoever shows no ID token of the session has the person asked first."""

from urllib.parse import urlencode

import msgspec

from reference_api.call import Call, Reply
from reference_api.errors import ApiError, OAuthError
from reference_api.oidc.clients import read_client
from reference_api.oidc.consent_page import client_name
from reference_api.oidc.grants import REVOKED, revoke_grants_of_client_in_session
from reference_api.oidc.id_tokens import Hint, read_hint
from reference_api.oidc.parameters import Parameters, form_parameters, query_parameters
from reference_api.oidc.session_end import end_session
from reference_api.oidc.sessions import COOKIE, Session, client_sid, read_session
from reference_api.pages.cookies import write_cookie
from reference_api.pages.forms import first, form_token, is_own_form, read_form, sealed, unsealed
from reference_api.pages.rendering import Page, form_target, message, page_base, page_language, show
from reference_api.services import Services

ANSWER_PATH = "/sign-out"
_SEAL = "sign-out"


class Return(msgspec.Struct, frozen=True):
    """Where the person goes afterwards: a registered address of the client with its state, or to a page of ours.

    ``sid`` is the session of the ID token that was shown, as the client knows it, None if no good one was shown;
    ``held`` is the same by our own name, while there are grants of it.
    """

    client_id: str = ""
    uri: str = ""
    state: str | None = None
    sid: str | None = None
    held: str | None = None


async def request_sign_out(services: Services, call: Call) -> Reply:
    """The end_session_endpoint, by GET and by POST. Source: RP-Initiated Logout 1.0 sections 2 and 3."""
    is_form = call.operation.method == "POST"
    try:
        given = form_parameters(call) if is_form else query_parameters(call)
        given.check_single()
    except OAuthError as fault:
        raise ApiError("malformed-request", fault.description) from fault
    session = await read_session(services, call)
    back = await _understood(services, call, given)
    language = page_language(call, given.get("ui_locales") or "")
    if session is None and is_form:
        # Our cookies do not come along with the form of another site (SameSite); after a redirect they do.
        query = urlencode({"return": _sealed(services, back), "lang": language})
        place = f"{page_base(services)}{ANSWER_PATH}?{query}"
        return Reply(status=303, headers={"location": place, "cache-control": "no-store"})
    return await _go_on(services, call, session, back, language)


async def resume_sign_out(services: Services, call: Call) -> Reply:
    """A logout request by a form, now with the browser's cookies."""
    back = _unsealed(services, call.query().get("return", ""))
    return await _go_on(services, call, await read_session(services, call), back, page_language(call))


async def answer_sign_out(services: Services, call: Call) -> Reply:
    """What the person answered to the question whether to sign out."""
    form = read_form(call)
    language = page_language(call)
    back = _unsealed(services, first(form, "return"))
    session = await read_session(services, call)
    if session is None:
        return _done(services, back, language)
    if not is_own_form(services, call, form, _token(services, session)):
        return await _ask(services, session, back, language)
    if first(form, "step") == "sign_out":
        return await _sign_out(services, call, session, back, language)
    return message(services, language, "sign_out", "stayed")


async def _go_on(services: Services, call: Call, session: Session | None, back: Return, language: str) -> Reply:
    """Sign out at once where the client showed an ID token of this session, else ask the person."""
    if session is None:
        await _end_lost(services, back, call.now_s)
        return _done(services, back, language)
    if back.sid is not None and back.sid == client_sid(services, session.sid, back.client_id):
        return await _sign_out(services, call, session, back, language)
    return await _ask(services, session, back, language)


async def _understood(services: Services, call: Call, given: Parameters) -> Return:
    """What a request means.

    An ID token that is not ours, or not the named client's, forbids going back. Source: RP-Initiated Logout 1.0
    sections 2 (id_token_hint, client_id) and 3 (post_logout_redirect_uri).
    """
    text, client_id = given.get("id_token_hint"), given.get("client_id")
    hint = None if text is None else await read_hint(services, text, call.now_s)
    if text is not None and (hint is None or client_id not in (None, hint.client_id)):
        return Return()
    client = await read_client(services.store, client_id or ("" if hint is None else hint.client_id))
    if client is None:
        return Return()
    uri = given.get("post_logout_redirect_uri")
    if uri is not None and uri not in client.post_logout_redirect_uris:
        return Return(client.client_id)
    if hint is None:
        return Return(client.client_id, uri or "", given.get("state"))
    return Return(client.client_id, uri or "", given.get("state"), hint.sid, await _held(services, hint))


async def _held(services: Services, hint: Hint) -> str | None:
    """The session of an ID token by our own name; None if nothing is left of it."""
    rows = await services.store.all(
        "SELECT DISTINCT sid FROM authorization_grant WHERE sub = ? AND client_id = ? AND sid IS NOT NULL",
        (hint.sub, hint.client_id),
    )
    return next((sid for (sid,) in rows if client_sid(services, sid, hint.client_id) == hint.sid), None)


async def _end_lost(services: Services, back: Return, now_s: float) -> None:
    """End what the client got in a session that this browser has lost: it was closed, or the session ran out.

    Else the next person at a shelter's tablet could go on with it. What others got is theirs to end, so that no client
    signs people out elsewhere.
    """
    if back.held is None:
        return
    async with services.store.transaction():
        await revoke_grants_of_client_in_session(services, back.client_id, back.held, now_s)
    services.memory.forget(REVOKED)


def _sealed(services: Services, back: Return) -> str:
    return sealed(services, _SEAL, msgspec.json.encode(back).decode())


def _unsealed(services: Services, text: str) -> Return:
    """What was sealed.

    Raises:
        ApiError: malformed-request, if this is none of our seals.
    """
    opened = unsealed(services, _SEAL, text)
    if opened is None:
        raise ApiError("malformed-request", "this is not one of our forms")
    return msgspec.json.decode(opened, type=Return)


async def _sign_out(services: Services, call: Call, session: Session, back: Return, language: str) -> Reply:
    async with services.store.transaction():
        await end_session(services, session.sid, call.now_s)
    services.memory.forget(REVOKED)
    cookie = write_cookie(services.settings, COOKIE, "", max_age_s=0)
    return _done(services, back, language, cookie)


def _done(services: Services, back: Return, language: str, cookie: str = "") -> Reply:
    """Nobody is signed in any more: back to the client, or a page that says so."""
    cookies = (cookie,) if cookie else ()
    if not back.uri:
        return message(services, language, "sign_out", "done", cookies=cookies)
    query = "" if back.state is None else urlencode({"state": back.state})
    joint = "" if not query else "&" if "?" in back.uri else "?"
    headers = {"location": f"{back.uri}{joint}{query}", "cache-control": "no-store", "referrer-policy": "no-referrer"}
    return Reply(status=303, headers=headers, cookies=cookies)


async def _ask(services: Services, session: Session, back: Return, language: str) -> Reply:
    row = await services.store.one("SELECT name FROM account WHERE sub = ?", (session.sub,))
    client = await read_client(services.store, back.client_id) if back.client_id else None
    values = {
        "errors": (),
        "client": client_name(client, language),
        "person": "" if row is None else row[0],
        "action": f"{page_base(services)}{ANSWER_PATH}?lang={language}",
        "csrf": _token(services, session),
        "sealed": _sealed(services, back),
    }
    targets = (form_target(back.uri),) if back.uri else ()
    return show(services, Page("sign_out.html", language, values, targets=targets))


def _token(services: Services, session: Session) -> str:
    return form_token(services, _SEAL, session.sid)
