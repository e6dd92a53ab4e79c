"""RestCityOS: what verbs say, and what they make of answers and of failures."""

import json
from collections.abc import Callable

import numpy as np
import pytest
from scripted import Scripted
from small_city import SmallCity

from agents.city_os.port import Answer, FailureKind, ShelterStatus
from agents.city_os.transport import Request, Response
from agents.errors import NoConnection, NoReplyInTime
from twin.events import ReceptionChannel, SafetyStatus
from twin.population import Mode
from twin.shelters import Hazard

JSON = {"content-type": "application/json"}


def holders(city: SmallCity) -> list[int]:
    """People with an account."""
    return [int(row) for row in np.flatnonzero(city.population.has_id)]


def strangers_to_it(city: SmallCity) -> list[int]:
    """People without an account."""
    return [int(row) for row in np.flatnonzero(~city.population.has_id)]


VERBS: dict[str, Callable[[SmallCity], Answer[object]]] = {
    "declare": lambda city: city.city_os.declare(1.0, Mode.DRILL, Hazard.FLOOD, [0]),
    "issue_order": lambda city: city.city_os.issue_order(1.0, 3, [0], "大雨"),
    "set_shelter_status": lambda city: city.city_os.set_shelter_status(1.0, 0, ShelterStatus.FULL),
    "notify": lambda city: city.city_os.notify(1.0, "題", "文", [0]),
    "deliveries": lambda city: city.city_os.deliveries(1.0, "1"),
    "evacuees": lambda city: city.city_os.evacuees(1.0, 0),
    "known_safe": lambda city: city.city_os.known_safe(1.0),
    "positions": lambda city: city.city_os.positions(1.0),
    "shelter_board": lambda city: city.city_os.shelter_board(1.0),
    "report_safety": lambda city: city.city_os.report_safety(1.0, holders(city)[0], SafetyStatus.SAFE),
    "family_safety": lambda city: city.city_os.family_safety(1.0, holders(city)[0]),
    "put_position": lambda city: city.city_os.put_position(1.0, holders(city)[0], (1.0, 2.0)),
    "check_in": lambda city: city.city_os.check_in(1.0, 0, strangers_to_it(city)[0], ReceptionChannel.PAPER),
    "support_list": lambda city: city.city_os.support_list(1.0, 0),
    "confirm_safety": lambda city: city.city_os.confirm_safety(1.0, 0, strangers_to_it(city)[0], SafetyStatus.SAFE),
    "association_safety": lambda city: city.city_os.association_safety(1.0, 0),
}


@pytest.mark.parametrize("verb", sorted(set(VERBS) - {"deliveries"}))
def test_every_verb_is_understood(city: SmallCity, verb: str) -> None:
    """The reference city OS does what each verb asks, at no cost of time."""
    answer = VERBS[verb](city)
    assert answer.failure is None
    assert answer.latency_s == 0.0


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    ("script", "kind", "status"),
    [
        (lambda _: NoConnection("refused"), FailureKind.UNREACHABLE, 0),
        (lambda _: NoReplyInTime("too long", 10.0), FailureKind.TIMEOUT, 0),
        (lambda _: Response(503, JSON, b"{}"), FailureKind.STATUS, 503),
        (lambda _: Response(200, {"content-type": "text/html"}, b"<html>"), FailureKind.MALFORMED, 200),
        (lambda _: Response(201, JSON, b"[1, 2]"), FailureKind.MALFORMED, 201),
        (lambda _: Response(200, JSON, b"\xff\xfe"), FailureKind.MALFORMED, 200),
        (lambda _: Response(302, {"location": "/login"}, b""), FailureKind.MALFORMED, 302),
    ],
)
def test_no_verb_raises_because_a_service_misbehaves(
    city: SmallCity, scripted: Scripted, verb: str, script: Callable[[Request], object], kind: FailureKind, status: int
) -> None:
    """Each kind of misbehaviour, at the token endpoint or at the operation, becomes its kind of failure."""
    for only_tokens in (True, False):
        concerned = "/token" if only_tokens else "/v1/"
        scripted.script = lambda request, part=concerned: script(request) if part in request.url else None
        failure = VERBS[verb](city).failure
        if not (only_tokens and verb == "shelter_board"):
            assert failure is not None
            assert (failure.kind, failure.status) == (kind, status)


def test_people_without_an_account_do_not_ask(city: SmallCity, scripted: Scripted) -> None:
    """What only account holders can do is not even sent for others."""
    person = strangers_to_it(city)[0]
    answers = [
        city.city_os.report_safety(1.0, person, SafetyStatus.SAFE),
        city.city_os.family_safety(1.0, person),
        city.city_os.put_position(1.0, person, (0.0, 0.0)),
    ]
    assert [one.failure.kind for one in answers if one.failure] == [FailureKind.NO_ACCOUNT] * 3
    assert scripted.requests == []


def test_a_broken_connection_is_tried_once_more_with_the_same_key(city: SmallCity, scripted: Scripted) -> None:
    """The second attempt of a check-in carries the key of the first, so nobody is counted twice."""
    broken = iter([NoConnection("reset")])
    scripted.script = lambda request: next(broken, None) if "check-ins" in request.url else None
    assert city.city_os.check_in(5.0, 0, strangers_to_it(city)[0], ReceptionChannel.PAPER).ok
    first, second = [one for one in scripted.requests if "check-ins" in one.url]
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    board = city.city_os.shelter_board(6.0).value
    assert board is not None
    assert board.headcount.tolist() == [1, 0]


def test_an_order_is_not_sent_twice(city: SmallCity, scripted: Scripted) -> None:
    """What has no key and would be done twice is given up when the connection breaks."""
    scripted.script = lambda request: NoConnection("reset") if "orders" in request.url else None
    assert not city.city_os.issue_order(1.0, 4, [0], "地震").ok
    assert sum("orders" in one.url for one in scripted.requests) == 1


