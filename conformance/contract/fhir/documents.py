"""The documents of the FHIR contract as they are written: the capability statement and the example resources."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType


@cache
def capability() -> bytes:
    """What a server of the profile health-fhir must offer, as a CapabilityStatement of kind ``requirements``."""
    return files("conformance.contract.fhir").joinpath("capability.json").read_bytes()


@cache
def examples() -> Mapping[str, bytes]:
    """Resources that keep the contract, by name: one of each lifelog item and of each resource type."""
    folder = files("conformance.contract.fhir").joinpath("examples")
    found = {entry.name.removesuffix(".json"): entry.read_bytes() for entry in folder.iterdir()}
    return MappingProxyType(dict(sorted(found.items())))
