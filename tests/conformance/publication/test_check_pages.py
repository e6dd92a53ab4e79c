"""Pages of the checks: one for each requirement, offline, in both languages, with working links."""

import re

import pytest

from conformance.contract.operations import load_operations
from conformance.contract.requirements import load_requirements
from conformance.publication.check_pages import check_pages


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    """All pages by name."""
    return dict(check_pages())


def test_each_requirement_has_a_page(pages: dict[str, str]) -> None:
    """And the first page leads to each."""
    names = {f"{one.id}.html" for one in load_requirements()}
    assert set(pages) == {*names, "index.html"}
    assert names <= set(re.findall(r'href="([^"]+)"', pages["index.html"]))


def test_a_page_tells_the_requirement_in_both_languages(pages: dict[str, str]) -> None:
    """With its clauses, and nothing from elsewhere is loaded."""
    for one in load_requirements():
        page = (
            pages[f"{one.id}.html"]
            .replace("&#39;", "'")
            .replace("&amp;", "&")
            .replace("&gt;", ">")
            .replace("&lt;", "<")
        )
        page = page.replace("&#34;", '"')
        assert one.ja in page, one.id
        assert one.en in page, one.id
        assert all(clause in page for clause in one.clauses), one.id
        assert not re.search(r"<script|<img|<link|src=", page), one.id


def test_links_lead_somewhere(pages: dict[str, str]) -> None:
    """To another page, to an operation of the contract's page, or to a document on the web."""
    anchors = {f"../index.html#{one.operation_id}" for one in load_operations()}
    rules = {f"../index.html#C{number}" for number in range(1, 9)}
    known = {*pages, *anchors, *rules, "../index.html"}
    for name, page in pages.items():
        links = set(re.findall(r'href="([^"]+)"', page))
        assert {link for link in links if not link.startswith("https://")} <= known, name
