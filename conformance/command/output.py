"""The folder that a run writes into: a new one, an empty one, or one with an earlier run's results only."""

import json
from collections.abc import Iterable
from pathlib import Path

from conformance.errors import PlanError, PlanFault
from conformance.text import Text

OURS = frozenset({"results.json", "results.csv", "junit.xml", "report.html", "badge.svg", "bundle.zip"})
"""Names of files that a run writes; a folder that holds others is somebody else's."""


def check_folder(folder: Path) -> None:
    """Refuse a folder that holds anything but an earlier run's results.

    Raises:
        PlanError: It is a file, holds something else, or cannot be written.
    """
    try:
        present = {one.name for one in folder.iterdir()} if folder.exists() else set()
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as reason:
        told = reason.strerror or reason
        text = Text(
            f"the folder cannot be written: {told}. Give another --out.",
            f"フォルダーに書けない: {told}。別の--outを指定する。",
        )
        raise PlanError([PlanFault(str(folder), text)]) from reason
    if present and not (present <= OURS and _is_ours(folder / "results.json")):
        raise PlanError([PlanFault(str(folder), _occupied(sorted(present - OURS) or sorted(present)))])


def _is_ours(path: Path) -> bool:
    try:
        told = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(told, dict) and {"summary", "suite", "results"} <= told.keys()


def _occupied(names: Iterable[str]) -> Text:
    told = ", ".join(list(names)[:3])
    return Text(
        f"the folder holds something else ({told}); nothing was changed. Give another --out.",
        f"フォルダーに他のもの({told})がある。何も変えていない。別の--outを指定する。",
    )
