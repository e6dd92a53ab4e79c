"""Survey: a target is what it says of itself, and no answer of it stops the suite."""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.errors import PlanError
from conformance.plan import ClientPart, PersonPart, Plan, TargetPart
from conformance.survey import survey
from conformance.target import Target
from conformance.wire import Line

URL = "https://city.example"
METADATA = {"issuer": URL, "token_endpoint": f"{URL}/token", "registration_endpoint": f"{URL}/register"}
CLIENTS = [
    {"client_id": "desk", "role": "shelter_desk", "client_secret": "s0"},
    {"client_id": "a", "role": "service", "client_secret": "s1", "redirect_uris": [f"{URL}/cb"]},
    {"client_id": "b", "role": "service", "client_secret": "s2", "redirect_uris": [f"{URL}/cb"]},
]
SANDBOX = {"clients": CLIENTS, "sign_in": {"password": "p", "subjects": ["c1", "c2"]}}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["clients", "sign_in", "keys"]), inner),
    max_leaves=5,
)


def surveyed(plan: Plan, documents: Mapping[str, Any], environ: Mapping[str, str] | None = None) -> Target:
    """The target that answers with these documents by path."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        found = documents.get(request.url.path)
        return httpx2.Response(404) if found is None else httpx2.Response(200, content=json.dumps(found))

    return survey(plan, Line(transport=httpx2.MockTransport(answer)), environ or {})


def plan(**changed: Any) -> Plan:
    """A plan for a city OS with a sandbox."""
    parts = {"client": ClientPart("sandbox"), "person": PersonPart("sandbox"), **changed}
    return Plan(TargetPart(("core-oidc",), issuer=URL, city_os=URL), **parts)


DOCUMENTS = {"/.well-known/openid-configuration": METADATA, "/.well-known/city-os": {"sandbox": SANDBOX}}


def test_a_sandbox_gives_clients_and_people() -> None:
    """Its services sign people in, its roles call the API, its people share one password."""
    target = surveyed(plan(second_client=ClientPart("sandbox")), DOCUMENTS)
    assert target.client is not None
    assert target.second_client is not None
    assert (target.client.client_id, target.second_client.client_id) == ("a", "b")
    assert [(one.user, one.password) for one in target.people] == [("c1", "p"), ("c2", "p")]
    assert [one.client_id for one in target.of_role("shelter_desk")] == ["desk"]


def test_secrets_are_in_no_text_of_the_target() -> None:
    """What is logged by accident tells no secret."""
    shown = repr(surveyed(plan(), DOCUMENTS).client)
    assert "s1" not in shown


@pytest.mark.parametrize(
    ("part", "missing"),
    [
        (ClientPart(), "CITYTWIN_CLIENT_ID"),
        (ClientPart(client_id="x", client_secret_env="OTHER"), "OTHER"),
        (ClientPart("sandbox", client_id="nobody"), "nobody"),
        (ClientPart("registration"), "registered"),
    ],
)
def test_a_client_that_is_not_there_is_a_fault_of_the_plan(part: ClientPart, missing: str) -> None:
    """The message names what is missing and what to do."""
    with pytest.raises(PlanError, match=missing):
        surveyed(plan(client=part), DOCUMENTS)


def test_what_is_not_there_stays_empty() -> None:
    """A target without documents is one of which nothing is known; it is judged as what the plan calls it."""
    target = surveyed(plan(), {})
    assert (target.metadata, target.city_os, target.client, target.is_city_os) == ({}, {}, None, True)


@given(JSON, JSON)
def test_no_document_stops_the_survey(metadata: Any, city_os: Any) -> None:
    """Whatever stands in the documents, the survey ends with a target or with what is wrong in the plan."""
    documents = {"/.well-known/openid-configuration": metadata, "/.well-known/city-os": {"sandbox": city_os}}
    with suppress(PlanError):
        surveyed(plan(), documents)
