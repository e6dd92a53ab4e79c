"""Two workers over one store: what one of them writes holds for the other at once."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from stores import OpenedStore, in_memory
from ward import HOSPITAL, Ward, with_hospital

from conformance.contract.fhir.documents import examples

OWN = "patient/*.cruds"


@pytest.fixture
def open_empty() -> Callable[[], OpenedStore]:
    """Stores beside the pair are in memory: the pair itself comes in both kinds."""
    return in_memory


@pytest.fixture
def two(two_over_one: Any, make_city: Any, make_seed: Any) -> tuple[Ward, Ward]:
    """Two FHIR servers over one city."""
    seed = with_hospital(make_seed(8))
    first, second = (Ward(make_city(seed, opened=opened)) for opened in two_over_one)
    return first, second


def test_a_withdrawal_holds_for_every_worker(two: tuple[Ward, Ward]) -> None:
    """A Consent given by one worker opens the other's data, until it is withdrawn by either."""
    first, second = two
    patient = f"Patient/{first.patient('c4')}"
    body = json.loads(examples()["consent"].replace(b"Patient/example", patient.encode()))
    for giver, taker in ((first, second), (second, first)):
        made = giver.create("c4", body, scope=OWN)
        assert made.status == 201
        assert [one.call("GET", patient, HOSPITAL).status for one in two] == [200, 200]
        over = taker.call("PUT", f"Consent/{made.json['id']}", "c4", made.json | {"status": "inactive"}, scope=OWN)
        assert over.json["meta"]["versionId"] == "2"
        assert [one.call("GET", patient, HOSPITAL).status for one in two] == [404, 404]


def test_a_version_is_superseded_once(two: tuple[Ward, Ward]) -> None:
    """Of two updates of one version by two workers the second is refused; data of a Patient keep it everywhere."""
    first, second = two
    made = first.create(HOSPITAL, {"resourceType": "Patient", "name": [{"text": "旅野 人"}]}).json
    path = f"Patient/{made['id']}"
    statuses = [one.call("PUT", path, HOSPITAL, made, if_match='W/"1"').status for one in (second, first)]
    assert statuses == [200, 412]
    data = second.create(HOSPITAL, second.pulse("c0") | {"subject": {"reference": path}})
    assert data.status == 201
    assert first.call("DELETE", path, HOSPITAL).status == 409
    assert first.call("DELETE", f"Observation/{data.json['id']}", HOSPITAL).status == 204
    assert second.call("DELETE", path, HOSPITAL).status == 204
    assert first.call("GET", path, HOSPITAL).status == 410
