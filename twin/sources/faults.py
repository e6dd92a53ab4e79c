"""Faults of an input file: collected while reading, raised together, each with file and line."""

from pathlib import Path

from twin.errors import InvalidSource, MissingSource


class Faults:
    """The faults of one file."""

    def __init__(self, path: Path | str) -> None:
        self.path = path
        self.found: list[str] = []

    def add(self, text: str, line: int | None = None) -> None:
        """Note a fault: what, the value, what to do."""
        self.found.append(f"{self.path}: {text}" if line is None else f"{self.path}:{line}: {text}")

    def at(self, where: str, text: str) -> None:
        """Note a fault at a place that names its file itself."""
        self.found.append(f"{where}: {text}")

    def raise_any(self) -> None:
        """Raise what was found.

        Raises:
            InvalidSource: There are faults.
        """
        if self.found:
            raise InvalidSource(self.found)


def read_text(path: Path, *, hint: str = "check the path") -> str:
    """The text of a file in UTF-8, with or without a byte-order mark.

    Raises:
        MissingSource: There is no such file; the message ends in ``hint``.
        InvalidSource: It is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as fault:
        raise MissingSource(f"{path} is no file; {hint}") from fault
    except UnicodeDecodeError as fault:
        raise InvalidSource([f"{path}: byte {fault.start} is not UTF-8; save the file as UTF-8"]) from fault
