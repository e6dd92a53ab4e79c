"""Comma-separated tables with a head, as municipalities publish them: UTF-8 or Shift_JIS, packed or not."""

import csv
import gzip
import io
from pathlib import Path

from twin.errors import InvalidSource, MissingSource


def read_table(path: Path, needed: tuple[str, ...]) -> list[tuple[int, dict[str, str]]]:
    """Line number and cells by column of each row.

    Raises:
        MissingSource: There is no such file.
        InvalidSource: It lacks columns, or is neither UTF-8 nor Shift_JIS.
    """
    rows = list(csv.reader(io.StringIO(_decoded(path))))
    head = [name.strip() for name in rows[0]] if rows else []
    missing = [name for name in needed if name not in head]
    if missing:
        raise InvalidSource([f"{path}:1: columns missing: {', '.join(missing)}; found: {', '.join(head) or 'none'}"])
    table = []
    # A quoted cell may hold line breaks; the line of a row is that of its last line, as csv counts.
    reader = csv.reader(io.StringIO(_decoded(path)))
    next(reader)
    for cells in reader:
        if any(cell.strip() for cell in cells):
            padded = cells + [""] * (len(head) - len(cells))
            table.append((reader.line_num, dict(zip(head, (cell.strip() for cell in padded), strict=False))))
    return table


def _decoded(path: Path) -> str:
    try:
        packed = path.read_bytes()
        data = gzip.decompress(packed) if path.suffix == ".gz" else packed
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as fault:
        raise MissingSource(f"{path} is no file; check the path and --data") from fault
    except (gzip.BadGzipFile, EOFError) as fault:
        raise InvalidSource([f"{path}: not a whole gzip file: {fault}; fetch it again"]) from fault
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InvalidSource([f"{path}: neither UTF-8 nor Shift_JIS; save it as UTF-8"])
