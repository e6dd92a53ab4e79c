"""Markup: text from outside never becomes markup."""

from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from scenarios.language import Text
from scenarios.report.markup import Markup, coordinate, element, escaped, joined, words

Parse = Callable[[str], Any]
HOSTILE = st.one_of(
    st.text(),
    st.sampled_from(
        [
            "<script>alert(1)</script>",
            '"><svg onload=x>',
            "]]>",
            "&lt;",
            "'",
            "\x00\x1b",
            "\ud800",
            "--><!--",
            "</style>",
        ]
    ),
)


def readable(text: str) -> str:
    """The text as a document can hold it: forbidden characters replaced, line ends as XML reads them."""
    return "".join(one if one in "\t\n\r" or " " <= one <= "\ud7ff" or one >= "\ue000" else "\ufffd" for one in text)


@given(text=HOSTILE)
def test_any_text_comes_back_as_text(parse: Parse, text: str) -> None:
    """A document made with any text parses, has the elements that we made and no others, and shows that text."""
    root = parse(element("p", element("b", text), "&", text, title=text))
    expected = readable(text).replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")
    assert [child.tag for child in root] == ["b"]
    assert (root[0].text or "") == expected.replace("\r\n", "\n").replace("\r", "\n")
    assert "".join(root.get("title", "").split()) == "".join(expected.split())


@given(ja=HOSTILE, en=HOSTILE)
def test_words_hold_both_languages(parse: Parse, ja: str, en: str) -> None:
    """Different words stand side by side, each marked with its language; equal words stand once."""
    root = parse(element("p", words(Text(ja, en))))
    assert [child.get("lang") for child in root] == ([] if ja == en else ["ja", "en"])


def test_markup_is_not_escaped_twice() -> None:
    """What is markup already stays as it is."""
    assert joined((Markup("<b>1</b>"), "<i>")) == "<b>1</b>&lt;i&gt;"
    assert escaped("a & b") == "a &amp; b"


def test_attributes_are_named_for_svg_and_html() -> None:
    """An underscore at the end is dropped, others become hyphens, None leaves the attribute out."""
    assert element("rect", x=1.0, stroke_width=2, class_="a", id=None) == '<rect x="1" stroke-width="2" class="a"/>'


def test_coordinates_are_short() -> None:
    """One decimal at most."""
    assert [coordinate(one) for one in (1.0, 1.26, 3, -0.5)] == ["1", "1.3", "3", "-0.5"]
