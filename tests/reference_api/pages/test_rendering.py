"""Pages as they are rendered: their markup, their headers, their colours."""

import re
from importlib.resources import files
from itertools import pairwise, product
from typing import Any

import pytest
from browser import View
from hypothesis import given, settings
from hypothesis import strategies as st

from reference_api.errors import ApiError
from reference_api.pages.faults import fault_page
from reference_api.pages.rendering import Page, form_target, render
from reference_api.pages.texts import LANGUAGES
from reference_api.settings import Settings

SANDBOX = Settings(sandbox=True)
ERRORS = (
    {"field": "name", "text": "x"},
    {"field": "password", "text": "x"},
    {"field": "user_code", "text": "x"},
    {"field": "item0", "text": "x"},
    {"field": "item0-agree", "text": "x"},
    {"field": "", "text": "x"},
)
CHOICES = [{"code": "a", "text": "A", "ticked": True}, {"code": "b", "text": "B", "ticked": False}]
ITEM = {
    "field": "item0",
    "purpose": "P",
    "until": "U",
    "agreed": False,
    "categories": CHOICES,
    "recipients": CHOICES,
    "modes": CHOICES,
    "use": "E",
    "law": "L",
    "notice": ["N"],
}
ELSEWHERE = {"shared_plan.html"}
"""Pages that have tests of their own."""
FORM = {"action": "/x", "csrf": "c"}
VALUES: dict[str, dict[str, Any]] = {
    "sign_in.html": {**FORM, "lead": "lead", "client": "C", "name": "N", "methods": ["password", "card"]},
    "account.html": {**FORM, "client": "C", "person": "P"},
    "consent.html": {
        **FORM, "client": "C", "person": "P", "host": "h.example",
        "scopes": ["S"], "claims": ["K"], "claims_until": "U", "items": [ITEM],
    },
    "device.html": {**FORM, "user_code": "U", "example": "E"},
    "device_check.html": {**FORM, "client": "C", "user_code": "U"},
    "sign_out.html": {**FORM, "client": "C", "person": "P", "sealed": "s"},
    "message.html": {"heading": "H", "text": "T", "code": "c", "detail": "d"},
}  # fmt: skip
FIELDS = {"sign_in.html": {"name", "password"}, "consent.html": {"item0", "item0-agree"}, "device.html": {"user_code"}}


def shown(template: str, language: str = "en", **changed: Any) -> View:
    """A page with some values, as a browser has it."""
    errors = tuple(error for error in ERRORS if error["field"] in {"", *FIELDS.get(template, set())})
    values = {"errors": errors, **VALUES[template], **changed}
    reply = render(SANDBOX, Page(template, language, values, switch="/here"))
    return View(reply.status, [("content-type", reply.media_type), *reply.headers.items()], reply.body, "")


def test_every_template_is_tried() -> None:
    """The table above has every page."""
    names = {entry.name for entry in files("reference_api.pages").joinpath("templates").iterdir()}
    assert set(VALUES) == names - {"layout.html", "parts.html", *ELSEWHERE}


@pytest.mark.parametrize(("template", "language"), list(product(VALUES, LANGUAGES)))
def test_markup_is_accessible(template: str, language: str) -> None:
    """Language, title and one h1; ids once; every field labelled; every reference to an id leads somewhere (WCAG)."""
    view = shown(template, language)
    assert view.tagged("html") == [{"lang": language}]
    assert len(view.tagged("h1")) == 1
    assert "Error: " in view.text or language == "ja"
    ids = [one["id"] for _, one in view.reader.tags if "id" in one]
    assert len(ids) == len(set(ids))
    labelled = {one["for"] for one in view.tagged("label")}
    for field in view.tagged("input"):
        assert field.get("type") == "hidden" or field["id"] in labelled
    wanted = [
        one[name] for _, one in view.reader.tags for name in ("aria-describedby", "aria-labelledby") if name in one
    ]
    wanted += [one["href"][1:] for one in view.tagged("a") if one["href"].startswith("#")]
    assert {name for text in wanted for name in text.split()} <= set(ids)
    assert labelled <= set(ids)


