"""Observations of the consent decision, of withdrawal, and of what is written down about disclosures."""

from typing import Any
from urllib.parse import quote

from consent_values import act, ask, give
from deviant.observations.parties import error_of
from deviant.observing import observed
from relying_party import party_of
from sandbox_city import AT, City

SHARED = {"purpose": "disaster_support", "data_categories": ["profile.basic"], "recipients": ["municipality"]}


def _office_sees(city: City, sub: str) -> int:
    return city.call("GET", f"/v1/users/{sub}", "city-office").status


def _listed(city: City) -> list[str]:
    return [item["sub"] for item in city.everything("/v1/users", "city-office")]


def _permits(city: City, who: str, sub: str, category: str = "safety", **changes: Any) -> bool:
    return bool(ask(city, who, sub, category, **changes)["decision"])


@observed("C-01", right=404, wrong=200)
def one_user(city: City) -> Any:
    """The answer about somebody who agreed to nothing."""
    return _office_sees(city, "c5")


@observed("consent-ignored-for-all-user", right=[], wrong=[f"c{number}" for number in range(8)])
def all_users(city: City) -> Any:
    """Who is on the list in normal times, when nobody agreed to that."""
    return _listed(city)


@observed("scope-only-no-consent", right=([], 404), wrong=([f"c{number}" for number in range(8)], 200))
def everything(city: City) -> Any:
    """Who is on the list, and the answer about somebody who agreed to nothing."""
    return _listed(city), _office_sees(city, "c5")


@observed("C-03", right=[False, False], wrong=[True, True])
def flag_off(city: City) -> Any:
    """What the office may see in normal times: of somebody who agreed for disasters, and of somebody else by law."""
    return [_permits(city, "city-office", sub) for sub in ("c0", "c5")]


@observed("disaster-consent-used-in-normal", right=[False, False], wrong=[True, False])
def consent_for_disasters(city: City) -> Any:
    """The same."""
    return [_permits(city, "city-office", sub) for sub in ("c0", "c5")]


@observed("drill-triggers-statutory", right=False, wrong=True)
def in_a_drill(city: City) -> Any:
    """Whether the office may see in a drill what the law opens in a disaster."""
    city.declare("drill", "d0")
    return _permits(city, "city-office", "c5")


@observed("consent-for-drill-counts-always", right=False, wrong=True)
def normal_in_a_drill(city: City) -> Any:
    """Whether a consent for normal times counts in a drill."""
    give(city, "c5", modes=["normal"])
    city.declare("drill", "d0")
    return _permits(city, "city-office", "c5")


def _after_withdrawal(city: City, after_s: float) -> list[bool]:
    """Whether the office may see: before a withdrawal, at once after it, and so many seconds later."""
    record = give(city, "c5")
    seen = [_permits(city, "city-office", "c5")]
    act(city, "c5", record, "withdrawal")
    seen.append(_permits(city, "city-office", "c5"))
    city.clock.set_s(city.clock.now_s() + after_s)
    return [*seen, _permits(city, "city-office", "c5")]


@observed("C-05", right=[True, False, False], wrong=[True, True, True])
def an_hour_later(city: City) -> Any:
    """Before and after a withdrawal, and 50 minutes later."""
    return _after_withdrawal(city, 3_000)


@observed("withdrawal-cached-10-min", right=[True, False, False], wrong=[True, True, False])
def ten_minutes_later(city: City) -> Any:
    """Before and after a withdrawal, and ten minutes later."""
    return _after_withdrawal(city, 600)


@observed("expiry-off-by-one", right=[True, False], wrong=[True, True])
def at_the_end(city: City) -> Any:
    """A second before the end of a consent, and at its end."""
    give(city, "c5", valid_until="2027-01-15T17:01:00+09:00")
    seen = []
    for at_s in (1_800_000_059.0, 1_800_000_060.0):
        city.clock.set_s(at_s)
        seen.append(_permits(city, "city-office", "c5"))
    return seen


@observed("C-06", right=False, wrong=True)
def association(city: City) -> Any:
    """Whether the association may see whom only the family may."""
    return _permits(city, "association-n2", "c2")


@observed("C-07", right=[True, False], wrong=[True, True])
def other_category(city: City) -> Any:
    """What the office may see where safety alone was agreed to: safety, and medication."""
    give(city, "c5")
    return [_permits(city, "city-office", "c5", category) for category in ("safety", "medication_condition")]