def test_keys_tell_calls_apart_and_repeat_with_the_run(city: SmallCity, scripted: Scripted) -> None:
    """Another time or person means another key; the same asker, time and words mean the same."""
    one, other = strangers_to_it(city)[:2]
    for at_s, person in ((5.0, one), (5.0, one), (6.0, one), (5.0, other)):
        assert city.city_os.check_in(at_s, 0, person, ReceptionChannel.CARD).ok
    keys = [one.headers["idempotency-key"] for one in scripted.requests if "check-ins" in one.url]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3


def test_a_refused_token_is_renewed_once(city: SmallCity, scripted: Scripted) -> None:
    """After 401 a new token is fetched; if that is refused too, the asker is told so."""
    refusals = iter([Response(401, JSON, b"{}")])
    scripted.script = lambda request: next(refusals, None) if "locations" in request.url else None
    assert city.city_os.positions(1.0).ok
    scripted.script = lambda request: Response(401, JSON, b"{}") if "locations" in request.url else None
    failure = city.city_os.positions(2.0).failure
    assert failure is not None
    assert (failure.kind, failure.status) == (FailureKind.STATUS, 401)


def test_tokens_are_kept_until_they_end(city: SmallCity, scripted: Scripted) -> None:
    """One token serves an asker for its hour, all desks share one, and a later call fetches another."""
    for at_s, shelter in ((0.0, 0), (10.0, 1), (3599.0, 0), (3601.0, 0)):
        assert city.city_os.check_in(at_s, shelter, strangers_to_it(city)[0], ReceptionChannel.PAPER).ok
    assert sum(one.url.endswith("/token") for one in scripted.requests) == 2


def test_the_board_is_read_once_for_everybody(city: SmallCity, scripted: Scripted) -> None:
    """Who asks again is told that nothing changed and shares what was read; a change is seen at once."""
    first, again = city.city_os.shelter_board(1.0).value, city.city_os.shelter_board(2.0).value
    assert again is first
    assert "if-none-match" in scripted.requests[-1].headers
    city.city_os.set_shelter_status(3.0, 1, ShelterStatus.OPEN)
    changed = city.city_os.shelter_board(4.0).value
    assert changed is not None
    assert changed.status == (ShelterStatus.UNOPENED, ShelterStatus.OPEN)


def test_what_the_board_does_not_say_stays_unsaid(city: SmallCity, scripted: Scripted) -> None:
    """A shelter that is missing has no status and no headcount; one that nobody knows is passed over."""
    known = city.town.shelters[1].id
    items = [{"id": known, "status": "moved", "headcount": 4}, {"id": "X", "status": "open", "headcount": 1}]
    scripted.script = lambda _: Response(200, JSON, json.dumps({"items": items}).encode())
    board = city.city_os.shelter_board(1.0).value
    assert board is not None
    assert board.status == (None, None)
    assert board.headcount.tolist() == [-1, 4]


def test_lists_are_read_to_their_last_page(city: SmallCity, scripted: Scripted) -> None:
    """All pages are put together, entries of nobody and unnamed ones told apart; a circle is malformed."""
    ids = [f"{'c' if has_id else 't'}{row:07d}" for row, has_id in enumerate(city.population.has_id)]
    pages = {
        "": {"items": [{"person": {("sub" if ids[3][0] == "c" else "temp_id"): ids[3]}}], "next_cursor": "a b"},
        "a+b": {"items": [{"person": None}, {"person": {"sub": "zz"}}], "next_cursor": None},
    }

    def script(request: Request) -> Response | None:
        if "/v1/check-ins" not in request.url:
            return None
        return Response(200, JSON, json.dumps(pages[request.url.partition("cursor=")[2]]).encode())

    scripted.script = script
    said = city.city_os.evacuees(1.0, 0).value
    assert said is not None
    assert (said.people.tolist(), said.strangers, said.withheld) == ([3], ("zz",), 1)
    pages["a+b"]["next_cursor"] = "a b"
    failure = city.city_os.evacuees(2.0, 0).failure
    assert failure is not None
    assert failure.kind is FailureKind.MALFORMED


def test_family_lists_leave_out_the_asker(city: SmallCity, scripted: Scripted) -> None:
    """A citizen asks for the others of the household, even if a service lists the asker too."""
    person = holders(city)[0]
    listed = {"items": [{"person": {"sub": f"c{person:07d}"}}], "next_cursor": None}
    scripted.script = lambda one: Response(200, JSON, json.dumps(listed).encode()) if "family" in one.url else None
    said = city.city_os.family_safety(1.0, person).value
    assert said is not None
    assert said.people.tolist() == []


def test_nobody_checks_out_who_was_not_checked_in(city: SmallCity) -> None:
    """The desk does not know such a person; after check-in and check-out neither."""
    person = holders(city)[0]
    assert not city.city_os.check_out(1.0, 0, person).ok
    assert city.city_os.check_in(2.0, 0, person, ReceptionChannel.APP).ok
    assert city.city_os.check_out(3.0, 0, person).ok
    assert not city.city_os.check_out(4.0, 0, person).ok


def test_waiting_is_told_in_simulated_seconds(city: SmallCity, scripted: Scripted) -> None:
    """Latency is what all attempts took together, times the factor."""
    city.city_os._latency_factor = 3.0
    answers = iter([NoConnection("reset", 0.5), Response(200, JSON, b'{"items": []}', 0.25)])
    scripted.script = lambda _: next(answers)
    assert city.city_os.shelter_board(1.0).latency_s == pytest.approx(2.25)
