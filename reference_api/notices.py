"""Notices: what a person is told before agreeing, put together from the contract's sentences.

Source: ISO/IEC 29184; need N8.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

import msgspec

from conformance.contract.catalogue import (
    Controller,
    Term,
    load_consent_catalogue,
    load_controllers,
    load_notice_texts,
)
from reference_api.settings import Settings

LANGUAGES = ("ja", "en")
"""Source: ``consent/notices.toml``; the first is that of the law and of whoever has not chosen."""


_CLAUSE = re.compile(r"(\D+)(\d+)(?:-(\d+))?(?:\((\d+)\))?")
"""Act, article, branch number and paragraph of a clause of the catalogue."""


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """A notice in one language. ``sections`` are its sentences by what they tell; ``hash`` is of everything else.

    ``hash`` is the SHA-256 of the notice as JSON with its members in order, ``sha256:`` and hexadecimal digits.
    """

    id: str
    uri: str
    version: str
    language: str
    purpose: str
    title: str
    sections: dict[str, str]
    hash: str


def controller_of(settings: Settings) -> Controller:
    """Who manages the data of a city OS; a municipality that is not listed goes by its settings' name."""
    found = load_controllers().get(settings.municipality)
    if found is not None:
        return found
    name = settings.municipality_name
    return Controller(
        party_type="local_government",
        party_name=Term(ja=name, en=name),
        party_address=Term(ja=name, en=name),
        party_contact=settings.issuer,
    )


def notice_uri(settings: Settings, purpose: str) -> str:
    """Where a purpose's notice is published."""
    return f"{settings.issuer}/v1/notices/{purpose}"


@lru_cache(maxsize=256)
def notice(settings: Settings, purpose: str, language: str) -> Notice:
    """The notice of a purpose of the catalogue in ``ja`` or ``en``."""
    texts = load_notice_texts()
    sections = {"use": _in(texts.uses[purpose], language), **_sections(settings, purpose, language)}
    told = Notice(
        id=purpose,
        uri=notice_uri(settings, purpose),
        version=texts.version,
        language=language,
        purpose=purpose,
        title=_in(load_consent_catalogue().purposes[purpose], language),
        sections=sections,
        hash="",
    )
    digest = hashlib.sha256(msgspec.json.encode(told, order="sorted")).hexdigest()
    return msgspec.structs.replace(told, hash=f"sha256:{digest}")


def _sections(settings: Settings, purpose: str, language: str) -> dict[str, str]:
    """The common sentences, filled; that on the law only where a clause serves the purpose."""
    catalogue = load_consent_catalogue()
    of_purpose = catalogue.purposes[purpose]
    controller = controller_of(settings)
    law = load_notice_texts().law
    clauses = [
        _cited(rule.clause) if language == "ja" else rule.clause.replace(law.ja, law.en)
        for rule in catalogue.statutory
        if rule.purpose == purpose
    ]
    words = {
        "controller": _in(controller.party_name, language),
        "address": _in(controller.party_address, language),
        "contact": controller.party_contact,
        "categories": _listed(of_purpose.categories, catalogue.categories, language),
        "recipients": _listed(of_purpose.recipients, catalogue.recipients, language),
        "validity_days": of_purpose.max_validity_days,
        "retention_days": of_purpose.retention_days,
        "clauses": ("、" if language == "ja" else ", ").join(dict.fromkeys(clauses)),
    }
    return {
        name: _in(sentence, language).format_map(words)
        for name, sentence in load_notice_texts().sentences.items()
        if clauses or name != "by_law"
    }


def _cited(clause: str) -> str:
    """A clause as laws are cited in Japanese: 災害対策基本法86-15(3) is 災害対策基本法第86条の15第3項."""
    found = _CLAUSE.fullmatch(clause)
    if found is None:
        return clause
    law, article, branch, paragraph = found.groups()
    return f"{law}第{article}条{f'の{branch}' if branch else ''}{f'第{paragraph}項' if paragraph else ''}"


def _listed(codes: Sequence[str], terms: Mapping[str, Term], language: str) -> str:
    return ("、" if language == "ja" else "; ").join(_in(terms[code], language) for code in codes)


def _in(term: Term, language: str) -> str:
    return term.ja if language == "ja" else term.en
