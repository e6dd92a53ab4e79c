"""The consent catalogue and its notices, public: what can be agreed to, what people are told beforehand (need N8)."""

from collections.abc import Mapping
from functools import lru_cache

import msgspec

from conformance.contract.catalogue import (
    Purpose,
    Term,
    load_consent_catalogue,
    load_detail_schema,
    load_ring_items,
    load_rings,
)
from reference_api.call import Call, Reply
from reference_api.city.conditional import json_with_etag, quoted
from reference_api.errors import ApiError
from reference_api.notices import LANGUAGES, controller_of, notice, notice_uri
from reference_api.oidc.consent_details import TYPE
from reference_api.services import Services
from reference_api.settings import Settings


async def get_consent_catalog(services: Services, call: Call) -> Reply:
    """The codes of consent with their meaning, the law, the rings, and how a client asks."""
    return quoted(call, *_catalogue(services.settings))


async def get_notice(services: Services, call: Call) -> Reply:
    """The notice of a purpose, in every language."""
    purpose = call.parameters["purpose"]
    if purpose not in load_consent_catalogue().purposes:
        raise ApiError("not-found")
    return quoted(call, *_notice(services.settings, purpose))


@lru_cache(maxsize=64)
def _notice(settings: Settings, purpose: str) -> tuple[bytes, str]:
    told = {language: notice(settings, purpose, language) for language in LANGUAGES}
    return json_with_etag({"id": purpose, "purpose": purpose, "uri": notice_uri(settings, purpose), "languages": told})


@lru_cache(maxsize=4)
def _catalogue(settings: Settings) -> tuple[bytes, str]:
    catalogue = load_consent_catalogue()
    return json_with_etag(
        {
            "schema_version": catalogue.schema_version,
            "controller": controller_of(settings),
            "purposes": [_purpose(settings, code, purpose) for code, purpose in catalogue.purposes.items()],
            "categories": _terms(catalogue.categories),
            "recipients": [
                {**one, "default_deny": one["code"] in catalogue.default_deny.recipients}
                for one in _terms(catalogue.recipients)
            ],
            "modes": _terms(catalogue.modes),
            "methods": _terms(catalogue.methods),
            "obligations": _terms(catalogue.obligations),
            "states": {"valid": sorted(catalogue.valid_states), "invalid": sorted(catalogue.invalid_states)},
            "events": [
                {"code": code, "ja": one.ja, "en": one.en, "from": sorted(one.sources), "to": one.target}
                for code, one in catalogue.events.items()
            ],
            "statutory": [_sorted(rule) for rule in catalogue.statutory],
            "rings": [_sorted(ring) for ring in load_rings()],
            "ring_items": [{"code": code, **_sorted(item)} for code, item in load_ring_items().items()],
            "authorization_details_types": [{"type": TYPE, "schema": load_detail_schema()}],
        }
    )


def _purpose(settings: Settings, code: str, purpose: Purpose) -> dict[str, object]:
    return {
        "code": code,
        "ja": purpose.ja,
        "en": purpose.en,
        "categories": purpose.categories,
        "recipients": purpose.recipients,
        "max_validity": f"P{purpose.max_validity_days}D",
        "retention_period": f"P{purpose.retention_days}D",
        "notice": {
            "uri": notice_uri(settings, code),
            "hash": {language: notice(settings, code, language).hash for language in LANGUAGES},
        },
    }


def _terms(terms: Mapping[str, Term]) -> list[dict[str, object]]:
    return [{"code": code, "ja": term.ja, "en": term.en} for code, term in terms.items()]


def _sorted(value: msgspec.Struct) -> dict[str, object]:
    """The members of a struct, its sets in order, so that the same catalogue always reads the same."""
    members: dict[str, object] = {}
    for name, one in msgspec.structs.asdict(value).items():
        members[name] = sorted(one) if isinstance(one, frozenset) else one
    return members
