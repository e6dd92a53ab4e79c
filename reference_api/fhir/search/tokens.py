"""Tokens and texts: codes with or without their system, names as people type them."""

import unicodedata
from dataclasses import dataclass
from typing import Any

from reference_api.fhir.search.indexed import Indexed

_EXISTS = "EXISTS (SELECT 1 FROM fhir_token t WHERE t.resource_id = r.id AND t.parameter = ?"
_HIRAGANA = range(0x3041, 0x3097)
_TO_KATAKANA = {code: code + 0x60 for code in _HIRAGANA}
_VARIATION_SELECTORS = dict.fromkeys([*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)])
"""Source: Unicode, blocks Variation Selectors and Variation Selectors Supplement."""


@dataclass(frozen=True, slots=True)
class TokenTest:
    """``code``, ``system|code``, ``|code`` (no system) or ``system|`` (any code); None leaves a part open."""

    parameter: str
    system: str | None
    code: str | None

    def sql(self) -> tuple[str, list[Any]]:
        """The condition on row ``r`` and its parameters."""
        text, values = _EXISTS, [self.parameter]
        if self.code is not None:
            text, values = text + " AND t.code = ?", [*values, self.code]
        if self.system is not None:
            text, values = text + " AND t.system = ?", [*values, self.system]
        return text + ")", list(values)

    def matches(self, indexed: Indexed) -> bool:
        """Whether it holds of one resource."""
        return any(
            parameter == self.parameter and self.system in (None, system) and self.code in (None, code)
            for parameter, system, code in indexed.tokens
        )


def token_test(parameter: str, text: str) -> TokenTest:
    r"""The test that a value of a search stands for; a backslash makes ``|``, ``,``, ``$`` and itself plain characters.

    Raises:
        ValueError: nothing is asked for.

    Source: HL7 FHIR R4 4.0.1, search.html, token and escaping.
    """
    parts = split(text, "|")
    if len(parts) > 2 or not any(parts):
        raise ValueError("no token")
    if len(parts) == 1:
        return TokenTest(parameter, None, unescape(parts[0]))
    system, code = unescape(parts[0]), unescape(parts[1])
    return TokenTest(parameter, system, code or None)


def split(text: str, separator: str) -> list[str]:
    """Parts between separators that are not escaped by a backslash."""
    parts, part, escaped = list[str](), list[str](), False
    for letter in text:
        if letter == separator and not escaped:
            parts.append("".join(part))
            part = []
        else:
            part.append(letter)
        escaped = letter == "\\" and not escaped
    return [*parts, "".join(part)]


def unescape(text: str) -> str:
    """The text without the backslashes that escape."""
    letters, pending = list[str](), False
    for letter in text:
        if letter == "\\" and not pending:
            pending = True
        else:
            letters.append(letter)
            pending = False
    return "".join(letters)


def fold(text: str) -> str:
    """A text as searches compare it: case, width, kind of kana, blanks and glyph variants make no difference."""
    plain = unicodedata.normalize("NFKC", text).casefold().translate(_TO_KATAKANA).translate(_VARIATION_SELECTORS)
    return "".join(plain.split())


@dataclass(frozen=True, slots=True)
class TextTest:
    """A text that begins with, or with ``anywhere`` contains, what is asked for (folded)."""

    parameter: str
    folded: str
    anywhere: bool = False

    def sql(self) -> tuple[str, list[Any]]:
        """The condition on row ``r`` and its parameters."""
        pattern = self.folded.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        return f"{_EXISTS} AND t.code LIKE ? ESCAPE '\\')", [self.parameter, "%" * self.anywhere + pattern]

    def matches(self, indexed: Indexed) -> bool:
        """Whether it holds of one resource."""
        texts = [code for parameter, _, code in indexed.tokens if parameter == self.parameter]
        return any(self.folded in text if self.anywhere else text.startswith(self.folded) for text in texts)
