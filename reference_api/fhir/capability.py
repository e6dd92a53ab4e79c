"""The CapabilityStatement of this server: what the contract demands, with where and what this one is.

Source: HL7 FHIR R4 4.0.1, capabilitystatement.html, http.html (capabilities).
"""

from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import msgspec

from conformance.contract.fhir.documents import capability
from reference_api.call import Call, Reply
from reference_api.fhir.negotiation import check_format
from reference_api.fhir.outcome import FHIR_JSON
from reference_api.services import Services


async def get_fhir_capabilities(services: Services, call: Call) -> Reply:
    """The statement; public."""
    check_format(call.query())
    return Reply(
        body=_statement(services.settings.fhir_base, services.settings.issuer),
        headers={"cache-control": "public, max-age=3600"},
        media_type=FHIR_JSON,
    )


@lru_cache(maxsize=8)
def _statement(base_url: str, issuer: str) -> bytes:
    statement: dict[str, Any] = msgspec.json.decode(capability())
    demanded = statement["url"]
    statement |= {
        "url": base_url + "/metadata",
        "kind": "instance",
        "instantiates": [demanded],
        "software": {"name": "citytwin", "version": _software_version()},
        "implementation": {"description": "Reference city OS", "url": base_url},
    }
    for rest in statement["rest"]:
        rest["security"]["extension"] = [_oauth_uris(issuer)]
    return msgspec.json.encode(statement)


def _oauth_uris(issuer: str) -> dict[str, Any]:
    """Where apps get authorised. Source: SMART App Launch 1.0.0, conformance; kept for clients of that version."""
    return {
        "url": "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris",
        "extension": [
            {"url": "authorize", "valueUri": issuer + "/authorize"},
            {"url": "token", "valueUri": issuer + "/token"},
        ],
    }


def _software_version() -> str:
    try:
        return version("citytwin")
    except PackageNotFoundError:
        return "unreleased"
