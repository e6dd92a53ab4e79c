"""fhir-kit-client (npm) at the FHIR server of the reference city OS: a client that none of us wrote.

``fhir_kit_client.mjs`` drives it over HTTP and tells what it saw, one line a step; here it is judged.
"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from sandbox_city import small_seed
from serving import listening, served
from ward import with_hospital

from conformance.contract.fhir.lifelog import observation
from reference_api.serve import stored_app
from reference_api.settings import Settings

FOLDER = Path(__file__).parent
TIMEOUT_S = 60.0

Told = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def told() -> Told:
    """What fhir-kit-client saw as a hospital and as the app of c0, by step."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node.js is not installed")
    if not (FOLDER / "node_modules" / "fhir-kit-client").is_dir():
        pytest.skip("fhir-kit-client is not installed: run make setup where npm is")
    pulse = observation("pulse-rate", {"value": 72}, subject="Patient/none", effective="2027-01-15T07:00:00+09:00")
    with listening() as (bound, issuer):
        app = stored_app(Settings(sandbox=True, issuer=issuer), with_hospital(small_seed()))
        with served(app, bound):
            done = subprocess.run(  # noqa: S603 - our own script
                [node, str(FOLDER / "fhir_kit_client.mjs"), issuer, json.dumps(pulse)],
                capture_output=True,
                text=True,
                timeout=TIMEOUT_S,
                check=False,
            )
    assert done.returncode == 0, done.stderr
    return {line["step"]: line for line in map(json.loads, done.stdout.splitlines())}


def test_it_reads_what_the_server_can(told: Told) -> None:
    """Its reader of CapabilityStatements finds transactions and what may be done with each type."""
    seen = told["capabilities"]
    assert seen["transaction"] is True
    for kind in ("Patient", "Observation"):
        assert {"create", "read", "update", "delete", "search-type"} <= set(seen["interactions"][kind])
    assert "delete" not in seen["interactions"]["Consent"]


def test_it_creates_a_patient_and_observations(told: Told) -> None:
    """Both get ids, and the Patient is read as it was written, with a letter beyond the basic plane."""
    made = told["create"]
    assert made["statuses"] == [201] * 4
    assert made["location"].endswith(f"/fhir/Patient/{made['patient']['id']}/_history/1")
    assert made["patient"]["name"][0]["given"] == ["𠮷人"]
    assert told["read"]["patient"] == made["patient"]


def test_it_searches_by_pages_and_by_form(told: Told) -> None:
    """The newest first over two pages, nothing twice; the same by POST."""
    seen = told["search"]
    assert seen["ids"] == seen["made"][::-1]
    assert seen["posted"] == [seen["patient"]]


def test_it_updates_with_if_match(told: Told) -> None:
    """The version that was seen is superseded, an old one is refused, and the first stays readable."""
    seen = told["update"]
    assert seen["resolved"] == told["create"]["patient"]["id"]
    assert (seen["changed"]["status"], seen["changed"]["meta"]["versionId"]) == ("amended", "2")
    assert seen["stale"] == {"status": 412, "type": "OperationOutcome", "code": "conflict"}
    assert seen["first"] == "final"


def test_it_deletes(told: Told) -> None:
    """What was deleted is gone and has a history; a Patient with data stays."""
    seen = told["delete"]
    assert seen["early"]["status"] == 409
    assert seen["deleted"]["status"] == 204
    assert seen["gone"] == {"status": 410, "type": "OperationOutcome", "code": "deleted"}
    assert seen["methods"] == ["DELETE", "PUT", "POST"]


def test_it_transacts(told: Told) -> None:
    """A transaction is all or nothing, whatever the order of its entries; a batch does what can be done."""
    seen = told["transaction"]
    assert (seen["refused"]["status"], seen["before"]) == (422, 0)
    assert (seen["done"], seen["found"]) == (["201", "201"], 1)
    assert seen["batch"] == ["422", "201", "422"]


def test_a_citizen_finds_themselves_and_withdraws(told: Told) -> None:
    """The own city-OS ID leads to the own Patient, which is not changed; a Consent is withdrawn by an update."""
    seen = told["citizen"]
    assert seen["identifier"][0]["value"] == seen["person"]
    assert seen["linked"] == [200, True]
    assert seen["changed"]["status"] == 405
    assert seen["withdrawn"] == "inactive"
