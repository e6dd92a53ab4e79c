"""The faults, by area: importing this package fills the registry of ``deviant.switches``."""

from deviant.faults import (
    authorization,
    city,
    consent,
    discovery,
    documents,
    fhir,
    fhir_interactions,
    id_tokens,
    life,
    people,
    rest,
    shelter_life,
    tokens,
)

AREAS = (
    authorization,
    city,
    consent,
    discovery,
    documents,
    fhir,
    fhir_interactions,
    id_tokens,
    life,
    people,
    rest,
    shelter_life,
    tokens,
)
