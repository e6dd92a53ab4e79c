"""Dynamic client registration and what comes after it (RFC 7591, RFC 7592), where the city has switched it on."""

import hmac
import secrets
from typing import Any

import msgspec

from reference_api.call import JSON_TYPES, Call, Reply, json_reply
from reference_api.errors import ApiError, OAuthError
from reference_api.oidc.client_metadata import Wanted, read_metadata, sector_of
from reference_api.oidc.client_seed import SERVICE_ROLE, new_secret
from reference_api.oidc.clients import BASIC, POST
from reference_api.oidc.grants import REVOKED, revoke_grants_of_client
from reference_api.oidc.parameters import NO_STORE, oauth_endpoint
from reference_api.services import Services, sha256_text
from reference_api.store.protocol import Row

PATH = "/register"
ID_BYTES = 12
"""Entropy of a client id; it is no secret. Source: none; 2**96 never collide. Confidence C."""

_COLUMNS = (
    "client_id", "role", "recipient", "scopes", "secret_sha256", "auth_method", "grant_types", "sector",
    "redirect_uris", "post_logout_redirect_uris", "backchannel_logout_uri", "backchannel_session_required", "jwks",
    "name_ja", "name_en", "id_token_alg", "require_par", "default_max_age_s", "registered_at_s",
    "registration_token_sha256", "metadata",
)  # fmt: skip


@oauth_endpoint
async def register_client(services: Services, call: Call) -> Reply:
    """Register a third party's service. Source: RFC 7591 section 3, OpenID Connect Registration 1.0 section 3."""
    _check_offered(services)
    _check_initial_token(services, call)
    if call.headers.get("content-type", "").partition(";")[0].strip().lower() not in JSON_TYPES:
        raise OAuthError("invalid_client_metadata", "send application/json")
    wanted = read_metadata(call.body)
    client_id = f"service-{secrets.token_urlsafe(ID_BYTES)}"
    secret = new_secret() if wanted.metadata.token_endpoint_auth_method in (BASIC, POST) else None
    token = new_secret()
    marks = ", ".join("?" * len(_COLUMNS))
    async with services.store.transaction():
        await services.store.run(
            f"INSERT INTO client ({', '.join(_COLUMNS)}) VALUES ({marks})",
            _row(wanted, client_id, secret, token, call.now_s),
        )
    told = _told(services, client_id, call.now_s, msgspec.to_builtins(_shown(wanted)))
    told["registration_access_token"] = token
    if secret is not None:
        told |= {"client_secret": secret, "client_secret_expires_at": 0}
    return json_reply(told, 201, {**NO_STORE, "location": told["registration_client_uri"]})


@oauth_endpoint
async def read_registered(services: Services, call: Call) -> Reply:
    """A client as it is registered; its secret was told once. Source: RFC 7592 section 2.1."""
    row, token = await _own(services, call)
    told = _told(services, call.parameters["client_id"], row[1], msgspec.json.decode(row[2]))
    return json_reply({**told, "registration_access_token": token}, headers=NO_STORE)


@oauth_endpoint
async def delete_registered(services: Services, call: Call) -> Reply:
    """Remove a client; its grants end at once. Source: RFC 7592 section 2.3."""
    await _own(services, call)
    client_id = call.parameters["client_id"]
    async with services.store.transaction():
        await revoke_grants_of_client(services, client_id, call.now_s)
        await services.store.run("DELETE FROM agreement WHERE client_id = ?", (client_id,))
        await services.store.run("DELETE FROM client WHERE client_id = ?", (client_id,))
    services.memory.forget(REVOKED)
    return Reply(status=204, headers=NO_STORE)


def _check_offered(services: Services) -> None:
    if not services.settings.registration:
        raise ApiError("not-found")


def _check_initial_token(services: Services, call: Call) -> None:
    """Whether the caller may register.

    Raises:
        OAuthError: invalid_token. Source: RFC 7591 section 3, RFC 6750 section 3.1.
    """
    demanded = services.settings.registration_token
    if demanded is not None and not hmac.compare_digest(sha256_text(_bearer(call)), sha256_text(demanded)):
        raise _refused()


async def _own(services: Services, call: Call) -> tuple[Row, str]:
    """Hash, time and metadata of the client whose token the caller has; unknown clients and wrong tokens look alike.

    Raises:
        OAuthError: invalid_token. Source: RFC 7592 section 2.
    """
    _check_offered(services)
    token = _bearer(call)
    row = await services.store.one(
        "SELECT registration_token_sha256, registered_at_s, metadata FROM client WHERE client_id = ?",
        (call.parameters["client_id"],),
    )
    if row is None or row[0] is None or not hmac.compare_digest(sha256_text(token), row[0]):
        raise _refused()
    return row, token


def _bearer(call: Call) -> str:
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _refused() -> OAuthError:
    return OAuthError("invalid_token", "not valid here", status=401, challenge='Bearer error="invalid_token"')


def _shown(wanted: Wanted) -> dict[str, Any]:
    """The metadata as registered. Source: RFC 7591 section 3.2.1."""
    kept = {
        name: value for name, value in msgspec.to_builtins(wanted.metadata).items() if value is not None and value != []
    }
    names = {"client_name#ja": wanted.name_ja, "client_name#en": wanted.name_en}
    named = {name: text for name, text in names.items() if text}
    return {**kept, **named, "scope": " ".join(wanted.scopes)}


def _told(services: Services, client_id: str, registered_at_s: float, metadata: dict[str, Any]) -> dict[str, Any]:
    return {
        **metadata,
        "client_id": client_id,
        "client_id_issued_at": int(registered_at_s),
        "registration_client_uri": f"{services.settings.issuer}{PATH}/{client_id}",
    }


def _row(wanted: Wanted, client_id: str, secret: str | None, token: str, now_s: float) -> tuple[object, ...]:
    """The client in order of ``_COLUMNS``."""
    metadata = wanted.metadata
    return (
        client_id,
        SERVICE_ROLE,
        f"service:{client_id}",
        " ".join(wanted.scopes),
        None if secret is None else sha256_text(secret),
        metadata.token_endpoint_auth_method,
        " ".join(metadata.grant_types),
        sector_of(metadata, client_id),
        msgspec.json.encode(metadata.redirect_uris).decode(),
        msgspec.json.encode(metadata.post_logout_redirect_uris).decode(),
        metadata.backchannel_logout_uri,
        int(metadata.backchannel_logout_session_required),
        None if metadata.jwks is None else msgspec.json.encode(metadata.jwks).decode(),
        wanted.name_ja,
        wanted.name_en,
        metadata.id_token_signed_response_alg,
        int(metadata.require_pushed_authorization_requests),
        metadata.default_max_age,
        now_s,
        sha256_text(token),
        msgspec.json.encode(_shown(wanted)).decode(),
    )
