"""Writes a scenario as TOML, the form that the reader reads."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from scenarios.faults.form import FOR_GOOD, FaultFile
from scenarios.scenario import Scenario


def scenario_text(scenario: Scenario) -> str:
    """The scenario as a TOML file; reading it gives an equal scenario."""
    table: dict[str, Any] = msgspec.to_builtins(scenario, builtin_types=(datetime,))
    plain = {key: value for key, value in table.items() if not _is_table(key)}
    blocks = [_lines(plain)]
    blocks += [f"[{key}]\n{_lines(table[key])}" for key in ("weather", "city_os", "behaviour")]
    blocks += [f"[[{key}]]\n{_lines(row)}" for key in ("impact", "event") for row in table[key]]
    return "\n".join(blocks)


def faults_text(file: FaultFile) -> str:
    """Faults as a TOML file; reading it gives equal faults."""
    tables = [msgspec.to_builtins(one) for one in file.fault]
    # What lasts for good has no end to write down.
    entries = [{key: value for key, value in one.items() if value != FOR_GOOD} for one in tables]
    return "\n".join([f"seed = {file.seed}\n", *(f"[[fault]]\n{_lines(one)}" for one in entries)])


def _is_table(key: str) -> bool:
    return key in {"weather", "city_os", "behaviour", "impact", "event"}


def _lines(table: Mapping[str, Any]) -> str:
    return "".join(f"{json.dumps(key)} = {_value(value)}\n" for key, value in table.items() if value is not None)


def _value(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(one) for one in value)}]"
    if isinstance(value, str):
        # A TOML basic string is a JSON string, but DEL must be escaped too.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
    return json.dumps(value)
