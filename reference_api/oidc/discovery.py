"""Discovery: the authorization server, its keys, and the city OS itself."""

from conformance.contract.operations import load_document, load_operations
from reference_api.call import Call, Reply, json_reply
from reference_api.errors import ApiError
from reference_api.oidc.token import GRANT_TYPES, TOKEN_EXCHANGE
from reference_api.services import Services

CACHE = {"cache-control": "max-age=30"}
"""Source: contract C7, a change is to be visible within 60 s by polling, max-age at most 30."""


async def get_openid_configuration(services: Services, _: Call) -> Reply:
    """Metadata of the authorization server. Source: OpenID Connect Discovery 1.0 section 3, RFC 8414 section 2."""
    issuer = services.settings.issuer
    grants = [grant for grant in GRANT_TYPES if services.settings.sandbox or grant != TOKEN_EXCHANGE]
    scopes = load_document()["components"]["securitySchemes"]["oauth"]["flows"]["clientCredentials"]["scopes"]
    metadata = {
        "issuer": issuer,
        "token_endpoint": issuer + "/token",
        "jwks_uri": issuer + "/.well-known/jwks.json",
        "grant_types_supported": grants,
        "scopes_supported": sorted(scopes),
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "response_types_supported": [],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
    }
    return json_reply(metadata, headers=CACHE)


async def get_jwks(services: Services, _: Call) -> Reply:
    """Public keys."""
    return json_reply({"keys": [services.key.public_jwk()]}, headers=CACHE)


async def get_city_os(services: Services, _: Call) -> Reply:
    """What this city OS is; in a sandbox with its clients' secrets, which open made-up people's data only."""
    about = await services.store.one("SELECT municipality, town, people, seed, population_sha256 FROM about")
    document: dict[str, object] = {
        "contract_version": load_document()["info"]["version"],
        "municipality": about[0] if about else services.settings.municipality,
        "environment": services.settings.environment,
        "issuer": services.settings.issuer,
        "api_base": services.settings.audience,
        "profiles": [
            {"id": profile, "version": "1.0", "level": "partial"}
            for profile in sorted({operation.profile for operation in load_operations()} - {"sandbox"})
        ],
    }
    if services.settings.sandbox:
        document["sandbox"] = await _sandbox(services, about)
    return json_reply(document, headers=CACHE)


async def _sandbox(services: Services, about: tuple[object, ...] | None) -> dict[str, object]:
    rows = await services.store.all(
        "SELECT client.client_id, secret, role, recipient, scopes FROM client"
        " JOIN sandbox_secret ON sandbox_secret.client_id = client.client_id ORDER BY client.client_id"
    )
    sandbox: dict[str, object] = {
        "clients": [
            {
                "client_id": row[0],
                "client_secret": row[1],
                "role": row[2],
                "recipient": row[3],
                "scopes": row[4].split(),
            }
            for row in rows
        ]
    }
    if about:
        sandbox["seeding"] = dict(zip(("town", "people", "seed", "population_sha256"), about[1:], strict=True))
    return sandbox


async def require_sandbox(services: Services) -> None:
    """Make what belongs to a sandbox look absent elsewhere.

    Raises:
        ApiError: not-found.
    """
    if not services.settings.sandbox:
        raise ApiError("not-found")
