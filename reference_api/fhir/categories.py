"""Which category of the consent catalogue a health resource belongs to.

Source: contract, data items: the eight items of the life log, prescriptions and laboratory results, medication and
condition. Blood glucose is a laboratory observation in R4 and an item of the life log in the city.
"""

from collections.abc import Collection, Mapping
from typing import Final

LIFELOG: Final = "lifelog"
RX_LAB: Final = "rx_lab"
MEDICATION_CONDITION: Final = "medication_condition"
PROFILE: Final = "profile.basic"
CONTACT: Final = "profile.contact"

PATIENT_CATEGORIES = (LIFELOG, RX_LAB, MEDICATION_CONDITION, PROFILE, CONTACT)
"""Categories of the consent catalogue that FHIR resources show."""

_BY_TYPE: Mapping[str, str] = {
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

_GLUCOSE = {("http://loinc.org", "2339-0"), ("http://loinc.org", "15074-8")}
"""Codes of blood glucose, the one item of the life log that is no vital sign. Source: LOINC."""


def category_of(resource_type: str, tokens: Collection[tuple[str, str, str]]) -> str:
    """The category of a resource by its type and its tokens (parameter, system, code)."""
    if resource_type in _BY_TYPE:
        return _BY_TYPE[resource_type]
    codes = {(system, code) for parameter, system, code in tokens if parameter == "code"}
    if not codes.isdisjoint(_GLUCOSE):
        return LIFELOG
    named = {_BY_OBSERVATION_CATEGORY.get(code) for parameter, _, code in tokens if parameter == "category"}
    # The narrowest consent first: a result of a laboratory is one, whatever else it is said to be.
    for category in (RX_LAB, LIFELOG):
        if category in named:
            return category
    return MEDICATION_CONDITION
