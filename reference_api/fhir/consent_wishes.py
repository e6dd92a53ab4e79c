"""Consents as clients write them: what of a Consent the city OS can keep, as an authorization detail.

Every element that a consent record has no place for is refused by name, so that nobody believes to have agreed to less
than was recorded. Narrative that only repeats the rest is dropped.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reference_api.clock import instant
from reference_api.fhir.consent_codes import (
    ACCESS,
    CONSENT_CODES,
    CONSENT_DOCUMENT,
    CONSENT_MODE,
    OPT_IN,
    PRIVACY,
    RECIPIENT,
    Code,
)
from reference_api.fhir.outcome import not_valid
from reference_api.fhir.search.dates import interval_of
from reference_api.fhir.validation import Issue
from reference_api.oidc.consent_details import ConsentDetail

LANGUAGES = ("ja", "en")
"""Of the notice that the person was shown. Source: the contract's ConsentRequest."""

REFUSED = "rejected"
"""Consent.status of a refusal; its provision denies. Source: HL7 FHIR R4 4.0.1, consent-state-codes."""

_KEPT: Mapping[str, frozenset[str]] = {
    "Consent": frozenset(
        (
            "resourceType", "id", "meta", "language", "text", "status", "scope", "category", "patient", "dateTime",
            "performer", "policyRule", "provision",
        )
    ),
    "Consent.provision": frozenset(("extension", "type", "period", "actor", "action", "purpose", "class")),
    "Consent.provision.actor": frozenset(("role", "reference")),
}  # fmt: skip
"""Elements that a record has a place for, or that say what every record says."""


@dataclass(frozen=True, slots=True)
class ConsentWish:
    """What a client writes down for a person: a status of FHIR, and what is agreed to or refused.

    ``starts_s`` is when it is said to begin (Unix seconds), None if it is not said.
    """

    status: str
    detail: ConsentDetail
    language: str
    starts_s: float | None = None


def read_wish(resource: Mapping[str, Any], patient: str) -> ConsentWish:
    """What a valid Consent of a Patient (``Patient/<id>``) asks to be kept.

    Raises:
        ApiError: validation, with every element that cannot be kept.
    """
    provision = resource.get("provision", {})
    issues = [*_misfits(resource, patient), *_provision_misfits(provision, resource.get("status", ""))]
    if issues:
        raise not_valid(issues)
    modes = tuple(one["valueCode"] for one in provision.get("extension", ()))
    detail = ConsentDetail(
        type="cityos_consent",
        purpose=provision["purpose"][0]["code"],
        datatypes=tuple(one["code"] for one in provision["class"]),
        recipients=tuple(one["reference"]["identifier"]["value"] for one in provision["actor"]),
        modes=modes or ("normal",),
        valid_until=_until(provision.get("period", {}).get("end")),
    )
    start = provision.get("period", {}).get("start")
    starts_s = None if start is None else interval_of(start).start_s
    return ConsentWish(resource["status"], detail, resource.get("language", LANGUAGES[0]), starts_s)


def _until(end: str | None) -> str | None:
    """The instant at which a consent ends: a time as it is written, of a day its end in Japan."""
    if end is None:
        return None
    interval = interval_of(end)
    return instant(interval.start_s if "T" in end else interval.end_s)


def _misfits(resource: Mapping[str, Any], patient: str) -> Iterator[Issue]:
    yield from _unkept("Consent", resource)
    if resource.get("language", LANGUAGES[0]) not in LANGUAGES:
        yield _issue("Consent.language", f"The notice is in {' or '.join(LANGUAGES)}")
    if resource.get("text", {}).get("status") in ("additional", "extensions"):
        yield _issue("Consent.text", "Narrative that says more than the elements cannot be kept")
    yield from _fixed("Consent.scope", resource.get("scope", {}), PRIVACY)
    for number, category in enumerate(resource.get("category", ())):
        yield from _fixed(f"Consent.category[{number}]", category, CONSENT_DOCUMENT)
    if "policyRule" in resource:
        yield from _fixed("Consent.policyRule", resource["policyRule"], OPT_IN)
    for number, performer in enumerate(resource.get("performer", ())):
        if performer.get("reference") != patient:
            yield _issue(f"Consent.performer[{number}]", f"The person agrees themselves: {patient}")


def _provision_misfits(provision: Mapping[str, Any], status: str) -> Iterator[Issue]:
    path = "Consent.provision"
    yield from _unkept(path, provision)
    wanted = "deny" if status == REFUSED else "permit"
    if provision.get("type") != wanted:
        yield _issue(f"{path}.type", f"Of a Consent that is {status} the provision is of type {wanted}")
    for number, extension in enumerate(provision.get("extension", ())):
        if extension.get("url") != CONSENT_MODE or "valueCode" not in extension:
            yield _issue(f"{path}.extension[{number}]", f"The only extension is {CONSENT_MODE}")
    for number, action in enumerate(provision.get("action", ())):
        yield from _fixed(f"{path}.action[{number}]", action, ACCESS)
    if len(provision.get("purpose", ())) != 1:
        yield _issue(f"{path}.purpose", "A consent has one purpose")
    yield from _endless(f"{path}.period.end", provision.get("period", {}).get("end"))
    yield from _coded(f"{path}.purpose", provision.get("purpose", ()), CONSENT_CODES + "purpose")
    yield from _coded(f"{path}.class", provision.get("class", ()), CONSENT_CODES + "category")
    yield from _actors(f"{path}.actor", provision.get("actor", ()))


def _endless(path: str, end: str | None) -> Iterator[Issue]:
    try:
        _until(end)
    except (ValueError, OverflowError):
        yield _issue(path, "No time that the city OS can keep")


def _actors(path: str, actors: Sequence[Mapping[str, Any]]) -> Iterator[Issue]:
    if not actors:
        yield _issue(path, "A consent names its recipients")
    for number, actor in enumerate(actors):
        yield from _unkept(path, actor, f"{path}[{number}]")
        yield from _fixed(f"{path}[{number}].role", actor.get("role", {}), RECIPIENT)
        identifier = actor.get("reference", {}).get("identifier", {})
        if identifier.get("system") != CONSENT_CODES + "recipient" or "value" not in identifier:
            yield _issue(f"{path}[{number}].reference", f"An identifier of system {CONSENT_CODES}recipient is needed")


def _unkept(kind: str, element: Mapping[str, Any], path: str = "") -> Iterator[Issue]:
    for name in sorted(element.keys() - _KEPT[kind]):
        yield _issue(f"{path or kind}.{name}", "The city OS has no place for this in a consent record")


def _fixed(path: str, concept: Mapping[str, Any], code: Code) -> Iterator[Issue]:
    codes = {(one.get("system"), one.get("code")) for one in concept.get("coding", ())}
    if code not in codes:
        yield _issue(path, f"The only code that can be kept is {code[0]}|{code[1]}")


def _coded(path: str, codings: Collection[Mapping[str, Any]], system: str) -> Iterator[Issue]:
    if not codings:
        yield _issue(path, f"A code of {system} is needed")
    for number, coding in enumerate(codings):
        if coding.get("system") != system or "code" not in coding:
            yield _issue(f"{path}[{number}]", f"Codes are those of {system}")


def _issue(path: str, details: str) -> Issue:
    return Issue("error", "not-supported", details, path)
