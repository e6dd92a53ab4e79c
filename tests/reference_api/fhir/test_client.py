"""A client library that others wrote works against a served app."""

from collections.abc import Iterator
from typing import Any

import fhirpy
import pytest
from fhirpy.base.exceptions import MultipleResourcesFound, OperationOutcome, ResourceNotFound
from serving import listening, served
from stores import in_memory
from ward import Ward, with_hospital

from conformance.contract.fhir.lifelog import observation
from reference_api.app import create_app
from reference_api.settings import Settings

Library = fhirpy.SyncFHIRClient


@pytest.fixture
def library(make_city: Any, make_seed: Any) -> Iterator[Library]:
    """The client library, signed in as c0, against a server that listens; embedded stores serve any thread."""
    ward = Ward(make_city(with_hospital(make_seed(8)), opened=in_memory()))
    with listening() as (bound, address):
        app = create_app(Settings(sandbox=True, issuer=address), ward.city.store, ward.city.clock)
        ward.city.app = app
        token = ward.token("c0", "patient/*.cruds")
        with served(app, bound):
            yield Library(f"{address}/fhir", authorization=f"Bearer {token}")


def test_fhirpy_works_against_the_server(library: Library) -> None:
    """Create, read, search by pages, update, delete and the errors in between, as fhirpy does them."""
    patient = library.resources("Patient").first()
    assert patient["birthDate"] == "1950-02-03"
    made = []
    for value in range(60, 65):
        body = observation(
            "pulse-rate", {"value": value}, subject=patient.to_reference().reference, effective=f"2027-01-{value - 50}"
        )
        resource = library.resource("Observation", **body)
        resource.save()
        made.append(resource["id"])
    found = library.resources("Observation").search(patient=patient["id"], date__ge="2027-01-11").sort("-date")
    assert [one["id"] for one in found.limit(2).fetch_all()] == made[:0:-1]
    assert found.count() == 4
    first = library.reference("Observation", made[0]).to_resource()
    first["status"] = "amended"
    first.save()
    assert library.resources("Observation").search(status="amended").get()["id"] == made[0]
    with pytest.raises(MultipleResourcesFound):
        library.resources("Observation").get()
    first["status"] = "red"
    with pytest.raises(OperationOutcome):
        first.save()
    first.delete()
    with pytest.raises(ResourceNotFound):
        library.reference("Observation", made[0]).to_resource()
