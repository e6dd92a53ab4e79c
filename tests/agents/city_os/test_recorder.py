"""ExchangeRecorder."""

import io

from scripted import Scripted
from small_city import SmallCity, in_process

from agents.city_os.recorder import ExchangeRecorder, Observation
from agents.city_os.service import Role, discover
from agents.city_os.transport import Request
from agents.errors import NoConnection
from conformance.contract.exchange import Exchange, read_exchanges
from twin.events import SafetyStatus
from twin.population import Population
from twin.town import Town


def recorded(people: tuple[Town, Population], scripted: Scripted) -> tuple[list[Exchange], ExchangeRecorder, str]:
    """What a citizen, and a board that does not answer, leave behind."""
    file = io.BytesIO()
    recorder = ExchangeRecorder(file)
    city = SmallCity.over(*people, scripted)
    city.city_os._caller._recorder = recorder
    scripted.script = lambda request: NoConnection("refused") if "shelters" in request.url else None
    city.city_os.report_safety(12.5, int(people[1].has_id.argmax()), SafetyStatus.SAFE)
    city.city_os.shelter_board(13.0)
    return list(read_exchanges(io.BytesIO(file.getvalue()))), recorder, file.getvalue().decode()


def test_everything_said_is_written_down_in_order(people: tuple[Town, Population]) -> None:
    """Token, report and both attempts at the board, with who asked, when, and why there was no answer."""
    exchanges, recorder, _ = recorded(people, Scripted(in_process(*people), lambda _: None))
    assert [(one.number, one.operation_id, one.status) for one in exchanges] == [
        (0, "issueToken", 200),
        (1, "reportSafety", 201),
        (2, "listShelterStatus", 0),
        (3, "listShelterStatus", 0),
    ]
    assert exchanges[1].actor == f"citizen:{int(people[1].has_id.argmax())}"
    assert (exchanges[1].at_s, exchanges[3].fault) == (12.5, "refused")
    assert recorder.calls == {"issueToken": 1, "reportSafety": 1, "listShelterStatus": 2}
    assert recorder.errors == {"listShelterStatus": 2}


def test_no_secret_is_written(people: tuple[Town, Population]) -> None:
    """Neither client secrets nor tokens reach the file."""
    scripted = Scripted(in_process(*people), lambda _: None)
    _, _, text = recorded(people, scripted)
    app = discover(scripted).clients[Role.CITIZEN_APP]
    bearers = {one.headers["authorization"].split()[1] for one in scripted.requests if "authorization" in one.headers}
    assert len(bearers) == 2
    assert not any(secret in text for secret in (*bearers, app.secret))


def test_observers_see_each_response_and_who_asked(people: tuple[Town, Population]) -> None:
    """An observer is told the asker, the operation, the words sent and the words that came; not requests in vain."""
    seen: list[Observation] = []
    scripted = Scripted(in_process(*people), lambda _: None)
    city = SmallCity.over(*people, scripted)
    city.recorder.observe(seen.append)
    city.city_os.known_safe(5.0)
    scripted.script = lambda _: NoConnection("refused")
    city.city_os.known_safe(6.0)
    assert [(one.asker.kind.value, one.operation, one.status, one.at_s) for one in seen] == [
        ("city_office", "issueToken", 200, 5.0),
        ("city_office", "listSafetyReports", 200, 5.0),
    ]
    assert seen[1].body.startswith(b'{"items"')
    assert isinstance(scripted.requests[-1], Request)
