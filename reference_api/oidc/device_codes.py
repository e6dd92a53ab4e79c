"""Device codes: the two codes of a device that cannot show a sign-in page, and what became of them (RFC 8628)."""

import secrets
import unicodedata
from dataclasses import dataclass

import msgspec

from reference_api.call import Call
from reference_api.errors import OAuthError
from reference_api.oidc.clients import ClientRecord
from reference_api.oidc.grants import Grant, Granted, SignIn, open_grant, read_grant
from reference_api.oidc.issuing import Redeemed, narrowed_resources
from reference_api.oidc.parameters import Parameters
from reference_api.oidc.refresh_tokens import new_refresh_token
from reference_api.oidc.requests import AuthorizationRequest
from reference_api.oidc.row_bounds import forget_oldest
from reference_api.services import Services, sha256_text

CODE_BYTES = 32
"""Entropy of a device code. Source: RFC 8628 section 5.2, RFC 6749 section 10.10."""

ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
USER_CODE_LENGTH = 8
"""Consonants, so that no words arise; 20**8 codes. Source: RFC 8628 section 6.1."""

CODE_TTL_S = 600
"""How long a person may take. Source: none; RFC 8628 section 5.1 asks for short lives, its example has half an hour;
ten minutes do for a kiosk with somebody in front of it. Confidence C."""

KEPT_S = 3600.0
"""How long an expired code is kept, so that a device that polls is told that it has expired. Source: none; devices give
up sooner. Confidence C."""

INTERVAL_S = 5
"""Source: RFC 8628 section 3.2, the default."""

SLOWER_BY_S = 5
"""Source: RFC 8628 section 3.5, slow_down."""

PENDING, APPROVED, REFUSED, USED = "pending", "approved", "refused", "used"


@dataclass(frozen=True, slots=True)
class DeviceRequest:
    """A device's request that waits for its person; ``request`` is what the device asks for."""

    code_sha256: str
    user_code: str
    request: AuthorizationRequest


async def new_codes(services: Services, request: AuthorizationRequest, now_s: float) -> tuple[str, str]:
    """Keep a device's request: its device code and its user code."""
    code = secrets.token_urlsafe(CODE_BYTES)
    async with services.store.transaction():
        await services.store.run("DELETE FROM device_code WHERE expires_at_s <= ?", (now_s - KEPT_S,))
        await forget_oldest(services.store, "device_code")
        user_code = await _fresh_user_code(services)
        await services.store.run(
            "INSERT INTO device_code (code_sha256, user_code, client_id, request, state, created_at_s, expires_at_s,"
            " interval_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                sha256_text(code),
                user_code,
                request.client_id,
                msgspec.json.encode(request).decode(),
                PENDING,
                now_s,
                now_s + CODE_TTL_S,
                INTERVAL_S,
            ),
        )
    return code, user_code


async def find_user_code(services: Services, text: str, now_s: float) -> DeviceRequest | None:
    """The request that waits under a user code, however it is written; None if none does."""
    user_code = bare_code(text)
    row = await services.store.one(
        "SELECT code_sha256, user_code, request FROM device_code"
        " WHERE user_code = ? AND state = ? AND expires_at_s > ?",
        (user_code, PENDING, now_s),
    )
    return (
        None if row is None else DeviceRequest(row[0], row[1], msgspec.json.decode(row[2], type=AuthorizationRequest))
    )


def bare_code(text: str) -> str:
    """The letters of a user code as somebody wrote it: case, width and punctuation do not matter.

    Source: RFC 8628 section 6.1.
    """
    return "".join(letter for letter in unicodedata.normalize("NFKC", text).upper() if letter in ALPHABET)


def shown_code(user_code: str) -> str:
    """The user code as people read it best: in two halves."""
    half = USER_CODE_LENGTH // 2
    return f"{user_code[:half]}-{user_code[half:]}"


async def approve_device(
    services: Services, device_sha256: str, request: AuthorizationRequest, given: tuple[SignIn, Granted], now_s: float
) -> bool:
    """Give the device its grant, if it still waits for it. Call it in a transaction."""
    if not await _decide(services, device_sha256, APPROVED, now_s):
        return False
    grant = await open_grant(services, request, *given, now_s)
    await services.store.run("UPDATE device_code SET grant_id = ? WHERE code_sha256 = ?", (grant.id, device_sha256))
    return True


async def refuse_device(services: Services, device_sha256: str, now_s: float) -> bool:
    """The person does not want it, if it still waits. Call it in a transaction."""
    return await _decide(services, device_sha256, REFUSED, now_s)


async def redeem_device_code(services: Services, call: Call, client: ClientRecord, form: Parameters) -> Redeemed:
    """The grant of a device code, once.

    Raises:
        OAuthError: authorization_pending, slow_down, access_denied, expired_token or invalid_grant.
            Source: RFC 8628 section 3.5.
    """
    code_sha256 = sha256_text(form.require("device_code"))
    async with services.store.transaction():
        row = await services.store.one(
            "SELECT state, grant_id, expires_at_s, interval_s, polled_at_s FROM device_code"
            " WHERE code_sha256 = ? AND client_id = ?",
            (code_sha256, client.client_id),
        )
        if row is None or row[0] == USED:
            raise OAuthError("invalid_grant", "the device code is not valid")
        error = _why_not(row[0], row[2], call.now_s)
        too_soon = row[4] is not None and call.now_s < row[4] + row[3]
        if error == "authorization_pending":
            await services.store.run(
                "UPDATE device_code SET polled_at_s = ?, interval_s = ? WHERE code_sha256 = ?",
                (call.now_s, row[3] + SLOWER_BY_S if too_soon else row[3], code_sha256),
            )
        if not error:
            grant = await _held(services, row[1])
            narrowed_resources(services, grant, form)
            return await _used(services, code_sha256, grant, call.now_s, client)
    raise OAuthError("slow_down" if too_soon and error == "authorization_pending" else error)


def _why_not(state: str, expires_at_s: float, now_s: float) -> str:
    """Error for a code that gives no grant now, empty if it does."""
    if state == REFUSED:
        return "access_denied"
    if expires_at_s <= now_s:
        return "expired_token"
    return "authorization_pending" if state == PENDING else ""


async def _held(services: Services, grant_id: str) -> Grant:
    grant = await read_grant(services, grant_id)
    if grant is None or grant.revoked_at_s is not None:
        raise OAuthError("invalid_grant", "the grant has ended")
    return grant


async def _used(services: Services, code_sha256: str, grant: Grant, now_s: float, client: ClientRecord) -> Redeemed:
    await services.store.run("UPDATE device_code SET state = ? WHERE code_sha256 = ?", (USED, code_sha256))
    refresh_token = await new_refresh_token(services, grant, now_s) if "refresh_token" in client.grant_types else None
    return Redeemed(grant, grant.granted.scope, refresh_token)


async def _decide(services: Services, device_sha256: str, state: str, now_s: float) -> bool:
    changed = await services.store.run(
        "UPDATE device_code SET state = ? WHERE code_sha256 = ? AND state = ? AND expires_at_s > ?",
        (state, device_sha256, PENDING, now_s),
    )
    return changed == 1


async def _fresh_user_code(services: Services) -> str:
    """A user code that no device has now."""
    while True:
        code = "".join(secrets.choice(ALPHABET) for _ in range(USER_CODE_LENGTH))
        if await services.store.one("SELECT 1 FROM device_code WHERE user_code = ?", (code,)) is None:
            return code
