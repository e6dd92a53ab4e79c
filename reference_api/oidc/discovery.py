"""Discovery of the authorization server: what it can do, and its public keys."""

from functools import lru_cache

from conformance.contract.operations import load_document
from reference_api.call import Call, Reply, json_reply
from reference_api.cross_origin import ALLOW_ANY
from reference_api.oidc.assurance import offered_acrs
from reference_api.oidc.claims import supported_claims
from reference_api.oidc.client_authentication import ASSERTION_ALGORITHMS
from reference_api.oidc.clients import AUTH_METHODS, PUBLIC
from reference_api.oidc.consent_details import TYPE
from reference_api.oidc.grant_types import offered
from reference_api.oidc.key_ring import published_keys
from reference_api.oidc.keys import ES256, RS256
from reference_api.services import Services
from reference_api.settings import Settings

CACHE = {"cache-control": "max-age=30", **ALLOW_ANY}
"""Source: contract C7, a change is to be visible within 60 s by polling, max-age at most 30."""

ENDPOINTS = {
    "authorization_endpoint": "/authorize",
    "token_endpoint": "/token",
    "pushed_authorization_request_endpoint": "/par",
    "jwks_uri": "/.well-known/jwks.json",
    "revocation_endpoint": "/revoke",
    "introspection_endpoint": "/introspect",
    "userinfo_endpoint": "/userinfo",
    "end_session_endpoint": "/end_session",
    "device_authorization_endpoint": "/device_authorization",
}
"""Paths of the endpoints by their name in the metadata."""
REGISTRATION_PATH = "/register"


async def get_openid_configuration(services: Services, _: Call) -> Reply:
    """Metadata of the authorization server. Source: OpenID Connect Discovery 1.0 section 3, RFC 8414 section 2."""
    return json_reply(provider_metadata(services.settings), headers=CACHE)


async def get_jwks(services: Services, call: Call) -> Reply:
    """Public keys: those to come, those that sign, and those that signed what may still hold."""
    keys = await published_keys(services, call.now_s)
    return json_reply({"keys": [key.public_jwk() for key in keys]}, headers=CACHE)


@lru_cache(maxsize=8)
def provider_metadata(settings: Settings) -> dict[str, object]:
    """What this server says that it can do. Do not change what is returned."""
    proven = [method for method in AUTH_METHODS if method != PUBLIC]
    return {
        "issuer": settings.issuer,
        **{name: settings.issuer + path for name, path in ENDPOINTS.items()},
        **({"registration_endpoint": settings.issuer + REGISTRATION_PATH} if settings.registration else {}),
        **_capabilities(settings),
        "token_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "token_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "revocation_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "revocation_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "introspection_endpoint_auth_methods_supported": proven,
        "introspection_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
    }


def _capabilities(settings: Settings) -> dict[str, object]:
    scopes = load_document()["components"]["securitySchemes"]["oauth"]["flows"]["clientCredentials"]["scopes"]
    return {
        "scopes_supported": sorted(scopes),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(offered(settings)),
        "code_challenge_methods_supported": ["S256"],
        "subject_types_supported": ["pairwise", "public"],
        "id_token_signing_alg_values_supported": [RS256, ES256],
        "authorization_details_types_supported": [TYPE],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "display_values_supported": ["page", "popup", "touch"],
        "ui_locales_supported": ["ja", "en"],
        "claim_types_supported": ["normal"],
        "claims_supported": sorted(supported_claims()),
        "acr_values_supported": list(offered_acrs(settings)),
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "authorization_response_iss_parameter_supported": True,
        "claims_parameter_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "require_pushed_authorization_requests": False,
    }
