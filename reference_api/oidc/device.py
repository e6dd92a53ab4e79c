"""The device grant (RFC 8628): a shelter's kiosk or a television gets its codes, and a person enters one of them."""

import math
import secrets
from collections.abc import Mapping
from dataclasses import replace

from reference_api.call import Call, Reply, json_reply
from reference_api.errors import OAuthError
from reference_api.oidc import pending as interactions
from reference_api.oidc.client_authentication import authenticate
from reference_api.oidc.clients import read_client
from reference_api.oidc.consent_page import client_name
from reference_api.oidc.credentials import count_guess, forgive, network_of
from reference_api.oidc.device_codes import (
    CODE_TTL_S,
    INTERVAL_S,
    DeviceRequest,
    find_user_code,
    new_codes,
    refuse_device,
    shown_code,
)
from reference_api.oidc.grant_types import DEVICE_CODE
from reference_api.oidc.parameters import NO_STORE, oauth_endpoint, token_parameters
from reference_api.oidc.requests import AuthorizationRequest
from reference_api.oidc.resources import check_resources
from reference_api.oidc.scopes import allowed
from reference_api.pages.cookies import read_cookie, write_cookie
from reference_api.pages.forms import first, form_token, is_own_form, read_form
from reference_api.pages.rendering import Page, message, page_base, page_language, show
from reference_api.pages.texts import load_texts
from reference_api.services import Services

Errors = tuple[Mapping[str, str], ...]
PATH = "/device"
COOKIE = "device"
EXAMPLE_CODE = "BCDF-GHJK"
COOKIE_BYTES = 32


@oauth_endpoint
async def authorize_device(services: Services, call: Call) -> Reply:
    """Codes for a device that cannot show a sign-in page. Source: RFC 8628 sections 3.1 and 3.2."""
    form = token_parameters(call)
    client = await authenticate(services, call, form)
    if DEVICE_CODE not in client.grant_types:
        raise OAuthError("unauthorized_client", f"the client did not register {DEVICE_CODE}")
    request = AuthorizationRequest(
        client_id=client.client_id,
        redirect_uri="",
        scope=allowed(client, form.get("scope")),
        code_challenge="",
        resources=check_resources(services.settings, form.resources),
    )
    device_code, user_code = await new_codes(services, request, call.now_s)
    address, shown = services.settings.issuer + PATH, shown_code(user_code)
    answer = {
        "device_code": device_code,
        "user_code": shown,
        "verification_uri": address,
        "verification_uri_complete": f"{address}?user_code={shown}",
        "expires_in": CODE_TTL_S,
        "interval": INTERVAL_S,
    }
    return json_reply(answer, headers=NO_STORE)


async def show_device(services: Services, call: Call) -> Reply:
    """The page where a person enters the code of a device, or checks the one that a link brought along."""
    user_code = call.query().get("user_code", "")
    if not user_code:
        return _entry(services, call)
    found = await _found(services, call, user_code)
    return found if isinstance(found, Reply) else await _confirmation(services, call, found)


async def answer_device(services: Services, call: Call) -> Reply:
    """What a person sent from the page: a code, and then whether it is the one that the device shows."""
    form = read_form(call)
    user_code = first(form, "user_code")
    if not is_own_form(services, call, form, _token(services, _browser(services, call))):
        return _entry(services, call, _error(call, "form_expired"), user_code, status=403)
    found = await _found(services, call, user_code)
    if isinstance(found, Reply):
        return found
    step = first(form, "step")
    if step not in ("confirm", "refuse"):
        return await _confirmation(services, call, found)
    if step == "refuse":
        async with services.store.transaction():
            await refuse_device(services, found.code_sha256, call.now_s)
        return message(services, page_language(call), "device", "refused")
    reply = await interactions.keep(services, found.request, call.now_s, found.code_sha256)
    place = f"{reply.headers['location']}?lang={page_language(call)}"
    return replace(reply, headers={**reply.headers, "location": place})


async def _found(services: Services, call: Call, user_code: str) -> DeviceRequest | Reply:
    """The request that waits under a user code, or what is answered to a wrong one.

    Guesses are counted for each address, by whichever button they come. Source: RFC 8628 sections 5.1 and 5.4.
    """
    keys = [f"device:{network_of(call.address)}"]
    wait_s = await count_guess(services.store, keys, call.now_s)
    if wait_s > 0:
        error = _error(call, "waiting", minutes=math.ceil(wait_s / 60))
        reply = _entry(services, call, error, user_code, status=429)
        return replace(reply, headers={**reply.headers, "retry-after": str(math.ceil(wait_s))})
    found = await find_user_code(services, user_code, call.now_s)
    if found is None:
        return _entry(services, call, _error(call, "code_wrong"), user_code, status=400)
    await forgive(services.store, keys)
    return found


async def _confirmation(services: Services, call: Call, found: DeviceRequest) -> Reply:
    client = await read_client(services.store, found.request.client_id)
    values = {"client": client_name(client, page_language(call)), "user_code": shown_code(found.user_code)}
    return _page(services, call, "device_check.html", {**values, "errors": ()})


def _entry(services: Services, call: Call, errors: Errors = (), user_code: str = "", *, status: int = 200) -> Reply:
    values = {"errors": errors, "user_code": user_code, "example": EXAMPLE_CODE}
    return _page(services, call, "device.html", values, status=status)


def _page(services: Services, call: Call, template: str, values: Mapping[str, object], *, status: int = 200) -> Reply:
    language = page_language(call)
    browser = _browser(services, call)
    cookies: tuple[str, ...] = ()
    if not browser:
        browser = secrets.token_urlsafe(COOKIE_BYTES)
        cookies = (write_cookie(services.settings, COOKIE, browser),)
    shared = {"action": f"{page_base(services)}{PATH}?lang={language}", "csrf": _token(services, browser)}
    page = Page(template, language, {**shared, **values}, status=status, cookies=cookies, switch=PATH)
    return show(services, page)


def _browser(services: Services, call: Call) -> str:
    return read_cookie(services.settings, call, COOKIE)


def _token(services: Services, browser: str) -> str:
    return form_token(services, "device", browser) if browser else secrets.token_hex()


def _error(call: Call, name: str, *, minutes: int = 0) -> Errors:
    text = load_texts(page_language(call))["device"][name].format(minutes=minutes)
    return ({"field": "user_code", "text": text},)
