"""Observations of disasters, shelters, safety reports and registers."""

import re
from typing import Any

from deviant.observing import observed
from joserfc import jws
from joserfc.jwk import ECKey
from sandbox_city import AT, LATER, City

DECLARED = {"mode": "disaster", "hazard": "earthquake", "areas": ["d0"], "declared_at": AT}
HERE = {"type": "Point", "coordinates": [139.93, 37.49]}


def _headcount(city: City, shelter: str = "S0") -> int:
    return int(city.board()[shelter]["headcount"])


def _item(number: int) -> dict[str, Any]:
    told = {"temp_id": f"p{number}", "name": "辻󠄀 花子"}
    return {
        "client_item_id": f"i{number}", "kind": "check_in", "unregistered": told, "shelter_id": "S0",
        "channel": "paper", "observed_at": AT,
    }  # fmt: skip


def _upload(city: City) -> Any:
    answer = city.call("POST", "/v1/check-ins/batch", "shelter-desk", {"items": [_item(1), _item(2)]})
    assert answer.status == 200, answer.body
    return answer.json["results"]


def _report(city: City, who: str, **more: Any) -> Any:
    return city.call("POST", "/v1/safety-reports", who, {"status": "safe", "observed_at": AT, **more})


@observed("C-10", right=403, wrong=201)
def citizen_declares(city: City) -> Any:
    """The answer to a citizen who declares a disaster."""
    return city.call("POST", "/v1/disaster-events", "c0", DECLARED).status


@observed("declared-twice", right=1, wrong=2)
def ids(city: City) -> Any:
    """How many events come of a disaster that is declared twice."""
    return len({city.declare("disaster", "d0").json["id"] for _ in range(2)})


@observed("drill-over-disaster", right=409, wrong=201)
def drill(city: City) -> Any:
    """The answer to a drill where a disaster holds."""
    city.declare("disaster", "d0")
    return city.declare("drill", "d0").status


@observed("mode-not-told", right=1, wrong=0)
def pushed(city: City) -> Any:
    """How many receivers are told of a disaster."""
    stream = {"url": "http://127.0.0.1:8769/events", "events": ["disaster-mode-changed"]}
    assert city.call("POST", "/v1/event-streams", "city-office", stream).status == 201
    before = len(city.rows("SELECT 1 FROM outbox"))
    city.declare("disaster", "d0")
    return len(city.rows("SELECT 1 FROM outbox")) - before


@observed("cap-actual-in-drill", right="Exercise", wrong="Actual")
def cap(city: City) -> Any:
    """The status of the CAP message of an order in a drill."""
    city.declare("drill", "d0")
    order = {"level": 4, "areas": ["d0"], "reason": "土砂災害", "issued_at": AT}
    made = city.call("POST", "/v1/evacuation-orders", "city-office", order)
    message = city.call("GET", made.headers["location"], accept="application/cap+xml").body.decode()
    return re.findall(r"<status>(\w+)</status>", message)[0]


@observed("C-12", right=422, wrong=200)
def out_before_in(city: City) -> Any:
    """The answer to a check-out that is older than the check-in."""
    where = city.check_in("S0", "c0").headers["location"]
    early = {"observed_at": "2027-01-15T06:00:00+09:00"}
    return city.call("POST", where + "/check-out", "shelter-desk", early).status


@observed("check-out-below-zero", right=0, wrong=-1)
def below_zero(city: City) -> Any:
    """The headcount after a person left and that was said twice."""
    where = city.check_in("S0", "c0").headers["location"]
    for _ in range(2):
        city.call("POST", where + "/check-out", "shelter-desk", {"observed_at": LATER})
    return _headcount(city)


@observed("check-in-counts-double-on-retry", right=1, wrong=2)
def retried(city: City) -> Any:
    """The headcount after a person was received twice."""
    for _ in range(2):
        city.check_in("S0", "c0")
    return _headcount(city)


@observed("C-13", right=2, wrong=4)
def sent_again(city: City) -> Any:
    """The headcount after a batch of two was sent twice."""
    for _ in range(2):
        _upload(city)
    return _headcount(city)


@observed("offline-batch-uses-received-time", right=AT, wrong="2027-01-15T17:00:00+09:00")
def observed_at(city: City) -> Any:
    """When somebody came, of whom was told later."""
    number = _upload(city)[0]["check_in_id"]
    return city.call("GET", f"/v1/check-ins/{number}", "shelter-desk").json["observed_at"]


@observed("full-shelter-refuses", right=201, wrong=409)
def full(city: City) -> Any:
    """The answer to somebody who comes to a full shelter."""
    city.call("PUT", "/v1/shelters/S0/status", "city-office", {"status": "full", "observed_at": AT})
    return city.check_in("S0", "c0").status


@observed("unregistered-dropped-from-headcount", right=2, wrong=0)
def unregistered(city: City) -> Any:
    """The headcount after two people without ID came."""
    _upload(city)
    return _headcount(city)


