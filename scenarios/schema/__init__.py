"""JSON Schemas of scenario and study files, for editors; made from the types: they cannot differ from the readers."""

import json
from typing import Any

import msgspec

from scenarios.faults.form import FaultFile
from scenarios.scenario import Form, Scenario
from scenarios.study.form import Study

DIALECT = "https://json-schema.org/draft/2020-12/schema"
FILE_NAME = "scenario.schema.json"
STUDY_FILE_NAME = "study.schema.json"
FAULTS_FILE_NAME = "faults.schema.json"


def scenario_schema() -> dict[str, Any]:
    """The schema of a scenario file."""
    return _schema(Scenario, "citytwin scenario")


def study_schema() -> dict[str, Any]:
    """The schema of a study file."""
    return _schema(Study, "citytwin study")


def faults_schema() -> dict[str, Any]:
    """The schema of a faults file."""
    return _schema(FaultFile, "citytwin faults")


def _schema(form: type[Form], title: str) -> dict[str, Any]:
    schema = msgspec.json.schema(form)
    defined = schema["$defs"]
    # A dotted key of TOML is a table within a table, which the reader flattens: to an editor it may be nested.
    for table in [one for one in defined.values() if "behaviour" in one.get("properties", {})]:
        numbers = table["properties"]["behaviour"]["additionalProperties"]["anyOf"]
        defined["Behaviour"] = {
            "type": "object",
            "additionalProperties": {"anyOf": [*numbers, {"$ref": "#/$defs/Behaviour"}]},
        }
        table["properties"]["behaviour"] = {"$ref": "#/$defs/Behaviour", "default": {}}
    return {"$schema": DIALECT, "title": title, **dict(sorted(schema.items(), key=lambda one: one[0] == "$defs"))}


def schema_text() -> str:
    """The schema of scenario files as it is kept in the file."""
    return _text(scenario_schema())


def study_schema_text() -> str:
    """The schema of study files as it is kept in the file."""
    return _text(study_schema())


def faults_schema_text() -> str:
    """The schema of faults files as it is kept in the file."""
    return _text(faults_schema())


def _text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, ensure_ascii=False, indent=1) + "\n"
