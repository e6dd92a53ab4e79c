"""Text: a sentence in English and Japanese."""

from dataclasses import dataclass
from typing import Literal

Language = Literal["ja", "en"]


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence in both languages; technical names stand in it as they are sent."""

    en: str
    ja: str

    def of(self, language: Language) -> str:
        """The sentence in a language."""
        return self.ja if language == "ja" else self.en


NOTHING = Text("", "")
"""No text."""


def both(text: "Text | str") -> Text:
    """A text; a technical name is the same in both languages."""
    return text if isinstance(text, Text) else Text(text, text)
