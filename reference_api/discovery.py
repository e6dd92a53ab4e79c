"""Discovery of the city OS itself: what it is, which profiles it keeps, which APIs it offers; a sandbox's clients."""

from collections.abc import Mapping
from typing import Any

from conformance.contract.operations import load_document, load_operations
from conformance.contract.profiles import load_profiles
from reference_api.admission import CLASSES
from reference_api.call import Call, Reply, json_reply
from reference_api.errors import ApiError
from reference_api.limits import POLL_FLOOR_S
from reference_api.oidc.discovery import CACHE
from reference_api.oidc.sandbox_clients import listed_clients
from reference_api.paging import MAX_LIMIT
from reference_api.services import Services
from reference_api.settings import Settings

CATALOG = "/.well-known/api-catalog"
SHOWN_PEOPLE, SHOWN_ELSEWHERE = 10, 2
"""Login names that a sandbox shows, and how many of them of people who live in another neighbourhood than the first.

Source: none; enough to sign in as neighbours, and as people of two areas. Confidence C.
"""
OPENAPI_TYPE = "application/openapi+json"
"""Source: OpenAPI Initiative, registration of media types (draft-ietf-httpapi-rest-api-mediatypes)."""


async def get_city_os(services: Services, _: Call) -> Reply:
    """What this city OS is; in a sandbox with its clients' secrets, which open made-up people's data only."""
    settings = services.settings
    about = await services.store.one("SELECT municipality, town, people, seed, population_sha256 FROM about")
    document: dict[str, object] = {
        "contract_version": load_document()["info"]["version"],
        "municipality": about[0] if about else settings.municipality,
        "environment": settings.environment,
        "issuer": settings.issuer,
        "api_base": settings.audience,
        "api_catalog": settings.issuer + CATALOG,
        "profiles": profiles(settings),
        "limits": _limits(settings),
        "disaster": {
            "sheds": list(CLASSES),
            "shedding": list(services.pressure.shed),
            "polling_floor_s": POLL_FLOOR_S,
        },
    }
    if "health-fhir" not in settings.not_enabled:
        document["fhir_base"] = settings.fhir_base
    if settings.sandbox:
        document["sandbox"] = await _sandbox(services, about)
    return json_reply(document, headers={**CACHE, "link": f'<{CATALOG}>; rel="api-catalog"'})


def profiles(settings: Settings) -> list[dict[str, str]]:
    """The profiles that have operations here, and whether they are enabled."""
    return [
        {"id": name, "version": "1.0", "level": "built-not-enabled" if name in settings.not_enabled else "full"}
        for name, profile in load_profiles().items()
        if not profile.slot
    ]


def _limits(settings: Settings) -> dict[str, object]:
    return {
        "page_items": MAX_LIMIT,
        "body_bytes": settings.max_body_bytes,
        "batch_items": MAX_LIMIT,
        "subject_requests_per_minute": settings.subject_quota,
        "client_requests_per_minute": settings.client_quota,
        "idempotency_key_s": settings.idempotency_retention_s,
        "access_token_s": settings.access_token_ttl_s,
    }


async def get_api_catalog(services: Services, _: Call) -> Reply:
    """The APIs offered here. Source: RFC 9727 section 3, RFC 9264."""
    settings = services.settings
    apis = [_linked(settings.audience, settings.audience + "/openapi.json", OPENAPI_TYPE, settings)]
    if "health-fhir" not in settings.not_enabled:
        apis.append(_linked(settings.fhir_base, settings.fhir_base + "/metadata", "application/fhir+json", settings))
    items = {"anchor": settings.issuer + CATALOG, "item": [{"href": api["anchor"]} for api in apis]}
    reply = json_reply({"linkset": [items, *apis]}, headers=CACHE)
    return Reply(
        reply.status,
        reply.body,
        reply.headers,
        'application/linkset+json; profile="https://www.rfc-editor.org/info/rfc9727"',
    )


