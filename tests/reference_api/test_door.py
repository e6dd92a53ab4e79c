"""What is put off at the door is told as the app would tell it, and only what the app would put off too."""

from typing import Any
from urllib.parse import quote

import pytest

from conformance.contract.operations import load_operations
from reference_api.admission import CLASSES, ROOM, Pressure
from reference_api.door import Door

NOW_S = 1.0
OPERATIONS = {one.operation_id: one for one in load_operations()}


def _door(city: Any, level: int = 0) -> Door:
    """A door before the city's app, in a disaster."""
    pressure = city.app.services.pressure
    pressure.observe(0.0, "disaster", 0.0)
    pressure.level = level
    return Door(city.app.routes, pressure)


def _target(path: str) -> str:
    """A path with something in place of its parameters."""
    return "/".join(quote("会津 1") if part.startswith("{") else part for part in path.split("/"))


def _told(answer: bytes) -> tuple[dict[str, str], bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return dict(line.split(": ", 1) for line in head.decode().split("\r\n")), body


@pytest.mark.parametrize("origin", [{}, {"origin": "https://a.example"}])
def test_the_door_answers_as_the_app(city: Any, origin: dict[str, str]) -> None:
    """Of every operation, at every level: the same fields and body, or the door leaves it to the app."""
    fields = [(name.encode(), value.encode()) for name, value in origin.items()]
    for level in range(1, len(CLASSES) + 1):
        door = _door(city, level)
        for operation in OPERATIONS.values():
            target = _target(operation.path)
            answer = door.refusal(operation.method.encode(), target.encode() + b"?a=b", fields, NOW_S)
            is_shed = operation.service_class in CLASSES[:level] and operation.error_format != "page"
            assert (answer is not None) == is_shed, operation.operation_id
            if answer is not None:
                said = city.call(operation.method, target, **origin)
                assert (said.status, dict(said.headers), said.body) == (503, *_told(answer))


def test_what_saves_lives_and_what_is_unknown_comes_in(city: Any) -> None:
    """However full it is; and nothing is counted for it."""
    door = _door(city, 3)
    door.pressure.waiting = 10**6
    urgent = [one for one in OPERATIONS.values() if one.service_class == "P0"]
    asked = [(one.method, _target(one.path)) for one in urgent]
    for method, target in [*asked, ("GET", "/nowhere"), ("BREW", "/v1/users"), ("HEAD", "/v1/users"), ("OPTIONS", "*")]:
        assert door.refusal(method.encode(), target.encode(), [], NOW_S) is None
    assert door.take_counts() == []


def test_without_load_nothing_is_put_off(city: Any) -> None:
    """Up to the number of requests for which there is room."""
    door = _door(city)
    door.pressure.waiting = int(ROOM["disaster"][0]) - 1
    assert all(door.refusal(one.method.encode(), one.path.encode(), [], NOW_S) is None for one in OPERATIONS.values())


def test_a_class_without_room_puts_less_urgent_ones_off_wholly(city: Any) -> None:
    """Where P1 finds no room, some of it is put off, all of P3 and P2, and answers say so."""
    door = _door(city)
    requests = {"P3": b"/v1/users", "P2": b"/v1/users/c0", "P1": b"/v1/users/c0/notifications"}
    assert {OPERATIONS[name].service_class for name in ("listUsers",)} == {"P3"}
    door.pressure.waiting = int(ROOM["disaster"][2])
    answer = door.refusal(b"GET", requests["P1"], [], NOW_S)
    assert answer is not None
    assert _told(answer)[0]["city-os-shedding"] == "P3, P2, P1"
    door.pressure.waiting = 0
    put_off = {name: door.refusal(b"GET", target, [], NOW_S) is not None for name, target in requests.items()}
    assert put_off == {"P3": True, "P2": True, "P1": False}
    assert door.pressure.shed == ("P3", "P2")
    counts = {operation.operation_id: count for operation, count in door.take_counts()}
    assert counts == {"listReceivedNotifications": 1, "listUsers": 1, "getUser": 1}
    assert door.take_counts() == []


def test_p1_has_room_in_normal_times() -> None:
    """Only in a disaster it is put off."""
    pressure = Pressure(waiting=10**6)
    assert [pressure.turns_away(name, NOW_S) for name in (*CLASSES, "P0")] == [True, True, False, False]
