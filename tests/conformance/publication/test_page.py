"""The page shows everything in both languages and needs nothing from elsewhere."""

import re
from html.parser import HTMLParser

import pytest

from conformance.contract.operations import load_document, load_operations
from conformance.contract.requirements import load_requirements
from conformance.publication.page import contract_page

PAGE = contract_page()
VOID = {"meta", "input", "br", "link", "img", "hr"}


class _Reader(HTMLParser):
    """Collects ids, links within the page, texts by language; refuses tags that do not close."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.open: list[str] = []
        self.words: dict[str, list[str]] = {"ja": [], "en": []}
        self._languages: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.add(tag)
        if "id" in given:
            self.ids.append(given["id"] or "")
        if tag == "a":
            self.links.append(given["href"] or "")
        if tag not in VOID:
            self.open.append(tag)
            self._languages.append(given.get("lang") if tag == "span" else None)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        self._languages.pop()

    def handle_data(self, data: str) -> None:
        if self._languages and self._languages[-1] in self.words:
            self.words[self._languages[-1] or ""].append(data)


@pytest.fixture(scope="module")
def read() -> _Reader:
    """The page, read."""
    reader = _Reader()
    reader.feed(PAGE)
    return reader


def test_every_operation_and_requirement_has_its_place(read: _Reader) -> None:
    """Each has an id on the page, no id is there twice, and every link within the page leads somewhere."""
    assert len(read.ids) == len(set(read.ids))
    assert {one.operation_id for one in load_operations()} <= set(read.ids)
    assert {one.id for one in load_requirements()} <= set(read.ids)
    assert {link[1:] for link in read.links if link.startswith("#")} <= set(read.ids)
    assert not read.open


def test_nothing_is_loaded_from_elsewhere(read: _Reader) -> None:
    """No script, picture, font or style sheet of another place; links alone lead out."""
    assert not read.tags & {"script", "img", "link", "iframe", "object", "video"}
    assert "url(" not in PAGE
    assert "@import" not in PAGE


def test_both_languages_say_as_much(read: _Reader) -> None:
    """Every text is there in Japanese and in English, and neither is the other's."""
    assert len(read.words["ja"]) == len(read.words["en"]) > 500
    assert not any(re.search(r"[ぁ-ん]", re.sub(r"\(.*?\)", "", text)) for text in read.words["en"])
    assert all(re.search(r"[ぁ-んァ-ン一-龥]|FHIR|LOINC|^[A-Z]", text) for text in read.words["ja"])


def test_operations_have_japanese_sentences() -> None:
    """Each operation says in Japanese what it does."""
    for one in load_operations():
        ja = load_document()["paths"][one.path][one.method.lower()]["x-ja"]
        assert ja.endswith("。"), one.operation_id
