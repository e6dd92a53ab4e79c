"""Deltas, and pages while others write: a copy kept by deltas is the list; nobody who stays is missed or repeated."""

from typing import Any
from urllib.parse import quote

import msgspec
from consent_values import act, give
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from reference_api.clock import instant
from reference_api.paging import SETTLING_S
from reference_api.seed import Consent

PEOPLE = ("c1", "c4", "c5", "c6")
CATEGORIES = ["profile.basic", "safety", "profile.contact"]
AT = "2027-01-15T07:00:00+09:00"
LISTS = {
    "users": ("/v1/users?limit=3", lambda item: item["sub"]),
    "safety": ("/v1/safety-reports?audience=municipality&limit=3", lambda item: item["person"]["sub"]),
}


class Copies(RuleBasedStateMachine):
    """A client that read each list once and then asks for what changed, in a city where everything changes."""

    def __init__(self, city: Any) -> None:
        super().__init__()
        self.city = city
        self.records: list[tuple[str, Any]] = []
        for sub in PEOPLE:
            city.call("POST", "/v1/safety-reports", sub, {"status": "safe", "observed_at": AT})
        self.copy: dict[str, dict[str, Any]] = {"users": {}, "safety": {}}
        self.as_of = dict.fromkeys(LISTS, "")
        for name in LISTS:
            self.read(name)

    def read(self, name: str) -> None:
        """What changed since the last time; the first time everything."""
        url, key = LISTS[name]
        since = f"&updated_since={quote(self.as_of[name])}" if self.as_of[name] else ""
        first = self.city.call("GET", url + since, "city-office").json["as_of"]
        for item in self.city.everything(url + since, "city-office"):
            if "removed" in item:
                self.copy[name].pop(key(item), None)
            else:
                self.copy[name][key(item)] = item
        self.as_of[name] = first

    @rule(
        sub=st.sampled_from(PEOPLE),
        mode=st.sampled_from(["normal", "drill", "disaster"]),
        lasts_s=st.sampled_from([None, 30, 100]),
    )
    def agree(self, sub: str, mode: str, lasts_s: int | None) -> None:
        """A consent, for good or for a while."""
        body: dict[str, Any] = {
            "purpose": "disaster_support",
            "data_categories": CATEGORIES,
            "recipients": ["municipality"],
            "modes": [mode],
            "state": "given",
        }
        if lasts_s is not None:
            body["valid_until"] = instant(self.city.clock.now_s() + lasts_s)
        self.records.append((sub, self.city.call("POST", "/v1/consents", sub, body).json))

    @rule(data=st.data())
    def withdraw(self, data: Any) -> None:
        """One of them is taken back."""
        if self.records:
            sub, record = data.draw(st.sampled_from(self.records))
            act(self.city, sub, record, "withdrawal")

    @rule(area=st.sampled_from(["d0", "d1", "n0", "n2"]), mode=st.sampled_from(["normal", "drill", "disaster"]))
    def declare(self, area: str, mode: str) -> None:
        """A mode changes, or is refused."""
        self.city.declare(mode, area)

    @rule(sub=st.sampled_from(PEOPLE), status=st.sampled_from(["safe", "injured"]))
    def report(self, sub: str, status: str) -> None:
        """A new report."""
        at = instant(self.city.clock.now_s())
        self.city.call("POST", "/v1/safety-reports", sub, {"status": status, "observed_at": at})

    @rule(passes_s=st.sampled_from([1.0, 40.0, SETTLING_S, 500.0]))
    def wait(self, passes_s: float) -> None:
        """Time goes on."""
        self.city.clock.set_s(self.city.clock.now_s() + passes_s)

    @rule(name=st.sampled_from(sorted(LISTS)))
    def synchronise(self, name: str) -> None:
        """After a delta the copy is the list."""
        self.read(name)
        url, key = LISTS[name]
        assert self.copy[name] == {key(item): item for item in self.city.everything(url, "city-office")}


def test_a_copy_kept_by_deltas_is_the_list(make_city: Any) -> None:
    """Whatever happens between: consents, withdrawals, ends of consents, modes, reports."""
    run_state_machine_as_test(lambda: Copies(make_city()), settings=settings(max_examples=6, stateful_step_count=14))


