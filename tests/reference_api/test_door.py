"""What the door answers is told as the app would tell it: what the app would put off, and boards that it remembers."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from stores import OpenedStore, in_memory

from conformance.contract.operations import load_operations
from reference_api.admission import CLASSES, ROOM, Pressure
from reference_api.door import Door
from reference_api.handlers import BOARDS
from reference_api.inline import run_inline
from reference_api.store.sqlite import SqliteStore

NOW_S = 1.0
OPERATIONS = {one.operation_id: one for one in load_operations()}


def _door(city: Any, level: int = 0) -> Door:
    """A door before the city's app, in a disaster."""
    pressure = city.app.services.pressure
    pressure.observe(0.0, "disaster", 0.0)
    pressure.level = level
    return Door(city.app.routes, pressure, city.app.services.memory)


def _target(path: str) -> str:
    """A path with something in place of its parameters."""
    return "/".join(quote("会津 1") if part.startswith("{") else part for part in path.split("/"))


def _told(answer: tuple[bytes, bytes]) -> tuple[int, dict[str, str], bytes]:
    """Status, fields and body."""
    line, rest = answer
    head, _, body = rest.partition(b"\r\n\r\n")
    return int(line[9:12]), dict(one.split(": ", 1) for one in head.decode().split("\r\n")), body


@pytest.mark.parametrize("origin", [{}, {"origin": "https://a.example"}])
def test_the_door_answers_as_the_app(city: Any, origin: dict[str, str]) -> None:
    """Of every operation, at every level: the same fields and body, or the door leaves it to the app."""
    fields = [(name.encode(), value.encode()) for name, value in origin.items()]
    for level in range(1, len(CLASSES) + 1):
        door = _door(city, level)
        for operation in OPERATIONS.values():
            target = _target(operation.path)
            answer = door.answer(operation.method.encode(), target.encode() + b"?a=b", fields, NOW_S)
            is_shed = operation.service_class in CLASSES[:level] and operation.error_format != "page"
            assert (answer is not None) == is_shed, operation.operation_id
            if answer is not None:
                said = city.call(operation.method, target, **origin)
                assert (503, dict(said.headers), said.body) == _told(answer)
                assert said.status == 503


def test_what_saves_lives_and_what_is_unknown_comes_in(city: Any) -> None:
    """However full it is; and nothing is counted for it."""
    door = _door(city, 3)
    door.pressure.waiting = 10**6
    urgent = [one for one in OPERATIONS.values() if one.service_class == "P0"]
    asked = [(one.method, _target(one.path)) for one in urgent]
    for method, target in [*asked, ("GET", "/nowhere"), ("BREW", "/v1/users"), ("HEAD", "/v1/users"), ("OPTIONS", "*")]:
        assert door.answer(method.encode(), target.encode(), [], NOW_S) is None
    assert door.take_counts() == []


def test_without_load_nothing_is_put_off(city: Any) -> None:
    """Up to the number of requests for which there is room."""
    door = _door(city)
    door.pressure.waiting = int(ROOM["disaster"][0]) - 1
    assert all(door.answer(one.method.encode(), one.path.encode(), [], NOW_S) is None for one in OPERATIONS.values())


def test_a_class_without_room_puts_less_urgent_ones_off_wholly(city: Any) -> None:
    """Where P1 finds no room, some of it is put off, all of P3 and P2, and answers say so."""
    door = _door(city)
    requests = {"P3": b"/v1/users", "P2": b"/v1/users/c0", "P1": b"/v1/users/c0/notifications"}
    assert {OPERATIONS[name].service_class for name in ("listUsers",)} == {"P3"}
    door.pressure.waiting = int(ROOM["disaster"][2])
    answer = door.answer(b"GET", requests["P1"], [], NOW_S)
    assert answer is not None
    assert _told(answer)[1]["city-os-shedding"] == "P3, P2, P1"
    door.pressure.waiting = 0
    put_off = {name: door.answer(b"GET", target, [], NOW_S) is not None for name, target in requests.items()}
    assert put_off == {"P3": True, "P2": True, "P1": False}
    assert door.pressure.shed == ("P3", "P2")
    counts = {(operation.operation_id, status): count for operation, status, count in door.take_counts()}
    assert counts == {(name, 503): 1 for name in ("listReceivedNotifications", "listUsers", "getUser")}
    assert door.take_counts() == []


@pytest.fixture
def embedded(make_city: Any) -> Any:
    """A city over a database in memory: what others wrote is known without waiting."""
    return make_city(opened=in_memory())


