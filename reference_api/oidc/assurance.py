"""How well somebody proved who they are: the authentication context classes of this server (acr), and their amr."""

from collections.abc import Mapping

from reference_api.oidc.requests import AuthorizationRequest
from reference_api.settings import Settings

PASSWORD = "urn:citytwin:acr:password"  # noqa: S105 - the name of a class, not a password
CARD = "urn:citytwin:acr:card"
"""マイナンバーカード, by a reader or by デジタル認証アプリ."""

METHODS: Mapping[str, str] = {"password": PASSWORD, "card": CARD}
"""Class that each way to sign in reaches; the names are those of the sign-in page's buttons."""

AMR: Mapping[str, tuple[str, ...]] = {PASSWORD: ("pwd",), CARD: ("mfa", "pin", "sc")}
"""Source: RFC 8176 section 2; a card is a smart card opened by a PIN."""


def offered_acrs(settings: Settings) -> tuple[str, ...]:
    """Classes that this server reaches, the better first.

    A card is read by an upstream provider (JPKI, デジタル認証アプリ), which only a sandbox simulates.
    """
    return (CARD, PASSWORD) if settings.sandbox else (PASSWORD,)


def acceptable_acrs(settings: Settings, request: AuthorizationRequest) -> frozenset[str]:
    """Classes that a request takes; none if it demands what is not offered.

    An essential acr claim demands one of its values. Otherwise the first wish that is offered is followed, and any
    class will do where none is. Source: OpenID Connect Core 1.0 sections 3.1.2.1 (acr_values) and 5.5.1.1.
    """
    offered = offered_acrs(settings)
    claim = request.claims.get("id_token", {}).get("acr") or {}
    wishes = _values(claim)
    if claim.get("essential") is True and wishes:
        return frozenset(wishes) & frozenset(offered)
    for wish in (*wishes, *request.acr_values):
        if wish in offered:
            return frozenset((wish, CARD)) & frozenset(offered)
    return frozenset(offered)


def _values(claim: Mapping[str, object]) -> tuple[str, ...]:
    """What a claim's request demands as value or values. Source: OpenID Connect Core 1.0 section 5.5.1."""
    values = claim.get("values", [claim["value"]] if "value" in claim else [])
    return tuple(value for value in values if isinstance(value, str)) if isinstance(values, list) else ()
