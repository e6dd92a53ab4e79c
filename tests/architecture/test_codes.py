"""Codes that two rooms know stand in both alike: the rooms share no classes."""

from typing import Any

from agents.city_os.port import ShelterStatus
from agents.city_os.service import Role
from conformance.contract.catalogue import load_consent_catalogue, load_roles
from conformance.contract.operations import load_document
from twin.events import ReceptionChannel
from twin.population import DataCategory, Mode, Recipient
from twin.shelters import Fitness, Hazard, ShelterKind


def schema(*path: str) -> Any:
    """The part of the contract's schemas at a path."""
    found: Any = load_document()["components"]["schemas"]
    for step in path:
        found = found[step]
    return found


def test_categories_and_recipients_are_the_catalogues() -> None:
    """Every category and recipient that the twin draws consent for is a code of the contract."""
    catalogue = load_consent_catalogue()
    assert {str(one) for one in DataCategory} <= set(catalogue.categories)
    assert {str(one) for one in Recipient} <= set(catalogue.recipients)


def test_the_document_lists_the_catalogues_categories() -> None:
    """The contract's document and its catalogue of consent know the same categories and purposes."""
    catalogue = load_consent_catalogue()
    assert set(schema("Category", "enum")) == set(catalogue.categories)
    assert set(schema("Purpose", "enum")) == set(catalogue.purposes)


def test_roles_of_clients_are_the_contracts() -> None:
    """The adapters know no kind of client that the contract does not know."""
    assert {str(one) for one in Role} <= set(load_roles())


def test_modes_hazards_and_status_are_the_documents() -> None:
    """Modes, hazards and opening status of the twin's side are those of the contract."""
    assert {str(one) for one in Mode} == set(schema("Mode", "enum"))
    assert {str(one) for one in Hazard} == set(schema("Hazard", "enum"))
    assert {str(one) for one in ShelterStatus} == set(schema("OpeningStatus", "enum"))


def test_kinds_and_fitness_of_shelters_are_the_documents() -> None:
    """Kinds of shelters and their fitness are those of the contract."""
    assert {str(one) for one in ShelterKind} == set(schema("ShelterKind", "enum"))
    assert {str(one) for one in Fitness} == set(schema("HazardFitness", "additionalProperties", "enum"))


def test_channels_of_reception_are_the_documents() -> None:
    """A desk receives people by the channels that the contract knows."""
    assert {one.name.lower() for one in ReceptionChannel} <= set(schema("Channel", "enum"))
