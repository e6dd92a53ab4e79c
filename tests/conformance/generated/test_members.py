"""Members of answers are found by what the contract's schemas say of them."""

from conformance.city.caller import operation_of
from conformance.generated.members import is_instant, is_municipality, is_point, members_where, replaced
from conformance.generated.offer import response_schema

ORDER = {
    "id": "1",
    "issued_at": "2027-01-15T06:00:00+09:00",
    "updated_at": "2027-01-15T06:00:00",
    "lifted_at": None,
    "municipality_code": 72028,
}


def test_times_are_found_through_references_and_choices() -> None:
    """Times behind allOf, oneOf and items of pages are found, once each."""
    schema = response_schema(operation_of("listEvacuationOrders"), 200, "application/json")
    found = dict(members_where({"items": [ORDER], "next_cursor": None}, schema, is_instant))
    assert found == {
        "/items/0/issued_at": ORDER["issued_at"],
        "/items/0/updated_at": ORDER["updated_at"],
        "/items/0/lifted_at": None,
    }


def test_codes_and_points_are_found() -> None:
    """Municipality codes and GeoJSON points are told apart from other members."""
    schema = response_schema(operation_of("getShelter"), 200, "application/json")
    shelter = {"municipality_code": 1, "position": {"type": "Point", "coordinates": [1, 2]}, "id": "072028"}
    assert dict(members_where(shelter, schema, is_municipality)) == {"/municipality_code": 1}
    assert dict(members_where(shelter, schema, is_point)) == {"/position": shelter["position"]}


def test_a_member_is_replaced_where_it_stands() -> None:
    """One member of a nested value is another, the rest stays."""
    value = {"a": [{"b": 1, "c": 2}], "d": 3}
    assert replaced(value, "/a/0/b", 9) == {"a": [{"b": 9, "c": 2}], "d": 3}
    assert replaced(value, "/", 0) == 0
