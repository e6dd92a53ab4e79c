"""On which line of a TOML text a key stands, for messages; the standard parser does not say."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Path = tuple[str | int, ...]
"""Keys and positions in arrays of tables, from the top of the file."""

_PART = r"""(?:"(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+)"""
_DOTTED = rf"{_PART}(?:\s*\.\s*{_PART})*"
_ARRAY_TABLE = re.compile(rf"\s*\[\[\s*({_DOTTED})\s*\]\]")
_TABLE = re.compile(rf"\s*\[\s*({_DOTTED})\s*\]")
_KEY = re.compile(rf"\s*({_DOTTED})\s*=")
_TOKEN = re.compile(r'"""|\'\'\'|"(?:[^"\\]|\\.)*"|\'[^\']*\'|#|[\[\]{}]')


@dataclass(frozen=True, slots=True)
class LineIndex:
    """Lines (from 1) by path."""

    lines: dict[Path, int]

    def line_of(self, path: Sequence[str | int]) -> int:
        """The line of a path, or of the nearest table around it; 1 where neither is known."""
        parts = tuple(part for one in path for part in ([one] if isinstance(one, int) else one.split(".")))
        for length in range(len(parts), 0, -1):
            line = self.lines.get(parts[:length])
            if line is not None:
                return line
        return 1


def index_lines(text: str) -> LineIndex:
    """The lines on which the tables and keys of a TOML text begin."""
    lines: dict[Path, int] = {}
    table: Path = ()
    seen: Counter[Path] = Counter()
    for number, line in _statements(text):
        if match := _ARRAY_TABLE.match(line):
            name = _within(_parts(match[1]), seen)
            table = (*name, seen[name])
            seen[name] += 1
            lines.setdefault(name, number)
            lines[table] = number
        elif match := _TABLE.match(line):
            table = _within(_parts(match[1]), seen)
            lines.setdefault(table, number)
        elif match := _KEY.match(line):
            _note_key(lines, table, _parts(match[1]), number)
    return LineIndex(lines)


def _note_key(lines: dict[Path, int], table: Path, key: tuple[str, ...], number: int) -> None:
    for length in range(1, len(key) + 1):
        lines.setdefault((*table, *key[:length]), number)


def _parts(dotted: str) -> tuple[str, ...]:
    # A quoted key with dots counts as the tables that it would be without quotes: the reader takes both for one.
    return tuple(part for one in re.findall(_PART, dotted) for part in one.strip("\"'").split("."))


def _within(name: tuple[str, ...], seen: Counter[Path]) -> Path:
    # A table below an array of tables belongs to the array's last entry.
    path: Path = ()
    for part in name[:-1]:
        path = (*path, part)
        if seen[path]:
            path = (*path, seen[path] - 1)
    return (*path, name[-1])


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Lines on which a statement begins: not those inside a text or an array that spans several lines."""
    quote, depth = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        starts = not quote and depth == 0
        if starts:
            yield number, line
        is_header = starts and line.lstrip().startswith("[")
        quote, opened = _scan(line, quote)
        depth = 0 if is_header else max(0, depth + opened)


def _scan(line: str, quote: str) -> tuple[str, int]:
    """The open multi-line quote after a line ("" for none), and how many more brackets were opened than closed."""
    depth, position = 0, 0
    while position < len(line):
        if quote:
            end = line.find(quote, position)
            if end < 0:
                return quote, depth
            quote, position = "", end + 3
            continue
        match = _TOKEN.search(line, position)
        if match is None or match[0] == "#":
            break
        position = match.end()
        if match[0] in {'"""', "'''"}:
            quote = match[0]
        else:
            depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(match[0], 0)
    return quote, depth
