"""Tokens with and without system, escapes, and texts as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_api.fhir.search.indexed import Indexed
from reference_api.fhir.search.tokens import TextTest, TokenTest, fold, split, token_test, unescape

LOINC = "http://loinc.org"
RESOURCE = Indexed("x", 1, frozenset({("code", LOINC, "8867-4"), ("code", "", "pulse"), ("status", "s", "final")}))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("8867-4", True),
        (f"{LOINC}|8867-4", True),
        (f"{LOINC}|", True),
        ("|pulse", True),
        ("pulse", True),
        ("|8867-4", False),
        (f"{LOINC}|pulse", False),
        ("http://snomed.info/sct|8867-4", False),
        ("http://snomed.info/sct|", False),
        ("final", False),
        ("8867-40", False),
        ("PULSE", False),
    ],
)
def test_system_and_code(text: str, found: bool) -> None:  # noqa: FBT001 - a column of the table
    """``code`` is of any system, ``|code`` of none, ``system|`` any of it, ``system|code`` exactly that one."""
    assert token_test("code", text).matches(RESOURCE) is found


@pytest.mark.parametrize("text", ["", "|", "a|b|c"])
def test_no_token_is_refused(text: str) -> None:
    """What asks for nothing, or for too much, is no token."""
    with pytest.raises(ValueError, match="no token"):
        token_test("code", text)


def test_escaped_separators_are_letters() -> None:
    """A backslash makes a separator part of the code."""
    assert token_test("identifier", r"a\|b|c\,d") == TokenTest("identifier", "a|b", "c,d")


@given(st.lists(st.text(alphabet="ab,|\\$", max_size=6), min_size=1, max_size=4))
def test_split_undoes_joining(parts: list[str]) -> None:
    """Values that are escaped and joined by commas come back as they were."""
    escaped = [part.replace("\\", "\\\\").replace(",", "\\,").replace("|", "\\|").replace("$", "\\$") for part in parts]
    assert [unescape(part) for part in split(",".join(escaped), ",")] == parts


@pytest.mark.parametrize(
    ("stored", "typed"),
    [
        ("ヨシノ", "ﾖｼﾉ"),
        ("ヨシノ", "よしの"),
        ("ガッコウ", "ｶﾞｯｺｳ"),
        ("会津 花子", "会津　花子"),
        ("会津 花子", "会津花子"),
        ("Smith", "ｓｍＩＴＨ"),
        ("𠮷野󠄁", "𠮷野"),
        ("Straße", "STRASSE"),
    ],
)
def test_width_case_kana_and_variants_make_no_difference(stored: str, typed: str) -> None:
    """A name is found however it is typed."""
    assert fold(stored) == fold(typed)


def test_different_letters_stay_different() -> None:
    """Folding joins ways of writing, not different characters."""
    assert fold("𠮷野") != fold("吉野")
    assert fold("ハナ") != fold("バナ")


@given(st.text(max_size=12), st.text(max_size=4))
def test_folding_twice_changes_nothing_and_beginnings_are_found(text: str, rest: str) -> None:
    """What is stored folded is found by its own beginning, and by any part with ``anywhere``."""
    folded = fold(text + rest)
    resource = Indexed("x", 1, frozenset({("name", "", folded)}))
    for length in range(1, len(folded) + 1):
        assert TextTest("name", folded[:length]).matches(resource)
        assert TextTest("name", folded[-length:], anywhere=True).matches(resource)
