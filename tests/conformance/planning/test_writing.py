"""A plan that init writes says what was found, in either language, and is read as it was meant."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from conformance.plan_reading import read_plan
from conformance.planning.discovery import Found
from conformance.planning.draft import draft
from conformance.planning.writing import plan_text
from conformance.text import Language

OP = {"issuer": "https://id.example.jp", "authorization_endpoint": "https://id.example.jp/a"}
CAPABILITY = {"resourceType": "CapabilityStatement"}
CLIENTS = [
    {"client_id": "plain", "client_secret": "s", "role": "service", "redirect_uris": ["https://a"]},
    {"client_id": "rich", "client_secret": "s", "role": "service", "redirect_uris": ["https://a", "https://b"]},
    {"client_id": "office", "client_secret": "s", "role": "city_office"},
]
CITY: dict[str, Any] = {
    "environment": "test",
    "profiles": [{"id": "core-oidc"}, {"id": "payments"}, {"id": "health-fhir"}],
    "sandbox": {"clients": CLIENTS, "sign_in": {"subjects": ["one"]}},
}
STRANGER_OP = Found("https://id.example.jp", issuer="https://id.example.jp", metadata=OP)
STRANGER_FHIR = Found("https://h.example.jp", fhir="https://h.example.jp/fhir", capability=CAPABILITY, fhir_status=401)
CITY_OS = Found("http://127.0.0.1:8080", CITY, "http://127.0.0.1:8080", OP, "http://127.0.0.1:8080/fhir", CAPABILITY)
WITHOUT_SANDBOX = Found("https://city.example.jp", {**CITY, "sandbox": None}, "https://city.example.jp", OP)
SECOND = {"CITYTWIN_SECOND_CLIENT_ID": "b", "CITYTWIN_SECOND_USER": "b"}


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("environ", [{}, SECOND])
@pytest.mark.parametrize("found", [STRANGER_OP, STRANGER_FHIR, CITY_OS, WITHOUT_SANDBOX])
def test_a_plan_is_read_as_it_was_meant(
    tmp_path: Path, found: Found, environ: Mapping[str, str], language: Language
) -> None:
    """What is written and read again is the same plan."""
    drafted = draft(found, environ)
    path = tmp_path / "plan.toml"
    path.write_text(plan_text(drafted, language, origin="citytwin conform init X"), encoding="utf-8")
    assert read_plan(path) == drafted.plan


@pytest.mark.parametrize("found", [STRANGER_OP, WITHOUT_SANDBOX])
def test_what_is_left_out_can_be_taken_in(tmp_path: Path, found: Found) -> None:
    """Its lines are a part of a right plan when their marks are taken away."""
    text = plan_text(draft(found, {}), "en", origin="X")
    marked = text.partition("\n# # ")[2]
    assert marked
    path = tmp_path / "plan.toml"
    taken_in = "\n".join(line.removeprefix("# ") for line in ("# # " + marked).splitlines())
    path.write_text(text.partition("\n# # ")[0] + "\n" + taken_in, encoding="utf-8")
    assert read_plan(path).second_client is not None


def test_a_sandbox_gives_clients_and_people() -> None:
    """Nothing is left to be set, and the client that may do most comes first."""
    plan = draft(CITY_OS, {}).plan
    assert (plan.client.origin, plan.client.client_id) == ("sandbox", "rich")
    assert plan.second_client is not None
    assert plan.second_client.client_id == "plain"
    assert plan.person.origin == "sandbox"
    assert plan.target.profiles == ("core-oidc", "health-fhir")
    assert (plan.fhir.access, plan.fhir.may_write) == ("role", True)


def test_registration_is_used_where_it_is_offered() -> None:
    """Unless the user already has a client."""
    found = Found("https://a", issuer="https://a", metadata={**OP, "registration_endpoint": "https://a/r"})
    assert draft(found, {}).plan.client.origin == "registration"
    assert draft(found, {"CITYTWIN_CLIENT_ID": "mine"}).plan.client.origin == "plan"


def test_the_clients_method_is_one_that_is_offered() -> None:
    """Not every provider takes Basic."""
    found = Found("https://a", issuer="https://a", metadata={"token_endpoint_auth_methods_supported": ["none"]})
    assert draft(found, {}).plan.client.auth_method == "none"


def test_a_strangers_fhir_server_is_not_written_to_unasked() -> None:
    """It may hold real people's data; that is said."""
    drafted = draft(STRANGER_FHIR, {})
    assert not drafted.plan.fhir.may_write
    assert drafted.plan.fhir.access == "token"
    assert any("may_write = true" in text.en for text in drafted.unknown)
    assert drafted.plan.target.profiles == ("health-fhir",)


def test_a_profile_without_an_address_is_told() -> None:
    """What a city OS declares and does not show is left out, so that the plan can be used at once."""
    drafted = draft(WITHOUT_SANDBOX, {})
    assert drafted.plan.target.profiles == ("core-oidc",)
    assert any("health-fhir" in text.en for text in drafted.unknown)


def test_production_is_left_alone() -> None:
    """Its sandbox, if it has one by mistake, is not used."""
    found = Found("https://a", {**CITY, "environment": "production"}, "https://a", OP, "https://a/f", CAPABILITY)
    plan = draft(found, {}).plan
    assert not plan.sandbox.use
    assert not plan.fhir.may_write
