"""JSON Schemas of scenario, study and faults files, for editors; made from the types the readers read."""

import json
from typing import Any

import msgspec

from scenarios.consequences.form import CurveStudy
from scenarios.faults.form import KINDS, FaultFile
from scenarios.scenario import Form, Scenario
from scenarios.study.form import Study

DIALECT = "https://json-schema.org/draft/2020-12/schema"
FILE_NAME = "scenario.schema.json"
STUDY_FILE_NAME = "study.schema.json"
FAULTS_FILE_NAME = "faults.schema.json"
CURVES_FILE_NAME = "curves.schema.json"

OF_CURVES = frozenset({"name", "at", "until", "constant_s", "age_s"})
"""Keys of a fault that its curve may give, so that the fault need not."""


def scenario_schema() -> dict[str, Any]:
    """The schema of a scenario file."""
    return _schema(Scenario, "citytwin scenario")


def study_schema() -> dict[str, Any]:
    """The schema of a study file."""
    return _schema(Study, "citytwin study")


def faults_schema() -> dict[str, Any]:
    """The schema of a faults file."""
    return _schema(FaultFile, "citytwin faults")


def curves_schema() -> dict[str, Any]:
    """The schema of a study of faults: of a curve's fault, the keys that the curve does not give."""
    schema = _schema(CurveStudy, "citytwin study of faults")
    defined, faults = schema["$defs"], faults_schema()["$defs"]
    names = [one.__name__ for one in KINDS.values()]
    for name in names:
        own = {key: value for key, value in faults[name]["properties"].items() if key not in {"name", "at", "until"}}
        required = [key for key in faults[name]["required"] if key not in OF_CURVES]
        defined[name] = {**faults[name], "properties": own, "required": required}
    defined["Curve"]["properties"]["fault"] = {"anyOf": [{"$ref": f"#/$defs/{name}"} for name in names]}
    return schema


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


def curves_schema_text() -> str:
    """The schema of studies of faults as it is kept in the file."""
    return _text(curves_schema())


def _text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, ensure_ascii=False, indent=1) + "\n"
