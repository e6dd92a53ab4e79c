"""The JSON Schema of scenario files, for editors; made from the types, so that it cannot differ from the reader."""

import json
from typing import Any

import msgspec

from scenarios.scenario import Scenario

DIALECT = "https://json-schema.org/draft/2020-12/schema"
FILE_NAME = "scenario.schema.json"


def scenario_schema() -> dict[str, Any]:
    """The schema of a scenario file."""
    schema = msgspec.json.schema(Scenario)
    # A dotted key of TOML is a table within a table, which the reader flattens: to an editor it may be nested.
    behaviour = schema["$defs"]["Scenario"]["properties"]["behaviour"]
    numbers = behaviour["additionalProperties"]["anyOf"]
    schema["$defs"]["Behaviour"] = {
        "type": "object",
        "additionalProperties": {"anyOf": [*numbers, {"$ref": "#/$defs/Behaviour"}]},
    }
    schema["$defs"]["Scenario"]["properties"]["behaviour"] = {"$ref": "#/$defs/Behaviour", "default": {}}
    return {"$schema": DIALECT, "title": "citytwin scenario", **schema}


def schema_text() -> str:
    """The schema as it is kept in the file."""
    return json.dumps(scenario_schema(), ensure_ascii=False, indent=1) + "\n"
