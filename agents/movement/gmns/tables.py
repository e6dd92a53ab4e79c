"""Tables of comma-separated values as columns; each check notes the faults of all rows."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from agents.movement.gmns.faults import TableFaults, definitions
from agents.movement.trips import FloatArray, Int32Array

_SHOWN = 80
"""Characters of a wrong value that are shown."""


class Table:
    """Columns of a file: ``lines`` is the line of each row in the file.

    A file that cannot be read is a table without rows, and its faults are noted; so is one whose ``needed`` columns
    are missing.
    """

    def __init__(self, path: Path, needed: tuple[str, ...], faults: TableFaults) -> None:
        self.path, self.faults = path, faults
        self.lines: list[int] = []
        self._columns: dict[str, list[str]] = {name: [] for name in needed}
        self.is_whole = self._read(needed)

    def __len__(self) -> int:
        return len(self.lines)

    def note(self, row: int, kind: str, /, **values: object) -> None:
        """Note a fault of a row."""
        self.faults.add(self.path, self.lines[row], kind, **values)

    def has(self, name: str) -> bool:
        """Whether there is such a column."""
        return name in self._columns

    def cells(self, name: str) -> list[str]:
        """The cells of a column, without the blanks around them."""
        return [cell.strip() for cell in self._columns[name]]

    def ids(self, name: str) -> list[str]:
        """A column whose cells differ and are not empty."""
        cells = self.cells(name)
        if len(set(cells)) == len(cells) and "" not in cells:
            return cells
        first: dict[str, int] = {}
        for row, cell in enumerate(cells):
            if not cell:
                self.note(row, "empty_id", column=name)
            elif first.setdefault(cell, row) != row:
                self.note(row, "duplicate_id", column=name, value=shown(cell), line=self.lines[first[cell]])
        return cells

    def rows_of(self, name: str, known: Mapping[str, int], file: Path) -> Int32Array:
        """The row in another table of each cell, -1 where it is not there; ``file`` is the other table's."""
        cells = self.cells(name)
        rows = np.array([known.get(cell, -1) for cell in cells], dtype=np.int32)
        for row in np.flatnonzero(rows < 0).tolist():
            self.note(row, "unknown", column=name, value=shown(cells[row]), file=file)
        return rows

    def words(self, name: str, meanings: Mapping[str, int]) -> Int32Array:
        """The meaning of each cell, upper or lower case, -1 where it has none."""
        cells = self.cells(name)
        values = np.array([meanings.get(cell.casefold(), -1) for cell in cells], dtype=np.int32)
        for row in np.flatnonzero(values < 0).tolist():
            self.note(row, "word", column=name, value=shown(cells[row]), words=", ".join(meanings))
        return values

    def numbers(
        self, name: str, *, empty: float | None = None, where: npt.NDArray[np.bool_] | None = None
    ) -> FloatArray:
        """A column of numbers in their range, NaN where they are not; empty cells are ``empty`` if that is given.

        With ``where`` only the cells of those rows are looked at.
        """
        if empty is not None and not self.has(name):
            return np.full(len(self), empty)
        cells = self.cells(name)
        limits = definitions()["numbers"][name]
        asked = np.ones(len(cells), dtype=np.bool_) if where is None else where
        if empty is not None and "" in cells:
            asked = asked & np.array([cell != "" for cell in cells])
        values = np.full(len(cells), np.nan if empty is None else empty)
        values[asked] = _numbers(cells if asked.all() else [cells[row] for row in np.flatnonzero(asked).tolist()])
        bad = asked & ~((values >= limits["low"]) & (values <= limits["high"]))
        for row in np.flatnonzero(bad).tolist():
            self.note(row, "number", column=name, value=shown(cells[row]), **_told(limits))
        values[bad] = np.nan
        return values

    def need_rows(self, thing: str) -> None:
        """Note if there are none."""
        if self.is_whole and not self.lines:
            self.faults.add(self.path, None, "no_rows", thing=thing)

    def _read(self, needed: tuple[str, ...]) -> bool:
        text = self._text()
        if text is None:
            return False
        if not text.strip():
            self.faults.add(self.path, None, "empty", columns=", ".join(needed))
            return False
        reader = csv.reader(io.StringIO(text, newline=None), strict=True)
        rows: list[list[str]] = []
        lines: list[int] = []
        try:
            for cells in reader:
                if cells and (cells[0] or any(cell.strip() for cell in cells)):
                    rows.append(cells)
                    # A quoted cell may hold line breaks; the line of a row is that of its last line, as csv counts.
                    lines.append(reader.line_num)
        except csv.Error as fault:
            self.faults.add(self.path, reader.line_num, "not_csv", reason=fault)
            return False
        return self._take(rows, lines, needed)

    def _text(self) -> str | None:
        try:
            return self.path.read_bytes().decode("utf-8-sig")
        except OSError as fault:
            self.faults.add(self.path, None, "missing_file", reason=fault.strerror)
        except UnicodeDecodeError as fault:
            line = fault.object.count(b"\n", 0, fault.start) + 1
            self.faults.add(self.path, line, "not_utf8", byte=f"0x{fault.object[fault.start]:02x}")
        return None

    def _take(self, rows: list[list[str]], lines: list[int], needed: tuple[str, ...]) -> bool:
        head = [name.strip() for name in rows[0]]
        missing = [name for name in needed if name not in head]
        if missing:
            found = ", ".join(filter(None, head)) or "-"
            self.faults.add(self.path, lines[0], "missing_columns", columns=", ".join(missing), found=shown(found))
        repeated = sorted({name for name in head if name and head.count(name) > 1})
        for name in repeated:
            self.faults.add(self.path, lines[0], "repeated_column", column=shown(name))
        if not missing:
            self.lines = lines[1:]
            self._columns.update(zip(head, self._body(rows[1:], len(head)), strict=True))
        return not missing and not repeated

    def _body(self, rows: list[list[str]], width: int) -> list[list[str]]:
        """The cells of each column."""
        if set(map(len, rows)) - {width}:
            rows = [self._fitted(row, cells, width) for row, cells in enumerate(rows)]
        return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]

    def _fitted(self, row: int, cells: list[str], width: int) -> list[str]:
        if any(cell.strip() for cell in cells[width:]):
            self.note(row, "extra_cells", count=len(cells), columns=width)
        return cells[:width] + [""] * (width - len(cells))


def shown(value: str) -> str:
    """A value as it is shown: an empty one seen, a long one cut."""
    return repr(value if len(value) <= _SHOWN else value[:_SHOWN] + "…")


def _numbers(cells: list[str]) -> FloatArray:
    """Cells as numbers, NaN where they are none."""
    try:
        values = np.array(list(map(float, cells)), dtype=np.float64)
    except ValueError:
        values = np.array([_number(cell) for cell in cells], dtype=np.float64)
    # Python reads 1_000 as a number; no spreadsheet does.
    if "_" in "".join(cells):
        values[["_" in cell for cell in cells]] = np.nan
    return values


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return np.nan


def _told(limits: Mapping[str, Any]) -> dict[str, object]:
    unit = f" {limits['unit']}" if limits["unit"] else ""
    return {"unit": unit, "low": _plain(limits["low"]), "high": _plain(limits["high"])}


def _plain(value: float) -> str:
    """A number without an exponent: -100,000,000 or 0.000001."""
    return f"{value:,.6f}".rstrip("0").rstrip(".")
