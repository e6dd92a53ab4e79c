"""The authorization request: what a client asks of a person, all of it validated."""

from collections.abc import Mapping
from typing import Any

import msgspec

from reference_api.oidc.consent_details import ConsentDetail

Claims = Mapping[str, Mapping[str, Mapping[str, Any] | None]]


class AuthorizationRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a client asks of a person, all of it validated; it can be kept as JSON while the person signs in.

    ``scope`` holds only what the client may ask for, in its order. ``redirect_uri`` is registered. ``prompt`` is some
    of none (alone), login, consent, select_account. ``max_age_s`` is how long ago the sign-in may be. ``hinted_sub`` is
    the local ID in the id_token_hint. ``ui_locales`` are BCP 47 tags in order of preference. ``claims`` is the claims
    parameter (members userinfo and id_token, each claim -> null or its demands). ``resources`` are absolute URIs, none
    means what the scopes reach. Source: OpenID Connect Core 1.0 section 3.1.2.1, RFC 7636, RFC 8707, RFC 9396.
    """

    client_id: str
    redirect_uri: str
    scope: tuple[str, ...]
    code_challenge: str
    state: str | None = None
    nonce: str | None = None
    prompt: tuple[str, ...] = ()
    max_age_s: int | None = None
    login_hint: str | None = None
    hinted_sub: str | None = None
    ui_locales: tuple[str, ...] = ()
    claims_locales: tuple[str, ...] = ()
    display: str | None = None
    acr_values: tuple[str, ...] = ()
    claims: Claims = {}
    authorization_details: tuple[ConsentDetail, ...] = ()
    resources: tuple[str, ...] = ()