@pytest.mark.parametrize("name", BOARDS)
@pytest.mark.parametrize("level", [1, 3])
@pytest.mark.parametrize("origin", [{}, {"origin": "https://a.example"}])
def test_boards_are_told_as_the_app_tells_them(embedded: Any, name: str, level: int, origin: dict[str, str]) -> None:
    """The same status, fields and body, to who has none, the present one, an old one, or asks with a token."""
    door, path = _door(embedded, level), OPERATIONS[name].path
    etag = embedded.call("GET", path).headers["etag"]
    for held in ({}, {"if-none-match": etag}, {"if-none-match": f'"old", W/{etag}'}, {"if-none-match": '"old"'}):
        wishes = {**origin, **held}
        fields = [(field.encode(), value.encode()) for field, value in wishes.items()]
        answer = door.answer(b"GET", path.encode(), [*fields, (b"authorization", b"Bearer x")], NOW_S)
        said = embedded.call("GET", path, **wishes)
        assert answer is not None
        assert _told(answer) == (said.status, dict(said.headers), said.body)
    counts = {(operation.operation_id, status): count for operation, status, count in door.take_counts()}
    assert counts == {(name, 200): 2, (name, 304): 2}


def test_a_board_is_told_as_long_as_it_holds(embedded: Any) -> None:
    """Whoever was received just now stands on it; until the app has made the new one, requests come in."""
    door, path = _door(embedded, 3), "/v1/shelters/status"

    def headcount() -> int | None:
        answer = door.answer(b"GET", path.encode(), [], NOW_S)
        return None if answer is None else json.loads(_told(answer)[2])["items"][0]["headcount"]

    assert headcount() is None, "nobody has asked for it yet"
    embedded.call("GET", path)
    assert headcount() == 0
    assert embedded.check_in("S0", "c1").status == 201
    assert headcount() is None
    embedded.call("GET", path)
    assert headcount() == 1


def test_what_others_wrote_is_not_passed_over(make_city: Any, tmp_path: Path) -> None:
    """A check-in by another process makes a remembered board old, for the door too."""
    path = str(tmp_path / "city.db")
    seed = make_city().seed
    first, second = (make_city(seed, opened=OpenedStore(SqliteStore(path), run_inline)) for _ in range(2))
    door = _door(first, 3)
    first.call("GET", "/v1/shelters/status")
    assert door.answer(b"GET", b"/v1/shelters/status", [], NOW_S) is not None
    assert second.check_in("S0", "c1").status == 201
    assert door.answer(b"GET", b"/v1/shelters/status", [], NOW_S) is None
    first.call("GET", "/v1/shelters/status")
    assert door.answer(b"GET", b"/v1/shelters/status", [], NOW_S) is not None
    run_inline(first.opened.store.close())
    assert door.answer(b"GET", b"/v1/shelters/status", [], NOW_S) is None, "nobody knows what was written"


def test_a_database_that_must_be_asked_is_the_apps(city: Any) -> None:
    """Over PostgreSQL no board is told at the door; over SQLite it is."""
    city.call("GET", "/v1/shelters/status")
    answer = _door(city, 3).answer(b"GET", b"/v1/shelters/status", [], NOW_S)
    assert (answer is None) == (city.opened.store.foreign_changes_now() is None)


@pytest.mark.parametrize(
    ("target", "fields"),
    [
        (b"/v1/shelters/status?at=1", []),
        (b"/v1/shelters/status", [(b"accept", b"text/html")]),
        (b"/v1/shelters/status", [(b"if-none-match", b'"a"'), (b"if-none-match", b'"b"')]),
        (b"/v1/shelters/S0/status", []),
    ],
)
def test_who_asks_for_more_comes_in(embedded: Any, target: bytes, fields: list[tuple[bytes, bytes]]) -> None:
    """What the door does not know how to answer is the app's."""
    embedded.call("GET", "/v1/shelters/status")
    assert _door(embedded, 3).answer(b"GET", target, fields, NOW_S) is None


def test_without_load_boards_are_the_apps(embedded: Any) -> None:
    """Each with its line in the log and its time in the histogram."""
    embedded.call("GET", "/v1/shelters/status")
    assert _door(embedded).answer(b"GET", b"/v1/shelters/status", [], NOW_S) is None


def test_p1_has_room_in_normal_times() -> None:
    """Only in a disaster it is put off."""
    pressure = Pressure(waiting=10**6)
    assert [pressure.turns_away(name, NOW_S) for name in (*CLASSES, "P0")] == [True, True, False, False]


def test_what_saves_lives_is_told_from_the_rest_by_its_first_line(city: Any) -> None:
    """Of every operation, with parameters and queries; what is none is not urgent, nor is a line without an end."""
    door = _door(city)
    for operation in OPERATIONS.values():
        line = f"{operation.method} {_target(operation.path)}?a=b HTTP/1.1\r\nhost: x\r\n".encode()
        assert door.is_urgent(line) == (operation.service_class == "P0"), operation.operation_id
    assert not any(door.is_urgent(data) for data in (b"", b"GET", b"GET /nowhere HTTP/1.1\r\n", b"\0 \xff \xff"))


def test_long_targets_fill_no_memory(city: Any) -> None:
    """What many requests ask for is remembered while it is short, so that nobody can make the door keep megabytes."""
    door = _door(city, 3)
    for number in range(100):
        assert door.answer(b"GET", b"/v1/users/c0?q=%d%s" % (number, b"x" * 10_000), [], NOW_S) is not None
    assert door._found_lately.cache_info().currsize == 0
