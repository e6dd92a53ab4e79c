"""The shell of every page: one file with its style and its switch of language within; it fetches nothing."""

from collections.abc import Mapping
from importlib.metadata import version
from importlib.resources import files

from scenarios.language import Language
from scenarios.report.markup import Markup, element, escaped, words
from scenarios.report.texts import phrase

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


def page_html(
    title: str, language: Language, header: Markup, sections: Mapping[str, Markup], footer: str = "page.generated"
) -> str:
    """A whole page: ``header`` on top, then the sections, each under the phrase ``section.<name>``.

    ``footer`` is the key of the phrase at the end, with a place for the version.
    """
    main = element("main", header, *(section(name, content) for name, content in sections.items()))
    return whole_page(title, language, main, footer=footer)


def whole_page(
    title: str, language: Language, main: Markup, *, footer: str = "page.generated", made_by: str | None = None
) -> str:
    """A whole page around what it has to say; ``made_by`` is the version that it is of, this one if not given."""
    told = version("citytwin") if made_by is None else made_by
    body = element(
        "body",
        element("button", words(phrase("page.switch")), type="button", id="switch"),
        main,
        element("footer", words(phrase(footer, version=told))),
        element("script", Markup(_asset("switch.js"))),
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="generator", content=f"citytwin {told}"),
        # The page may fetch nothing at all, whatever a hostile name tries.
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("title", escaped(title)),
        element("style", Markup(_asset("style.css"))),
    )
    page = element("html", head, body, lang=language, data_lang=language)
    return f"<!DOCTYPE html>\n{page}\n"


def section(name: str, content: Markup) -> Markup:
    """A section under the phrase ``section.<name>``."""
    return element("section", element("h2", words(phrase(f"section.{name}"))), content, id=name.replace("_", "-"))


def _asset(name: str) -> str:
    return files("scenarios.report").joinpath(name).read_text(encoding="utf-8")
