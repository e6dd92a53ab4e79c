"""SMART scopes are read as the standard writes them, and whatever is not one of them opens nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_api.fhir.smart import SmartScope, is_within, read_scope, smart_scopes

LAB = "http://terminology.hl7.org/CodeSystem/observation-category|laboratory"

LETTERS = st.sets(st.sampled_from("cruds"), min_size=1).map(lambda found: "".join(sorted(found, key="cruds".index)))
SCOPES = st.builds(
    lambda level, kind, letters, query: f"{level}/{kind}.{letters}{query}",
    st.sampled_from(["patient", "user", "system"]),
    st.sampled_from(["*", "Observation", "Patient"]),
    LETTERS,
    st.sampled_from(["", f"?category={LAB}", f"?category={LAB}&status=final"]),
)


@pytest.mark.parametrize(
    ("text", "scope"),
    [
        ("patient/Observation.rs", SmartScope("patient", "Observation", "rs")),
        ("user/*.cruds", SmartScope("user", "*", "cruds")),
        ("system/Patient.read", SmartScope("system", "Patient", "rs")),
        ("patient/Observation.write", SmartScope("patient", "Observation", "cud")),
        ("patient/*.*", SmartScope("patient", "*", "cruds")),
        (f"patient/Observation.rs?category={LAB}", SmartScope("patient", "Observation", "rs", (("category", LAB),))),
    ],
)
def test_scopes_of_both_versions(text: str, scope: SmartScope) -> None:
    """Letters of version 2 and words of version 1 mean the same interactions."""
    assert read_scope(text) == scope


@pytest.mark.parametrize(
    "text",
    ["patient/Observation.sr", "patient/Observation.", "patient/Observation", "patient/observation.rs", "openid",
     "patient/Observation.rss", "nobody/Observation.rs", "patient/Observation.read?category=x", "launch/patient",
     "patient/Observation.rs ", "xpatient/Observation.rs", "patient/Observation.rs?"],
)  # fmt: skip
def test_other_texts_are_no_scopes(text: str) -> None:
    """Letters out of order, unknown levels and other scopes open nothing."""
    assert read_scope(text) is None


@given(SCOPES, st.sampled_from(["Observation", "Patient", "Consent"]), st.sampled_from("cruds"))
def test_a_narrower_scope_opens_no_more(text: str, resource_type: str, letter: str) -> None:
    """Whatever may be asked for within a scope opens nothing that the scope does not open."""
    scope = read_scope(text)
    assert scope is not None
    for other in ("patient/*.cruds", "patient/Observation.rs", f"system/Observation.rs?category={LAB}"):
        wider = read_scope(other)
        assert wider is not None
        if wider.covers(scope) and scope.opens(resource_type, letter):
            assert wider.opens(resource_type, letter)
            assert wider.level == scope.level
            assert set(wider.query) <= set(scope.query)


@given(SCOPES)
def test_every_scope_is_within_itself(text: str) -> None:
    """A client may ask for what it is registered for."""
    assert is_within(text, [text])
    assert smart_scopes(frozenset({text, "openid"})) == (read_scope(text),)


@pytest.mark.parametrize(
    ("wanted", "held", "granted"),
    [
        ("patient/Observation.rs", "patient/*.cruds", True),
        ("patient/Observation.read", "patient/*.rs", True),
        (f"patient/Observation.rs?category={LAB}", "patient/Observation.rs", True),
        ("patient/Observation.rs", f"patient/Observation.rs?category={LAB}", False),
        ("patient/Observation.cruds", "patient/*.rs", False),
        ("system/Observation.rs", "patient/*.cruds", False),
        ("patient/*.rs", "patient/Observation.rs", False),
        ("openid", "openid", True),
        ("openid", "patient/*.cruds", False),
    ],
)
def test_what_a_client_may_ask_for(wanted: str, held: str, granted: bool) -> None:  # noqa: FBT001 - of the table
    """Narrower is granted, wider and other levels are not."""
    assert is_within(wanted, [held]) is granted
