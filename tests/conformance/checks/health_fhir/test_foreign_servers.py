"""FHIR servers that nobody wrote for the suite are judged as people have adjudicated, clause by clause."""

import tomllib
from pathlib import Path

import pytest
from foreign_servers import node_server
from judged_fhir import judged
from servers.lax_fhir import lax_server

from conformance.results import Result

GOLDEN = Path(__file__).parents[3] / "golden" / "conformance"


def golden(name: str) -> dict[str, dict[str, str]]:
    """The adjudicated verdicts of a server, by name of the result."""
    return tomllib.loads((GOLDEN / f"{name}.toml").read_text(encoding="utf-8"))


def _verdicts(results: list[Result]) -> dict[str, str]:
    return {one.name: one.verdict.value for one in results}


def _adjudicated(name: str) -> dict[str, str]:
    return {key: row["verdict"] for key, row in golden(name).items()}


def test_medplums_router_is_judged_as_adjudicated() -> None:
    """Medplum's FHIR router with its MemoryRepository, by R4 core, HL7 vital signs and JP Core."""
    with node_server("medplum.mjs") as url:
        assert _verdicts(judged(f"{url}/fhir")) == _adjudicated("medplum")


@pytest.mark.parametrize("seed", [1, 2])
def test_a_lax_server_is_judged_as_adjudicated(seed: int) -> None:
    """A server that checks nothing and claims a lot; whatever the order of the checks."""
    with lax_server() as url:
        assert _verdicts(judged(url, seed=seed)) == _adjudicated("lax_fhir")


@pytest.mark.parametrize("name", ["medplum", "lax_fhir"])
def test_every_verdict_that_is_no_pass_is_adjudicated(name: str) -> None:
    """A sentence says from the clause whether the server is wrong."""
    for key, row in golden(name).items():
        assert (row["verdict"] == "pass") == ("because" not in row), key
        assert row.get("because", ".").endswith("."), key
