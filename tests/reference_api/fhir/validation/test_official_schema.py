"""HL7's own JSON Schema of R4 as a second opinion on structure."""

import copy
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fhir_resources
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from jsonschema import Draft6Validator

from conformance.contract.fhir.documents import capability, examples
from conformance.contract.fhir.generation.types import RESOURCES
from conformance.contract.fhir.generation.write import R4_PACKAGE
from reference_api.fhir.validation import encode, parse, validate

pytestmark = pytest.mark.shared_data
BODIES = {**examples(), "capability": capability()}
MEMBERS = (
    "id",
    "_id",
    "value",
    "code",
    "coding",
    "system",
    "url",
    "reference",
    "extension",
    "text",
    "valueString",
    "colour",
)
WRONG = st.sampled_from(
    (None, True, 1, "", "a", " a", [], {}, ["a"], [{}], [None], {"a": 1}, {"value": "a"}, {"text": 1})
)


FEW = settings(max_examples=min(settings.default.max_examples, 40), phases=(Phase.explicit, Phase.generate))
"""Without shrinking: the schema tries 148 types for each contained resource, which makes a failure small in minutes."""


class Schema:
    """The official schema; of few words, so that a failing test is readable."""

    def __init__(self, definitions: dict[str, Any]) -> None:
        # The schema forgot valueMeta, which Extension has; it closes the language of Expression, whose binding is
        # extensible; and its \\S is of ASCII, which that of Python's re is not.
        definitions["Extension"]["properties"]["valueMeta"] = {"$ref": "#/definitions/Meta"}
        del definitions["Expression"]["properties"]["language"]["enum"]
        for name in ("string", "markdown"):
            del definitions[name]["pattern"]
        types = {name: {"$ref": f"#/definitions/{name}", "definitions": definitions} for name in RESOURCES}
        self._validators = {name: Draft6Validator(reference) for name, reference in types.items()}

    def __repr__(self) -> str:
        return "fhir.schema.json"

    def allows(self, resource: dict[str, Any]) -> bool:
        """Whether a resource is valid by it."""
        return bool(self._validators[resource["resourceType"]].is_valid(json.loads(encode(resource))))


@pytest.fixture(scope="module")
def schema(shared_data: Path) -> Schema:
    """The definitions of ``fhir.schema.json`` in the official package."""
    with tarfile.open(shared_data / "fhir" / R4_PACKAGE) as archive:
        stream = archive.extractfile("package/openapi/fhir.schema.json")
        assert stream is not None
        return Schema(json.loads(stream.read())["definitions"])


@pytest.mark.parametrize("name", sorted(BODIES))
def test_our_documents_keep_the_official_schema(name: str, schema: Schema) -> None:
    """The examples and the capability statement are valid there too."""
    assert schema.allows(parse(BODIES[name]))


@pytest.mark.parametrize("name", RESOURCES)
@FEW
@given(data=st.data())
def test_what_our_tables_allow_the_schema_allows(name: str, schema: Schema, data: st.DataObject) -> None:
    """Resources drawn from the tables are valid by the official schema."""
    assert schema.allows(data.draw(fhir_resources.objects(name, fhir_resources.Taste(depth=3))))


def _objects(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield value
    for below in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _objects(below)


@pytest.mark.parametrize("name", sorted(BODIES))
@FEW
@given(data=st.data())
def test_what_the_schema_refuses_we_refuse(name: str, schema: Schema, data: st.DataObject) -> None:
    """A damage that the official schema sees is an error here as well."""
    resource = copy.deepcopy(parse(BODIES[name]))
    place = data.draw(st.sampled_from(list(_objects(resource))))
    member = data.draw(st.sampled_from((*MEMBERS, *(key for key in place if key != "resourceType"))))
    place[member] = data.draw(WRONG)
    if not schema.allows(resource):
        assert any(issue.is_error for issue in validate(resource))
