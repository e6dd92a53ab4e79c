"""The observations, by area: importing this package fills the registry of ``deviant.observing``."""

from deviant.observations import (
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
