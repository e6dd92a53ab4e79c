"""What a town says of its own parts: texts of data/provenance.toml, filled in."""

import tomllib
from importlib.resources import files

from twin.town import Provenance, Standing


class Ledger:
    """Notes, part by part, where a town comes from."""

    def __init__(self) -> None:
        text = files("twin").joinpath("data", "provenance.toml").read_text(encoding="utf-8")
        self._texts = tomllib.loads(text)
        self._notes: list[Provenance] = []

    @property
    def notes(self) -> tuple[Provenance, ...]:
        """All notes so far."""
        return tuple(self._notes)

    def note(self, section: str, kind: str, source: tuple[str, str] = ("", ""), **facts: str) -> None:
        """Note a part; ``source`` is the recipe's own, in Japanese and English."""
        entry = self._texts[section][kind]
        words = [
            entry[language].format(source=own, **facts).strip()
            for language, own in zip(("ja", "en"), source, strict=True)
        ]
        self._notes.append(Provenance(entry["subject"], Standing(entry["standing"]), *words))
