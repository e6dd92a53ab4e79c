"""Pending interactions: requests kept while a person signs in and consents, each bound to the browser that began it."""

import hmac
import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

import msgspec

from reference_api.call import Call, Reply
from reference_api.oidc.requests import AuthorizationRequest
from reference_api.oidc.row_bounds import forget_oldest
from reference_api.pages.cookies import read_cookie, write_cookie
from reference_api.services import Services, sha256_text

PATH = "/interaction/"
COOKIE = "interaction"
HANDLE_BYTES = 32
"""Entropy of the handle and of the browser's half. Source: as sessions have."""

PENDING_TTL_S = 1800
"""How long a person may take. Source: WCAG 2.2, 2.2.1: ample time; half an hour also lasts through a call for help.
Confidence C."""

AFTERGLOW_S = 10.0
"""A finished interaction answers again for so long, so that a button pressed twice ends as pressed once. Source: none;
longer than a double click over a slow line. Confidence C."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A request that waits for its person.

    ``browser`` is what only the browser that began it knows. ``sid`` is the session that was signed in
    (``signed_in``) or chosen for it. ``device_sha256`` names the device code that waits for it, if one does.
    """

    handle: str
    browser: str
    request: AuthorizationRequest
    sid: str | None = None
    signed_in: bool = False
    finished: bool = False
    device_sha256: str | None = None


async def keep(
    services: Services, request: AuthorizationRequest, now_s: float, device_sha256: str | None = None
) -> Reply:
    """Keep a request and send the browser to its first page. Source: RFC 9700 section 4.12 (303).

    After a loss of power the person begins anew; statements alone suffice.
    """
    handle, browser = secrets.token_urlsafe(HANDLE_BYTES), secrets.token_urlsafe(HANDLE_BYTES)
    await services.store.run("DELETE FROM interaction WHERE expires_at_s <= ?", (now_s,))
    await forget_oldest(services.store, "interaction")
    await services.store.run(
        "INSERT INTO interaction (handle_sha256, browser_sha256, request, device_sha256, created_at_s, expires_at_s)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (
            sha256_text(handle),
            sha256_text(browser),
            msgspec.json.encode(request).decode(),
            device_sha256,
            now_s,
            now_s + PENDING_TTL_S,
        ),
    )
    path = address(services, handle)
    cookie = write_cookie(services.settings, COOKIE, browser, path=path, max_age_s=PENDING_TTL_S)
    return Reply(status=303, headers={"location": path, "cache-control": "no-store"}, cookies=(cookie,))


async def find(services: Services, call: Call) -> Pending | None:
    """The interaction whose page is called, by the browser that began it; None for anybody else or if it is over."""
    handle = call.parameters["handle"]
    row = await services.store.one(
        "SELECT browser_sha256, request, sid, signed_in, finished_at_s, device_sha256 FROM interaction"
        " WHERE handle_sha256 = ? AND expires_at_s > ?",
        (sha256_text(handle), call.now_s),
    )
    browser = read_cookie(services.settings, call, COOKIE, whole_host=False)
    if row is None or not hmac.compare_digest(sha256_text(browser), row[0]):
        return None
    request = msgspec.json.decode(row[1], type=AuthorizationRequest)
    return Pending(handle, browser, request, row[2], bool(row[3]), row[4] is not None, row[5])


async def note_session(services: Services, pending: Pending, sid: str, *, signed_in: bool) -> None:
    """A session was signed in or chosen for the interaction. Call it in a transaction."""
    await services.store.run(
        "UPDATE interaction SET sid = ?, signed_in = ? WHERE handle_sha256 = ?",
        (sid, int(signed_in), sha256_text(pending.handle)),
    )


async def finish(services: Services, pending: Pending, now_s: float) -> None:
    """The interaction has its answer. Call it in a transaction."""
    await services.store.run(
        "UPDATE interaction SET finished_at_s = ?, expires_at_s = ? WHERE handle_sha256 = ? AND finished_at_s IS NULL",
        (now_s, now_s + AFTERGLOW_S, sha256_text(pending.handle)),
    )


def address(services: Services, handle: str) -> str:
    """Path of an interaction's page."""
    return urlsplit(services.settings.issuer).path + PATH + handle
