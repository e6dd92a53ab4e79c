"""SMART configuration: where and how apps get authorised. Source: HL7 SMART App Launch 2.2.0, conformance.html."""

from reference_api.call import Call, Reply, json_reply
from reference_api.oidc.discovery import provider_metadata
from reference_api.services import Services

CAPABILITIES = (
    "launch-standalone",
    "client-public",
    "client-confidential-symmetric",
    "client-confidential-asymmetric",
    "sso-openid-connect",
    "context-standalone-patient",
    "permission-offline",
    "permission-patient",
    "permission-user",
    "permission-v1",
    "permission-v2",
    "authorize-post",
)

FROM_PROVIDER = (
    "issuer",
    "jwks_uri",
    "authorization_endpoint",
    "token_endpoint",
    "token_endpoint_auth_methods_supported",
    "token_endpoint_auth_signing_alg_values_supported",
    "revocation_endpoint",
    "introspection_endpoint",
    "grant_types_supported",
    "response_types_supported",
    "scopes_supported",
    "code_challenge_methods_supported",
)
"""Members that say the same as the metadata of the authorization server."""


async def get_smart_configuration(services: Services, _call: Call) -> Reply:
    """The document at ``.well-known/smart-configuration``; public."""
    metadata = provider_metadata(services.settings)
    document = {name: metadata[name] for name in FROM_PROVIDER} | {"capabilities": CAPABILITIES}
    return json_reply(document, headers={"cache-control": "public, max-age=3600"})
