"""Narratives that can be shown are taken; whatever acts, loads declarations or is no XML is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_api.fhir.validation.narrative import has_content, is_harmless

SHOWN = (
    "<p>体温 36.5</p>",
    '<table border="1"><tr><td colspan="2">a</td></tr></table>',
    '<a href="https://example.com/">a</a>',
    '<img src="data:image/png;base64,AAAA" alt="x"/>',
    "<p>a &amp; b &#160; &lt;script&gt;</p><!-- note -->",
    '<p style="color: red" class="c" lang="ja" xml:lang="ja">葛&#xE0100;</p>',
)

REFUSED = (
    "<script>alert(1)</script>",
    '<p onclick="x()">a</p>',
    '<a href="javascript:x()">a</a>',
    '<a href=" &#9;JaVaScRiPt:x()">a</a>',
    '<a href="data:text/html,x">a</a>',
    '<img src="vbscript:x"/>',
    '<iframe src="https://example.com/"/>',
    '<form action="/"><input/></form>',
    "<object/>",
    '<svg xmlns="http://www.w3.org/2000/svg"><circle/></svg>',
    "<p>",
    "&nbsp;",
    "<style>p{}</style>",
)


def _div(inner: str) -> str:
    return f'<div xmlns="http://www.w3.org/1999/xhtml">{inner}</div>'


@pytest.mark.parametrize("inner", SHOWN)
def test_formatting_is_taken(inner: str) -> None:
    """Formatting elements, links, images, numeric entities."""
    assert is_harmless(_div(inner))
    assert has_content(_div(inner))


@pytest.mark.parametrize("inner", REFUSED)
def test_what_acts_or_is_unknown_is_refused(inner: str) -> None:
    """Scripts, handlers, active links, frames, forms, foreign elements, faulty XML."""
    assert not is_harmless(_div(inner))


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "<div>no namespace</div>",
        '<p xmlns="http://www.w3.org/1999/xhtml">no div</p>',
        '<!DOCTYPE div [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + _div("&b;"),
        '<?xml version="1.0"?>' + _div("a"),
        '<?xml-stylesheet href="x"?>' + _div("a"),
        _div("<![CDATA[a]]>"),
        _div("a") + _div("b"),
        _div("\ud842"),
    ],
)
def test_other_documents_are_refused(text: str) -> None:
    """One div in the XHTML namespace, without declarations."""
    assert not is_harmless(text)


@pytest.mark.parametrize("inner", ["", " \n ", "<p/>", "<br/>"])
def test_a_narrative_shows_something(inner: str) -> None:
    """White space and empty elements are no content (txt-2)."""
    assert not has_content(_div(inner))


@given(st.text() | st.text(alphabet="<>/div &;!?-[]\"'=xml", max_size=40).map(_div))
def test_any_text_is_judged(text: str) -> None:
    """No text makes the reader fail."""
    assert is_harmless(text) in (True, False)
    assert has_content(text) in (True, False)
