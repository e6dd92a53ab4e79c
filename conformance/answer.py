"""Answer: JSON of an answer, read so that what is missing is told by its name and nothing in it breaks the reader."""

import json
from typing import Any

from conformance.errors import ConformanceError


class MissingMember(ConformanceError, KeyError):
    """A member that was counted on is not in an answer; ``name`` says which."""

    def __init__(self, name: object) -> None:
        super().__init__(name)
        self.name = str(name)


class Table(dict[str, Any]):
    """A JSON object of an answer."""

    def __missing__(self, name: str) -> Any:
        raise MissingMember(name)


def read_json(body: bytes | str) -> Any:
    """A JSON text, its objects as tables.

    Raises:
        ValueError: It is no JSON, or nested so deeply that nobody reads it.
    """
    try:
        return json.loads(body, object_hook=Table)
    except RecursionError as reason:
        raise ValueError("nested too deeply") from reason
