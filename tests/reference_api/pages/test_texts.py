"""Texts of the pages, and the choice of the language."""

import string
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.contract.catalogue import load_roles
from reference_api.oidc.claims import load_rules
from reference_api.oidc.client_seed import SERVICE_ROLE
from reference_api.pages.texts import LANGUAGES, choose_language, load_texts


def places(text: str) -> set[str]:
    """What stands in braces in a text."""
    return {(name or "").partition(".")[0] for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def entries(language: str) -> Iterator[tuple[str, str, set[str]]]:
    """Section, name and places of every text."""
    for section, texts in load_texts(language).items():
        for name, text in texts.items():
            yield section, name, places(text)


def test_every_text_is_there_in_both_languages() -> None:
    """The same sections, names and places in braces, and nothing empty."""
    assert sorted(entries("ja")) == sorted(entries("en"))
    assert all(
        text.strip() for language in LANGUAGES for texts in load_texts(language).values() for text in texts.values()
    )


def test_japanese_is_japanese() -> None:
    """Every Japanese text has a Japanese letter, and no English one has any but the name of the language."""
    japanese = {
        language: [
            (section, name)
            for section, texts in load_texts(language).items()
            for name, text in texts.items()
            if any("\u3040" <= letter <= "\u9fff" for letter in text) != (language == "ja")
        ]
        for language in LANGUAGES
    }
    assert japanese == {"ja": [], "en": []}


def test_every_scope_and_claim_of_a_person_has_its_words() -> None:
    """What a service may ask of a person stands on the consent page in words."""
    texts = load_texts("ja")
    scopes = {scope for scope in load_roles()[SERVICE_ROLE].scopes if "/" not in scope}
    assert scopes <= set(texts["scopes"])
    assert {name.partition("#")[0] for name in load_rules().claims} == set(texts["claims"])


@pytest.mark.parametrize(
    ("wishes", "language"),
    [
        (("en", "ja"), "en"),
        (("", "fr en", "ja"), "en"),
        (("", "", "ja,en;q=0.9"), "ja"),
        (("", "", "en-US,en;q=0.9,ja;q=0.8"), "en"),
        (("", "", "en;q=0.1, ja;q=0.8"), "ja"),
        (("", "", "en;q=0, fr"), "ja"),
        (("", "ja-Hira-JP", "en"), "ja"),
        (("xx", "", ""), "ja"),
        (("", "", "*"), "ja"),
        ((), "ja"),
    ],
)
def test_language_is_chosen(wishes: tuple[str, ...], language: str) -> None:
    """The page's own choice, then ui_locales in order, then Accept-Language by weight; Japanese where nothing fits."""
    assert choose_language(*wishes) == language


@given(st.lists(st.text(max_size=30), max_size=4))
def test_any_wish_ends_in_a_language(wishes: list[str]) -> None:
    """Whatever a browser or a client sends, there is a language to write in."""
    assert choose_language(*wishes) in LANGUAGES