def test_a_tombstone_tells_nothing_to_whom_nothing_was_told(city: Any) -> None:
    """Who was never shown to a client is not mentioned by its deltas; a tombstone gives no reason."""
    city.declare("disaster", "d0", "d1")
    city.everything("/v1/users", "city-office")
    city.declare("normal", "d0", "d1")
    since = quote(instant(city.clock.now_s() - 1))
    gone = city.everything(f"/v1/users?updated_since={since}", "city-office")
    assert {item["sub"]: set(item) for item in gone} == {f"c{number}": {"sub", "removed"} for number in range(8)}
    service = next(one.client_id for one in city.seed.clients if "users.read.all" in one.scopes and one.sector)
    assert city.everything(f"/v1/users?updated_since={since}", service) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=8)
@given(
    limit=st.integers(1, 4),
    writes=st.lists(st.tuples(st.sampled_from(PEOPLE), st.booleans()), min_size=1, max_size=8),
)
def test_pages_hold_everybody_who_stays(make_city: Any, limit: int, writes: list[tuple[str, bool]]) -> None:
    """Consents come and go between pages: whoever is listed throughout is listed once, nobody is listed twice."""
    city = make_city()
    body = {
        "purpose": "disaster_support", "data_categories": CATEGORIES, "recipients": ["municipality"],
        "modes": ["normal"], "state": "given",
    }  # fmt: skip
    held = {sub: city.call("POST", "/v1/consents", sub, body).json for sub in ("c2", "c3", "c7")}
    seen: list[str] = []
    url = f"/v1/users?limit={limit}"
    pending = list(writes)
    cursor = ""
    while True:
        page = city.call("GET", url + cursor, "city-office").json
        seen += [item["sub"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = "&cursor=" + page["next_cursor"]
        if pending:
            sub, agrees = pending.pop()
            if agrees:
                held[sub] = city.call("POST", "/v1/consents", sub, body).json
            elif sub in held:
                act(city, sub, held[sub], "withdrawal")
    assert len(seen) == len(set(seen))
    assert seen == sorted(seen)
    assert {"c2", "c3", "c7"} <= set(seen)


def test_hours_at_which_consents_begin_and_end_are_changes(make_city: Any, make_seed: Any) -> None:
    """Nobody wrote anything, yet the list changed: who begins to be shown comes, who ends goes."""
    start_s = 1_800_000_000.0
    seed = make_seed(8)
    short = (("c4", start_s - 10, start_s + 500), ("c5", start_s + 1000, start_s + 2000))
    more = tuple(
        Consent(sub, "disaster_support", ("profile.basic",), ("municipality",), ("normal",), "given", *times)
        for sub, *times in short
    )
    city = make_city(msgspec.structs.replace(seed, consents=(*seed.consents, *more)))
    shown = []
    for passed_s in (0.0, 400.0, 600.0, 1100.0):
        city.clock.set_s(start_s + passed_s)
        since = quote(instant(start_s + passed_s - 150))
        items = city.everything(f"/v1/users?updated_since={since}", "city-office")
        shown.append([(item["sub"], "removed" in item) for item in items])
    assert shown == [[("c4", False)], [], [("c4", True)], [("c5", False)]]


def test_only_those_where_the_mode_holds(city: Any) -> None:
    """The filter ``mode`` picks by the home's mode, neighbourhoods included."""
    city.declare("disaster", "d0", "n2")
    everybody = {item["sub"] for item in city.everything("/v1/users", "city-office")}
    assert everybody == {"c0", "c1", "c2", "c4", "c5", "c6"}
    assert {item["sub"] for item in city.everything("/v1/users?mode=disaster", "city-office")} == everybody
    assert city.everything("/v1/users?mode=drill", "city-office") == []
    assert city.call("GET", "/v1/users?mode=war", "city-office").problem == "validation"


def test_what_changes_behind_a_slow_reader_comes_next_time(city: Any) -> None:
    """Every page tells the same as_of, that of the first: a change on a page that was read already is not missed."""
    city.declare("disaster", "d0", "d1")
    first = city.call("GET", "/v1/users?limit=1", "city-office").json
    give(city, first["items"][0]["sub"], data_categories=["profile.contact"])
    city.clock.set_s(city.clock.now_s() + 10 * SETTLING_S)
    second = city.call("GET", f"/v1/users?limit=1&cursor={first['next_cursor']}", "city-office").json
    assert second["as_of"] == first["as_of"]
    delta = city.everything(f"/v1/users?updated_since={quote(second['as_of'])}", "city-office")
    assert first["items"][0]["sub"] in [one["sub"] for one in delta]