@pytest.mark.parametrize("template", VALUES)
def test_headings_leave_no_level_out(template: str) -> None:
    """After the summary of errors the headings begin with h1, and none is deeper than its forerunner by two."""
    view = shown(template, errors=())
    levels = [int(tag[1]) for tag, _ in view.reader.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


@given(
    template=st.sampled_from(sorted(VALUES)), text=st.text(max_size=40) | st.just("</p><script>x</script>{{7*7}}\"'&")
)
@settings(max_examples=80, deadline=None)
def test_values_stay_text(template: str, text: str) -> None:
    """Whatever stands in a value, the page has the same elements, and the value is text in it."""
    values = {name: text for name in VALUES[template] if isinstance(VALUES[template][name], str) and name != "lead"}
    plain = shown(template)
    view = shown(template, **values)
    assert [tag for tag, _ in view.reader.tags] == [tag for tag, _ in plain.reader.tags] or not text
    assert "49" not in view.text or "49" in text


def test_headers_forbid_what_pages_do_not_need() -> None:
    """No scripts, frames, caches, referrers; forms lead to ourselves and to the targets named."""
    reply = render(SANDBOX, Page("message.html", "ja", {**VALUES["message.html"], "errors": ()}, targets=("app.x:",)))
    assert reply.headers["content-security-policy"] == (
        "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' app.x:"
    )
    assert {name: reply.headers[name] for name in ("x-frame-options", "referrer-policy", "cache-control")} == {
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "cache-control": "no-store",
    }


@pytest.mark.parametrize(
    ("uri", "target"),
    [
        ("https://a.example/cb?x=1", "https://a.example"),
        ("http://127.0.0.1:8765/cb", "http://127.0.0.1:8765"),
        ("com.example.app:/cb", "com.example.app:"),
    ],
)
def test_form_target(uri: str, target: str) -> None:
    """The origin of a redirect URI; of an app's own scheme the scheme."""
    assert form_target(uri) == target


@pytest.mark.parametrize("language", LANGUAGES)
def test_fault_is_a_page(language: str) -> None:
    """A fault keeps status and headers, and tells its kind; text of the request in it stays text."""
    fault = ApiError("temporary-reduced-capacity", "<b>", headers={"retry-after": "30"})
    reply = fault_page(SANDBOX, language, fault)
    view = View(reply.status, [("content-type", reply.media_type)], reply.body, "")
    assert (reply.status, reply.headers["retry-after"]) == (503, "30")
    assert "temporary-reduced-capacity <b>" not in view.text
    assert "<b>" in view.text
    assert not view.tagged("b")


def luminance(colour: str) -> float:
    """Relative luminance of a colour. Source: WCAG 2.2, relative luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours. Source: WCAG 2.2, contrast ratio."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_colours_have_contrast() -> None:
    """Text against its ground at least 7:1 (AAA), borders and marks at least 3:1 (WCAG 2.2, 1.4.6, 1.4.11)."""
    style = files("reference_api.pages").joinpath("style.css").read_text(encoding="utf-8")
    colour = dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", style))
    for text, ground in product(("ink", "quiet", "deed", "wrong"), ("ground",)):
        assert contrast(colour[text], colour[ground]) >= 7, text
    assert contrast(colour["ink"], colour["told"]) >= 7
    assert contrast(colour["ground"], colour["deed"]) >= 7
    assert contrast(colour["edge"], colour["ground"]) >= 3


def test_style_sheet_is_served(city: Any) -> None:
    """The pages' one style sheet, kept by browsers, asked for again by its entity tag; it loads nothing else."""
    answer = city.call("GET", "/pages/style.css")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert city.call("GET", "/pages/style.css", if_none_match=answer.headers["etag"]).status == 304
    assert b"url(" not in answer.body
    assert b"@import" not in answer.body
