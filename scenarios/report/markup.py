"""Markup: HTML and SVG put together so that text from outside can never become markup."""

import re
from collections.abc import Iterable
from html import escape

from scenarios.language import Text

_NO_XML_CHARACTER = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML document may hold. Source: XML 1.0, 2.2, production Char."""

VOID = frozenset({"br", "meta", "rect", "line", "circle", "path", "use"})
"""Elements that HTML or SVG writes as one tag when they are empty."""


class Markup(str):
    """Text that is markup already; any other text is escaped when it becomes part of it."""

    __slots__ = ()


def escaped(text: str) -> Markup:
    """Text as markup that shows just this text; characters that no document may hold become U+FFFD."""
    return Markup(escape(_NO_XML_CHARACTER.sub("\ufffd", text), quote=True))


def joined(parts: Iterable[str]) -> Markup:
    """Parts one after the other, those that are no markup escaped."""
    return Markup("".join(part if isinstance(part, Markup) else escaped(part) for part in parts))


def element(tag: str, /, *children: str, **attributes: str | float | None) -> Markup:
    """An element; ``class_`` stands for class, ``stroke_width`` for stroke-width, None for an attribute not set."""
    pairs = [
        f' {key.rstrip("_").replace("_", "-")}="{escaped(_plain(value))}"'
        for key, value in attributes.items()
        if value is not None
    ]
    opening = f"<{tag}{''.join(pairs)}"
    if not children and tag in VOID:
        return Markup(f"{opening}/>")
    return Markup(f"{opening}>{joined(children)}</{tag}>")


def words(text: Text, tag: str = "span") -> Markup:
    """A text in both languages, of which the page shows one; ``tag`` is tspan inside a drawing."""
    if text.ja == text.en:
        return escaped(text.ja)
    return joined((element(tag, text.ja, lang="ja"), element(tag, text.en, lang="en")))


def _plain(value: str | float) -> str:
    return value if isinstance(value, str) else coordinate(value)


def coordinate(value: float) -> str:
    """A number with one decimal at most, as short as it can be."""
    return f"{value:.1f}".removesuffix(".0")
