"""Whatever is sent, the server answers with an outcome, keeps what it had, and says nothing of itself."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ward import FHIR_JSON, HOSPITAL, Ward, check

from reference_api.fhir.search.parameters import parameters_of

KINDS = ("Observation", "DiagnosticReport", "MedicationRequest", "MedicationStatement", "Patient", "Consent")
NAMES = sorted(
    {name for kind in KINDS for name in parameters_of(kind)}
    | {"_id", "_lastUpdated", "_sort", "_count", "_include", "_total"}
)
TEXT = st.text(max_size=12) | st.sampled_from(
    ["\0", "a1", "..", "\ud800", "%", "'", "9999-12-31", "ge0001", "|", "\\", "x" * 300, "a1,a2"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "resourceType",
                    "id",
                    "meta",
                    "subject",
                    "reference",
                    "code",
                    "coding",
                    "entry",
                    "request",
                    "type",
                    "extension",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def encoded(text: str) -> str:
    """A text for a URL; half of a surrogate pair too."""
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(KINDS),
    st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(["", ":exact", ":text", ":x"]), TEXT), max_size=4),
)
def test_any_search_is_answered(ward: Ward, kind: str, pairs: list[tuple[str, str, str]]) -> None:
    """Known parameters with any modifier and any value, for a citizen and for a hospital."""
    query = "&".join(f"{name}{modifier}={encoded(value)}" for name, modifier, value in pairs)
    for who in ("c0", HOSPITAL):
        check(ward.call("GET", f"{kind}?{query}", who))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["GET", "PUT", "DELETE", "POST"]),
    st.sampled_from(KINDS) | TEXT,
    TEXT.filter(bool),
    st.sampled_from(["", "/_history", "/_history/1", "/_history/x", "/_search"]),
)
def test_any_path_is_answered(ward: Ward, method: str, kind: str, logical_id: str, suffix: str) -> None:
    """Any text in the place of a type, of an id, or behind it."""
    body = {"resourceType": kind, "id": logical_id} if method == "PUT" else None
    body = None if body is None else json.dumps(body).encode()
    answer = ward.call(method, f"{encoded(kind)}/{encoded(logical_id)}{suffix}", "c0", body)
    assert answer.status < 500, answer.body


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(JSON, st.sampled_from(["Observation", "MedicationRequest", "", "Observation?identifier=a|b"]), st.data())
def test_any_body_is_answered(ward: Ward, value: Any, path: str, data: st.DataObject) -> None:
    """Any JSON, and a good resource with any member in any place, are taken or refused."""
    method = "PUT" if "?" in path else "POST"
    check(ward.call(method, path, "c0", json.dumps(value).encode()))
    good = ward.pulse("c0")
    name = data.draw(st.sampled_from([*good, "identifier", "contained", "extension", "performer", "hasMember", "text"]))
    check(ward.call("POST", "Observation", "c0", json.dumps(good | {name: value}).encode()))
    check(ward.call("POST", "", "c0", {"resourceType": "Bundle", "type": "transaction", "entry": [value]}))
    bundle = {
        "resourceType": "Bundle",
        "type": "batch",
        "entry": [{"request": value}, {"request": {"method": "GET", "url": value}}],
    }
    check(ward.call("POST", "", "c0", bundle))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(
        ["if_match", "if_none_match", "if_modified_since", "if_none_exist", "prefer", "accept", "content_type"]
    ),
    st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=30),
)
def test_any_header_is_answered(ward: Ward, name: str, value: str) -> None:
    """Any value of the headers that FHIR gives a meaning to."""
    check(ward.create("c0", ward.pulse("c0"), **{name: value}))
    check(ward.call("GET", f"Patient/{ward.patient('c0')}", "c0", **{name: value}))


@pytest.mark.parametrize("text", ["\0", "\ud800", "a\0b"])
def test_letters_that_no_text_has_are_refused(ward: Ward, text: str) -> None:
    """U+0000 and halves of surrogate pairs are refused on every store alike, wherever they stand."""
    for resource in (
        ward.pulse("c0") | {"note": [{"text": text}]},
        ward.pulse("c0") | {"identifier": [{"value": text}]},
        ward.pulse("c0") | {"meta": {"source": text}},
    ):
        answer = ward.call("POST", "Observation", "c0", json.dumps(resource).encode())
        assert answer.status in (400, 422)
    assert ward.search("Observation", "c0") == []


def test_deep_and_long_bodies_are_refused(ward: Ward) -> None:
    """Nesting without end and numbers without end cost a refusal."""
    for body in (b'{"a":' * 3000 + b"1" + b"}" * 3000, b'{"a":' + b"9" * 5000 + b"}", b"[" * 100_000):
        assert ward.call("POST", "Observation", "c0", body).status == 400


def test_a_narrative_is_kept_as_it_is_and_shown_to_nobody(ward: Ward) -> None:
    """HTML of a resource comes back as a string of JSON, in answers that no browser takes for a page."""
    div = '<div xmlns="http://www.w3.org/1999/xhtml"><p>脈拍 72</p></div>'
    made = ward.create("c0", ward.pulse("c0") | {"text": {"status": "generated", "div": div}})
    assert made.status == 201
    assert made.headers["content-type"] == FHIR_JSON
    assert made.json["text"]["div"] == div
    script = '<div xmlns="http://www.w3.org/1999/xhtml"><script>alert(1)</script></div>'
    assert ward.create("c0", ward.pulse("c0") | {"text": {"status": "generated", "div": script}}).status == 422