@observed("C-08", right=[True, False], wrong=[True, True])
def after_the_disaster(city: City) -> Any:
    """Whether the office sees where somebody is, in a disaster and after it."""
    city.declare("disaster", "d0")
    body = {"position": {"type": "Point", "coordinates": [139.93, 37.49]}, "observed_at": AT, "ttl_s": 3600}
    city.call("PUT", "/v1/users/c0/location", "c0", body)
    seen = [city.call("GET", "/v1/users/c0/location", "city-office").status == 200]
    city.declare("normal", "d0")
    return [*seen, city.call("GET", "/v1/users/c0/location", "city-office").status == 200]


@observed("C-09", right=["give", "withdraw"], wrong=[])
def events(city: City) -> Any:
    """What a record says of what happened to it."""
    record = city.call("POST", "/v1/consents", "c5", {**SHARED, "modes": ["normal"]}).json
    return [event["type"] for event in act(city, "c5", record, "withdrawal").json["events"]]


@observed("disclosures-not-logged", right=["getUser"], wrong=[])
def log(city: City) -> Any:
    """What a person reads of disclosures after one."""
    give(city, "c5", data_categories=["profile.basic"])
    assert _office_sees(city, "c5") == 200
    return [entry["operation"] for entry in city.everything("/v1/access-log", "c5")]


@observed("tokens-outlive-withdrawal", right=["200", "401 invalid-token"], wrong=["200", "200"])
def tokens(city: City) -> Any:
    """The answers to a token that rests on one consent, before and after it was withdrawn."""
    party = party_of(city)
    detail = (
        '[{"type": "cityos_consent", "purpose": "personal_service", "datatypes": ["profile.basic"],'
        ' "recipients": ["service:example-service"]}]'
    )
    got = party.tokens("c5", scope="openid", authorization_details=detail)
    bearer = f"Bearer {got['access_token']}"
    seen = [error_of(city.call("GET", "/userinfo", authorization=bearer))]
    record = {"record_id": got["authorization_details"][0]["consent_id"]}
    assert act(city, "c5", record, "withdrawal").status == 200
    return [*seen, error_of(city.call("GET", "/userinfo", authorization=bearer))]


@observed("withdrawal-not-told", right=1, wrong=0)
def told(city: City) -> Any:
    """How many recipients are told of a withdrawal."""
    stream = {"url": "http://127.0.0.1:8769/events", "events": ["consent-withdrawn"]}
    made = city.call("POST", "/v1/event-streams", "city-office", stream)
    assert made.status == 201, made.body
    before = len(city.rows("SELECT 1 FROM outbox"))
    act(city, "c5", give(city, "c5"), "withdrawal")
    return len(city.rows("SELECT 1 FROM outbox")) - before


def _inquiry(city: City, **more: Any) -> list[Any]:
    """What an acquaintance is told of c1, who reported."""
    city.call("POST", "/v1/safety-reports", "c1", {"status": "injured", "observed_at": AT, **more})
    items: list[Any] = city.everything("/v1/safety-reports?audience=acquaintance&name=" + quote("𠮷野󠄁 1"), "c6")
    return items


@observed("friend-sees-full-safety", right={"injured"}, wrong={"injured", "status", "method"})
def friend(city: City) -> Any:
    """What an acquaintance is told of somebody who agreed to that."""
    (seen,) = _inquiry(city, share_with=["acquaintance"])
    return {"injured", "status", "method"} & set(seen)


@observed("friends-by-default", right=0, wrong=1)
def stranger(city: City) -> Any:
    """Of how many an acquaintance is told who agreed to nothing."""
    return len(_inquiry(city))


@observed("oracle-in-decisions", right=True, wrong=False)
def alike(city: City) -> Any:
    """Whether the decisions about somebody who consents to nothing and about nobody are alike."""
    return bool(ask(city, "city-office", "c5") == ask(city, "city-office", "c999"))


@observed("no-obligations", right=["audit", "notify_after", "minimum_necessary"], wrong=[])
def obligations(city: City) -> Any:
    """The obligations of a decision by law."""
    city.declare("disaster", "d0")
    return ask(city, "city-office", "c5")["context"]["obligations"]


@observed("household-without-consent", right=False, wrong=True)
def household(city: City) -> Any:
    """Whether a person is told more of a member of the household who agreed to nothing."""
    told = city.call("GET", "/v1/users/c4/household", "c4").body
    return "ヨシノ 5".encode() in told


@observed("plan-without-consent", right=404, wrong=200)
def plan(city: City) -> Any:
    """The answer to the association that asks for a plan which nobody let it see."""
    where = city.call("POST", "/v1/evacuation-plans", "c5", {"fields": {}}).headers["location"]
    return city.call("GET", where, "association-n1").status


@observed("register-without-consent", right=["r1"], wrong=["r1", "r2"])
def register(city: City) -> Any:
    """Whom an association sees of the register in normal times."""
    items = city.everything("/v1/support-registers/entries?area=n0", "association-n0")
    return [item["id"] for item in items]