def _linked(anchor: str, description: str, media_type: str, settings: Settings) -> dict[str, object]:
    return {
        "anchor": anchor,
        "service-desc": [{"href": description, "type": media_type}],
        "service-meta": [{"href": _resource_metadata(settings, anchor), "type": "application/json"}],
    }


def _resource_metadata(settings: Settings, resource: str) -> str:
    """Where the metadata of a protected resource are. Source: RFC 9728 section 3.1."""
    return f"{settings.issuer}/.well-known/oauth-protected-resource{resource.removeprefix(settings.issuer)}"


async def get_protected_resource(services: Services, call: Call) -> Reply:
    """Which tokens open an API, and who issues them.

    Raises:
        ApiError: not-found.

    Source: RFC 9728 section 2.
    """
    settings = services.settings
    offered = {"v1": settings.audience, "fhir": settings.fhir_base}
    name = call.parameters["resource"]
    if name not in offered or (name == "fhir" and "health-fhir" in settings.not_enabled):
        raise ApiError("not-found")
    metadata = {
        "resource": offered[name],
        "authorization_servers": [settings.issuer],
        "bearer_methods_supported": ["header"],
        "scopes_supported": _scopes(name),
        "resource_documentation": settings.issuer + CATALOG,
    }
    return json_reply(metadata, headers=CACHE)


def _scopes(resource: str) -> list[str]:
    of_fhir = [operation.profile == "health-fhir" for operation in load_operations()]
    wanted = zip(load_operations(), of_fhir, strict=True)
    return sorted(
        {scope for operation, is_fhir in wanted if is_fhir == (resource == "fhir") for scope in operation.scopes}
    )


async def get_openapi(services: Services, _: Call) -> Reply:
    """The contract's document, with this server as its address and without what is not enabled."""
    return Reply(
        body=json_reply(offered_document(services.settings)).body,
        headers=CACHE,
        media_type=OPENAPI_TYPE,
    )


def offered_document(settings: Settings) -> Mapping[str, Any]:
    """The OpenAPI document of what a server with these settings offers."""
    document = dict(load_document())
    document["servers"] = [{"url": settings.issuer}]
    document["paths"] = {
        path: item
        for path, item in load_document()["paths"].items()
        if not set(settings.not_enabled) & {tag for entry in item.values() if "tags" in entry for tag in entry["tags"]}
    }
    return document


async def _sandbox(services: Services, about: tuple[object, ...] | None) -> dict[str, object]:
    sandbox: dict[str, object] = {"clients": await listed_clients(services)}
    sandbox["sign_in"] = await _sign_in(services)
    if about:
        sandbox["seeding"] = dict(zip(("town", "people", "seed", "population_sha256"), about[1:], strict=True))
    row = await services.store.one("SELECT count(*) FROM account")
    sandbox["ids"] = row[0] if row else 0
    return sandbox


async def _sign_in(services: Services) -> dict[str, object]:
    """The one password of all made-up people, and a few of their login names."""
    row = await services.store.one("SELECT password FROM sandbox_password WHERE id = 1")
    first = await services.store.all("SELECT sub FROM account ORDER BY id LIMIT ?", (SHOWN_PEOPLE,))
    elsewhere = await services.store.all(
        "SELECT sub FROM account WHERE neighbourhood <> (SELECT neighbourhood FROM account ORDER BY id LIMIT 1)"
        " ORDER BY id LIMIT ?",
        (SHOWN_ELSEWHERE,),
    )
    neighbours = [person[0] for person in first[: SHOWN_PEOPLE - SHOWN_ELSEWHERE]]
    others = [person[0] for person in (*elsewhere, *first[len(neighbours) :])]
    shown = list(dict.fromkeys((*neighbours, *others)))[:SHOWN_PEOPLE]
    return {"password": None if row is None else row[0], "subjects": shown}


async def require_sandbox(services: Services) -> None:
    """Make what belongs to a sandbox look absent elsewhere.

    Raises:
        ApiError: not-found.
    """
    if not services.settings.sandbox:
        raise ApiError("not-found")
