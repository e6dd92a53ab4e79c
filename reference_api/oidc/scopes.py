"""Scopes: which of them are about a person, and what a client may have."""

from collections.abc import Iterable
from functools import lru_cache

from reference_api.errors import OAuthError
from reference_api.fhir.launch import FHIR_USER, LAUNCH_PATIENT
from reference_api.fhir.smart import is_within
from reference_api.oidc.clients import ClientRecord

OPENID = "openid"
OFFLINE_ACCESS = "offline_access"
IDENTITY = frozenset(
    {OPENID, "profile", "email", "address", "phone", "tourism.profile", OFFLINE_ACCESS, FHIR_USER, LAUNCH_PATIENT}
)
"""Scopes that say something of a person, and nothing to a client that acts for itself.

Source: OpenID Connect Core 1.0 sections 5.4 and 11, SMART App Launch 2.2.0; tourism.profile is the contract's (C2).
"""


def granted_to_client(client: ClientRecord, requested: str | None) -> tuple[str, ...]:
    """What a client gets for itself: what it asks for if it may have all of it, everything if it asks for nothing.

    Raises:
        OAuthError: invalid_scope. Source: RFC 6749 section 4.4.3.
    """
    own = tuple(scope for scope in client.scopes if scope not in IDENTITY)
    return _part_of(own, requested)


def granted_for_subject(client: ClientRecord, requested: str | None) -> tuple[str, ...]:
    """What a client gets for a person without asking them, as token exchange in a sandbox does.

    Raises:
        OAuthError: invalid_scope.
    """
    if not requested:
        return granted_to_client(client, None)
    return _part_of(client.scopes, requested)


def narrowed(granted: Iterable[str], requested: str | None) -> tuple[str, ...]:
    """What is asked for of what was granted; everything if nothing is asked for.

    Raises:
        OAuthError: invalid_scope. Source: RFC 6749 section 6.
    """
    return _part_of(tuple(granted), requested)


def allowed(client: ClientRecord, requested: str | None) -> tuple[str, ...]:
    """What a client may ask a person for; what it may not, or what nobody knows, is passed over.

    Source: OpenID Connect Core 1.0 section 3.1.2.1: scope values that are not understood are ignored.
    """
    asked = dict.fromkeys((requested or "").split())
    return tuple(
        scope
        for scope in asked
        if is_within(scope, client.scopes) and (scope != OFFLINE_ACCESS or "refresh_token" in client.grant_types)
    )


@lru_cache(maxsize=1024)
def _part_of(whole: tuple[str, ...], requested: str | None) -> tuple[str, ...]:
    wanted = tuple(dict.fromkeys(requested.split())) if requested else whole
    if not all(is_within(scope, whole) for scope in wanted):
        raise OAuthError("invalid_scope", "more than this client may have here")
    return wanted
