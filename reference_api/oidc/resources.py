"""Protected resources: what an access token can be meant for, and which of them an operation belongs to."""

from collections.abc import Iterable
from functools import lru_cache

from reference_api.errors import OAuthError
from reference_api.settings import Settings

API_PATH = "/v1"
FHIR_PATH = "/fhir"
USERINFO_PATH = "/userinfo"
METADATA_PATH = "/.well-known/oauth-protected-resource"
"""Source: RFC 9728 section 3."""


@lru_cache(maxsize=1024)
def resource_path(operation_path: str) -> str:
    """The path of the resource under which an operation lies, empty for the authorization server's own (UserInfo)."""
    if operation_path.startswith(USERINFO_PATH):
        return ""
    return FHIR_PATH if operation_path.startswith(FHIR_PATH) else API_PATH


def known_resources(settings: Settings) -> tuple[str, ...]:
    """Every resource that a token can be meant for, as absolute URIs."""
    return (settings.issuer + API_PATH, settings.issuer + FHIR_PATH, settings.issuer)


def audience(settings: Settings, scope: Iterable[str], resources: Iterable[str]) -> tuple[str, ...]:
    """What a token is meant for: the resources asked for, else those that its scopes reach.

    A token with scope openid is always meant for UserInfo too. Source: RFC 8707 section 2, RFC 9068 section 3.
    """
    scopes = set(scope)
    health = any("/" in one for one in scopes)
    reached = tuple(resources) or (
        settings.issuer + API_PATH,
        *((settings.issuer + FHIR_PATH,) if health else ()),
    )
    return tuple(dict.fromkeys((*reached, *((settings.issuer,) if "openid" in scopes else ()))))


def check_resources(settings: Settings, resources: Iterable[str]) -> tuple[str, ...]:
    """The resources asked for, if this server knows all of them.

    Raises:
        OAuthError: invalid_target. Source: RFC 8707 section 2.
    """
    asked = tuple(dict.fromkeys(resources))
    if not set(asked) <= set(known_resources(settings)):
        raise OAuthError("invalid_target", f"resource is one of {', '.join(known_resources(settings))}")
    return asked
