"""The consent page: what is asked for in the person's language, and what of it the person left ticked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

import msgspec

from conformance.contract.catalogue import load_consent_catalogue
from reference_api.consent_requests import narrow, term_s
from reference_api.notices import notice
from reference_api.oidc.agreements import asked_scopes
from reference_api.oidc.claims import individual_claims, scope_claims
from reference_api.oidc.clients import ClientRecord, read_client
from reference_api.oidc.consent_details import ConsentDetail
from reference_api.oidc.consent_recording import claim_consents
from reference_api.oidc.requests import AuthorizationRequest
from reference_api.oidc.scope_words import scope_words
from reference_api.pages.forms import Form
from reference_api.pages.texts import load_texts
from reference_api.services import Services

JAPAN = timezone(timedelta(hours=9))


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person agreed to of the details asked for, and what is wrong with the form (field and text of each)."""

    details: tuple[ConsentDetail, ...]
    errors: list[dict[str, str]] = field(default_factory=list)


def read_answer(asked: Sequence[ConsentDetail], form: Form, language: str) -> Answer:
    """The details that were agreed to, each narrowed to what is still ticked; nothing is added to what was asked."""
    texts = load_texts(language)["consent"]
    agreed: list[ConsentDetail] = []
    errors: list[dict[str, str]] = []
    for number, detail in enumerate(asked):
        name = f"item{number}"
        if "yes" not in form.get(f"{name}-agree", ()):
            continue
        choice = msgspec.structs.replace(
            detail,
            datatypes=tuple(form.get(f"{name}-category", ())),
            recipients=tuple(form.get(f"{name}-recipient", ())),
            modes=tuple(form.get(f"{name}-mode", ())),
        )
        kept = narrow(detail, choice)
        if kept is not None:
            agreed.append(kept)
        else:
            purpose = _term(load_consent_catalogue().purposes, detail.purpose, language)
            errors.append({"field": name, "text": texts["nothing_left"].format(purpose=purpose)})
    if asked and not agreed and not errors:
        errors.append({"field": "item0-agree", "text": texts["nothing_agreed"]})
    return Answer(tuple(agreed), errors)


@dataclass(frozen=True, slots=True)
class Showing:
    """What the page shows: the request, at which time (Unix s), in which language; ``form`` is what was sent before."""

    services: Services
    request: AuthorizationRequest
    now_s: float
    language: str
    form: Form | None = None

    def term(self, terms: Mapping[str, Any], code: str) -> str:
        """Meaning of a code; the code itself where the catalogue knows none."""
        return _term(terms, code, self.language)


async def page_values(showing: Showing) -> dict[str, Any]:
    """Values of the page's template."""
    request = showing.request
    client = await read_client(showing.services.store, request.client_id)
    names = await _recipient_names(showing)
    extra = individual_claims(_claims_asked(request), () if client is None else client.scopes)
    implied = [] if client is None else claim_consents(client, await asked_scopes(showing.services, request))
    return {
        "claims_until": _instant(min(term_s(one, showing.now_s) for one in implied), showing.language)
        if implied
        else "",
        "scopes": list(dict.fromkeys(scope_words(client, name, showing.language) for name in request.scope)),
        "claims": [
            load_texts(showing.language)["claims"][name]
            for name in sorted({name.partition("#")[0] for name in extra - scope_claims(request.scope)})
        ],
        "items": [_item(showing, number, detail, names) for number, detail in enumerate(request.authorization_details)],
    }


def client_name(client: ClientRecord | None, language: str) -> str:
    """What a client is called: in the language, else in the other one, else its id."""
    if client is None:
        return ""
    names = (client.name_ja, client.name_en) if language == "ja" else (client.name_en, client.name_ja)
    return names[0] or names[1] or client.client_id


def _claims_asked(request: AuthorizationRequest) -> set[str]:
    return {name for part in request.claims.values() for name in part}


def _item(showing: Showing, number: int, detail: ConsentDetail, names: Mapping[str, str]) -> dict[str, Any]:
    catalogue, form = load_consent_catalogue(), showing.form
    sections = dict(notice(showing.services.settings, detail.purpose, showing.language).sections)
    name = f"item{number}"

    def choices(kind: str, codes: Iterable[str], texts: Mapping[str, str]) -> list[dict[str, object]]:
        sent = None if form is None else form.get(f"{name}-{kind}", ())
        return [{"code": code, "text": texts[code], "ticked": sent is None or code in sent} for code in codes]

    return {
        "field": name,
        "purpose": showing.term(catalogue.purposes, detail.purpose),
        "until": _instant(term_s(detail, showing.now_s), showing.language),
        "agreed": form is not None and "yes" in form.get(f"{name}-agree", ()),
        "categories": choices(
            "category", detail.datatypes, {code: showing.term(catalogue.categories, code) for code in detail.datatypes}
        ),
        "recipients": choices("recipient", detail.recipients, names),
        "modes": choices("mode", detail.modes, {code: showing.term(catalogue.modes, code) for code in detail.modes}),
        "use": sections.pop("use"),
        "law": sections.pop("by_law", ""),
        "notice": list(sections.values()),
    }


def _term(terms: Mapping[str, Any], code: str, language: str) -> str:
    """Meaning of a code; the code itself where the catalogue knows none."""
    return str(getattr(terms[code], language)) if code in terms else code


def _instant(at_s: float, language: str) -> str:
    moment = datetime.fromtimestamp(at_s, JAPAN)
    return load_texts(language)["consent"]["until_at"].format(moment=moment)


async def _recipient_names(showing: Showing) -> Mapping[str, str]:
    codes = {code for detail in showing.request.authorization_details for code in detail.recipients}
    return {code: await _recipient_name(showing, code) for code in codes}


async def _recipient_name(showing: Showing, code: str) -> str:
    """The recipient by name where the code names one: a service, or another neighbourhood's association."""
    store, language = showing.services.store, showing.language
    kind, _, name = code.partition(":")
    general = showing.term(load_consent_catalogue().recipients, kind)
    if kind == "service" and name:
        return client_name(await read_client(store, name), language) or name
    if kind == "association" and name:
        row = await store.one("SELECT name FROM neighbourhood WHERE code = ?", (name,))
        return load_texts(language)["consent"]["association"].format(name=name if row is None else row[0])
    return general
