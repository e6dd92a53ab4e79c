"""What an experiment found: one row of the table."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """What was done, what was asked of it, what came out, and whether that is enough (None: it says for itself)."""

    name: str
    done: str
    asked: str
    found: str
    holds: bool | None
