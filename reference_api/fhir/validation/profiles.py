"""Which profiles a resource must keep, and whether it does."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any

from conformance.contract.fhir.lifelog import load_lifelog
from conformance.contract.fhir.tables import Profile, load_profiles
from reference_api.fhir.validation.finding import Finding, Findings, placed
from reference_api.fhir.validation.issue import STRUCTURE
from reference_api.fhir.validation.root import Root
from reference_api.fhir.validation.rules import Compiler, ItemRule

VITAL_SIGNS = "http://hl7.org/fhir/StructureDefinition/vitalsigns"
_CATEGORY = {"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs"}


def broken_profiles(resource: Any, root: Root, demanded: Sequence[str]) -> Findings:
    """What a sound resource breaks of the profiles that it claims, that are demanded, or that its codes call for."""
    found: Findings = None
    name = resource["resourceType"]
    for url in _lines([*_claimed(resource), *demanded, *_vital_signs(resource)]):
        profile = load_profiles().profiles[url]
        if profile.type != name:
            return [Finding(STRUCTURE, f"{_label(url)} is a profile of {profile.type}", ".meta.profile")]
        rule = _own_rule(url)
        found = placed(found, rule(resource, root) if rule else None, "")
    return found


@cache
def extension_rule(url: str) -> ItemRule | None:
    """What a known extension demands; None of an unknown one, which is not checked further."""
    profile = load_profiles().profiles.get(url)
    return profile_rule(url) if profile is not None and profile.type == "Extension" else None


@cache
def profile_rule(url: str) -> ItemRule | None:
    """What a profile and those it rests on demand together; None if nothing, or if the tables do not have it."""
    rules = [rule for one in _lines([url]) if (rule := _own_rule(one))]
    if not rules:
        return None

    def checked(item: Any, root: Root) -> Findings:
        found: Findings = None
        for rule in rules:
            found = placed(found, rule(item, root), "")
        return found

    return checked


@cache
def _own_rule(url: str) -> ItemRule | None:
    return Compiler(profile_rule, _label(url)).item(load_profiles().profiles[url].rules)


def _label(url: str) -> str:
    return url.rpartition("/")[2]


def _lines(urls: Sequence[str]) -> list[str]:
    """The profiles with those they rest on, each once, the general ones first; unknown ones are left out."""
    found: dict[str, None] = {}
    for url in urls:
        found.update(dict.fromkeys(_line(url)))
    return list(found)


@cache
def _line(url: str) -> tuple[str, ...]:
    profile: Profile | None = load_profiles().profiles.get(url)
    if profile is None:
        return ()
    return (*(_line(profile.base) if profile.base else ()), url)


def _claimed(resource: Any) -> Iterator[str]:
    for url in resource.get("meta", {}).get("profile", ()):
        if url is not None:
            yield url.partition("|")[0]


def _vital_signs(resource: Any) -> Iterator[str]:
    """The profile that the code calls for, and the general one that the category calls for.

    Source: HL7 FHIR R4 4.0.1, observation-vitalsigns.html; the contract's FHIR-003, 006 and 018: a Japanese code of a
    lifelog item calls for it as LOINC's does, and half a blood pressure for the whole.
    """
    if resource["resourceType"] != "Observation":
        return
    profiles = _profiles_by_code()
    for coding in resource["code"].get("coding", ()):
        url = profiles.get((coding.get("system"), coding.get("code")))
        if url is not None:
            yield url
    for category in resource.get("category", ()):
        for coding in category.get("coding", ()):
            if coding.get("system") == _CATEGORY["system"] and coding.get("code") == _CATEGORY["code"]:
                yield VITAL_SIGNS


@cache
def _profiles_by_code() -> Mapping[tuple[str | None, str | None], str]:
    """The vital-sign profile of each code that the lifelog items and their components have."""
    found: dict[tuple[str | None, str | None], str] = {}
    for item in load_lifelog().values():
        codes = [*item.codes, *(code for part in item.components.values() for code in part.codes)]
        vital = [url for url in item.profiles if VITAL_SIGNS in _line(url)]
        found.update({(code["system"], code["code"]): url for url in vital for code in codes})
    return MappingProxyType(found)
