"""Which category of the consent catalogue a health resource belongs to.

Source: contract, data items: the eight items of the life log, prescriptions and laboratory results, medication and
condition. Blood glucose is a laboratory observation in R4 and an item of the life log in the city.
"""

from collections.abc import Collection, Mapping
from functools import cache
from typing import Final

from conformance.contract.fhir.lifelog import load_lifelog

LIFELOG: Final = "lifelog"
RX_LAB: Final = "rx_lab"
MEDICATION_CONDITION: Final = "medication_condition"
PROFILE: Final = "profile.basic"
CONTACT: Final = "profile.contact"

PATIENT_CATEGORIES = (LIFELOG, RX_LAB, MEDICATION_CONDITION, PROFILE, CONTACT)
"""Categories of the consent catalogue that FHIR resources show."""

_BY_TYPE: Mapping[str, str] = {
    "Patient": PROFILE,
    "Consent": PROFILE,
    "DiagnosticReport": RX_LAB,
    "MedicationRequest": RX_LAB,
    "MedicationStatement": MEDICATION_CONDITION,
}

_BY_OBSERVATION_CATEGORY: Mapping[str, str] = {
    "vital-signs": LIFELOG,
    "body-measurement": LIFELOG,
    "activity": LIFELOG,
    "laboratory": RX_LAB,
}
"""Codes are the same in HL7's and in JP Core's system of observation categories."""


@cache
def _lifelog_codes() -> frozenset[tuple[str, str]]:
    """System and code of every item of the life log."""
    return frozenset((code["system"], code["code"]) for item in load_lifelog().values() for code in item.codes)


def category_of(resource_type: str, tokens: Collection[tuple[str, str, str]]) -> str:
    """The category of a resource by its type and its tokens (parameter, system, code)."""
    if resource_type in _BY_TYPE:
        return _BY_TYPE[resource_type]
    codes = {(system, code) for parameter, system, code in tokens if parameter == "code"}
    if not codes.isdisjoint(_lifelog_codes()):
        return LIFELOG
    named = {_BY_OBSERVATION_CATEGORY.get(code) for parameter, _, code in tokens if parameter == "category"}
    # The narrowest consent first: a result of a laboratory is one, whatever else it is said to be.
    for category in (RX_LAB, LIFELOG):
        if category in named:
            return category
    return MEDICATION_CONDITION
