"""RunRecord: what is read from it rather than given."""

from collections.abc import Callable

from scenarios.record import RunRecord


def test_provenance_is_that_of_town_and_people(run_of: Callable[..., RunRecord]) -> None:
    """A run is made of its town and its people, and names the sources of both."""
    record = run_of([])
    assert record.provenance == record.town.provenance + record.population.provenance
    assert {one.subject for one in record.provenance} == {"streets", "capacities", "districts", "people"}