@observed("transfer-in-both", right=(0, 1), wrong=(1, 1))
def transferred(city: City) -> Any:
    """The headcounts of both shelters after a transfer."""
    where = city.check_in("S0", "c0").headers["location"]
    city.call("POST", where + "/transfer", "shelter-desk", {"shelter_id": "S1", "observed_at": LATER})
    return _headcount(city), _headcount(city, "S1")


@observed("C-14", right=False, wrong=True)
def card_numbers(city: City) -> Any:
    """Whether the numbers of two cards follow one another."""
    numbers = []
    for sub in ("c0", "c1"):
        answer = city.call("PUT", f"/v1/users/{sub}/evacuee-card", sub, {"pets": ["犬"]})
        numbers.append(int(answer.json["number"]))
    return numbers[1] == numbers[0] + 1


@observed("older-report-holds", right="injured", wrong="safe")
def newest(city: City) -> Any:
    """What holds of somebody of whom an older report came in late."""
    city.declare("disaster", "d0")
    _report(city, "c0", status="injured", observed_at=LATER)
    _report(city, "c0", status="safe")
    (item,) = city.everything("/v1/safety-reports?audience=municipality", "city-office")
    return item["status"]


@observed("small-numbers-told", right=None, wrong=1)
def small(city: City) -> Any:
    """How many are told to be safe where one is."""
    _report(city, "c0")
    rows = city.call("GET", "/v1/safety-summaries", "city-office").json["items"]
    return next(row for row in rows if row["district"] == "d0")["safe"]


@observed("hazard-public-at-once", right=0, wrong=1)
def hazards(city: City) -> Any:
    """How many hazard reports are public before anybody judged the one that there is."""
    said = {"kind": "road_flooded", "observed_at": AT, "description": "冠水"}
    feature = {"type": "Feature", "geometry": HERE, "properties": said}
    assert city.call("POST", "/v1/hazard-reports", "c1", feature).status == 201
    answer = city.call("GET", "/v1/hazard-reports").json
    return len(answer.get("features", answer.get("items")))


def _positions(city: City, query: str = "", after_s: float = 0.0) -> int:
    """How many positions the office is shown of the one that was told in a disaster."""
    city.declare("disaster", "d0")
    body = {"position": HERE, "observed_at": AT, "ttl_s": 60}
    assert city.call("PUT", "/v1/users/c0/location", "c0", body).status == 204
    city.clock.set_s(city.clock.now_s() + after_s)
    return len(city.call("GET", "/v1/locations" + query, "city-office").json["items"])


@observed("position-outlives-ttl", right=0, wrong=1)
def old_position(city: City) -> Any:
    """After the time of a position."""
    return _positions(city, after_s=61)


@observed("bbox-ignored", right=0, wrong=1)
def elsewhere(city: City) -> Any:
    """Within a box that lies elsewhere."""
    return _positions(city, "?bbox=10,10,20,20")


@observed("p0-429-first", right=[201, 503], wrong=[503, 200])
def under_load(city: City) -> Any:
    """The answers to a first safety report, and to a sandbox's clock, under load."""
    city.app.services.pressure.level = 1  # type: ignore[attr-defined]  # as after a measurement of the load
    clock = city.call("GET", "/v1/sandbox/clock", authorization=f"Bearer {_admin(city)}")
    return [_report(city, "c0").status, clock.status]


def _admin(city: City) -> str:
    """A token of the sandbox's tester, made before there is load."""
    pressure = city.app.services.pressure  # type: ignore[attr-defined]  # our app has it
    level, pressure.level = pressure.level, 0
    tokens = [city.token(who) for who in ("c0", "sandbox-admin")]
    pressure.level = level
    return tokens[1]


@observed("unsigned-register", right=422, wrong=201)
def register(city: City) -> Any:
    """The answer to a register that somebody else signed."""
    columns = (
        "整理番号,氏名,生年月日,性別,住所又は居所,町内会コード,避難支援等を必要とする事由,平常時の情報提供への同意"
    )
    line = "r1,佐藤,1940-01-01,女,住所,n0,歩行困難,有"
    key = ECKey.generate_key("P-256", {"kid": "lgwan-bridge-1"})
    header = {"alg": "ES256", "kid": "lgwan-bridge-1", "cty": "text/csv"}
    text = jws.serialize_compact(header, f"{columns}\r\n{line}\r\n".encode(), key)
    url = "/v1/support-registers/imports"
    return city.call("POST", url, "lgwan-bridge", text.encode(), content_type="application/jose").status


@observed("association-sees-all-areas", right=[], wrong=["c0"])
def other_area(city: City) -> Any:
    """Whom the association of another area is told of."""
    city.declare("disaster", "d0", "d1")
    _report(city, "c0")
    seen = city.everything("/v1/safety-reports?audience=association", "association-n3")
    return [item["person"]["sub"] for item in seen]
