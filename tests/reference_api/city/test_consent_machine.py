"""Consents and disaster modes in any order: after every step the server knows what the book says, and nothing else."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from consent_values import act
from deviant.doubles import ignores_consent, takes_drills_for_disasters
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule, run_state_machine_as_test

from conformance.consent_model import Verdict, by_the_book
from reference_api.clock import instant
from reference_api.consent import Decide

PEOPLE = ("c4", "c5", "c6")
"""People of the small town without a consent, in two districts and three neighbourhoods."""
DISTRICT = {"c4": "d0", "c5": "d0", "c6": "d1"}
ASKERS = {"city-office": "municipality", "association-n0": "association", "association-n1": "association"}
OF_AREA = {"association-n0": ("c4",), "association-n1": ("c5",), "city-office": PEOPLE}
PURPOSE = "disaster_support"
CATEGORIES = ("profile.basic", "safety", "location", "checkin")


@dataclass(frozen=True)
class Held:
    """A consent, as the model remembers it."""

    record_id: str
    sub: str
    categories: frozenset[str]
    recipients: frozenset[str]
    modes: frozenset[str]
    valid_from_s: float | None
    valid_until_s: float | None
    state: str = "given"
    purpose: str = PURPOSE


def some(codes: tuple[str, ...]) -> st.SearchStrategy[frozenset[str]]:
    """Some of the codes."""
    return st.frozensets(st.sampled_from(codes), min_size=1)


class ConsentMachine(RuleBasedStateMachine):
    """A city whose people agree, refuse, renew and withdraw while modes and time go on."""

    records = Bundle("records")

    def __init__(self, city: Any) -> None:
        super().__init__()
        self.city = city
        self.held: dict[str, Held] = {}
        self.mode = {"d0": "normal", "d1": "normal"}

    @rule(
        target=records,
        sub=st.sampled_from(PEOPLE),
        categories=some(CATEGORIES),
        recipients=some(("municipality", "association")),
        modes=some(("normal", "drill", "disaster")),
        lasts_s=st.none() | st.sampled_from([30, 60, 600]),
        state=st.sampled_from(["given", "given", "refused"]),
    )
    def say(self, sub: str, lasts_s: int | None, state: str, **codes: frozenset[str]) -> str:
        """A person agrees or refuses."""
        now_s = self.city.clock.now_s()
        body = {
            "purpose": PURPOSE,
            "data_categories": sorted(codes["categories"]),
            "recipients": sorted(codes["recipients"]),
            "modes": sorted(codes["modes"]),
            "state": state,
        }
        if lasts_s is not None:
            body["valid_until"] = instant(now_s + lasts_s)
        answer = self.city.call("POST", "/v1/consents", sub, body)
        record_id = str(answer.json["record_id"])
        end_s = now_s + (1826 * 86_400.0 if lasts_s is None else lasts_s)
        self.held[record_id] = Held(record_id, sub, **codes, valid_from_s=now_s, valid_until_s=end_s, state=state)
        return record_id

    @rule(record_id=consumes(records))
    def withdraw(self, record_id: str) -> None:
        """A consent is taken back; a refusal is none."""
        one = self.held[record_id]
        answer = act(self.city, one.sub, {"record_id": record_id}, "withdrawal")
        assert answer.status == (409 if one.state == "refused" else 200)
        if answer.status == 200:
            self.held[record_id] = replace(one, state="withdrawn")

    @rule(record_id=records)
    def renew(self, record_id: str) -> None:
        """A consent that was given runs on, also after it ended."""
        one = self.held[record_id]
        answer = act(self.city, one.sub, {"record_id": record_id}, "renewal")
        assert answer.status == (409 if one.state == "refused" else 200)
        if answer.status == 200:
            end_s = self.city.clock.now_s() + 1826 * 86_400.0
            self.held[record_id] = replace(one, state="renewed", valid_until_s=end_s)

    @rule(district=st.sampled_from(["d0", "d1"]), mode=st.sampled_from(["normal", "drill", "disaster"]))
    def declare(self, district: str, mode: str) -> None:
        """The city declares; where a disaster holds, no drill."""
        answer = self.city.declare(mode, district)
        if answer.status in (200, 201):
            self.mode[district] = mode
        else:
            assert (self.mode[district], mode) == ("disaster", "drill")

    @rule(passes_s=st.sampled_from([1, 30, 60]))
    def time_goes_on(self, passes_s: int) -> None:
        """Consents end at their instants."""
        self.city.clock.set_s(self.city.clock.now_s() + passes_s)

    def verdict(self, asker: str, sub: str, category: str) -> Verdict:
        """What the book says."""
        held = [one for one in self.held.values() if one.sub == sub]
        mode = self.mode[DISTRICT[sub]]
        return by_the_book(held, ASKERS[asker], PURPOSE, category, mode, self.city.clock.now_s())

    @invariant()
    def every_decision_is_by_the_book(self) -> None:
        """Each asker, of each of its people, on each category: in one batch."""
        for asker, people in OF_AREA.items():
            cells = [(sub, category) for sub in people for category in CATEGORIES]
            batch = [{"subject": {"id": sub}, "purpose": PURPOSE, "category": category} for sub, category in cells]
            answer = self.city.call("POST", "/v1/consent-decisions", asker, {"evaluations": batch})
            for (sub, category), got in zip(cells, answer.json["evaluations"], strict=True):
                expected = self.verdict(asker, sub, category)
                context = got["context"]
                assert (got["decision"], context["basis"]) == (expected.permit, expected.basis)
                assert context.get("clause", "") == expected.clause
                assert context.get("reason", "") in (expected.reason, "unknown_subject")

    @invariant()
    def the_list_shows_whom_the_book_opens(self) -> None:
        """The list of all users holds exactly those of whom something is permitted."""
        listed = {item["sub"] for item in self.city.everything("/v1/users", "city-office")} & set(PEOPLE)
        shown = ("profile.basic", "profile.contact", "support_flag")
        assert listed == {
            sub for sub in PEOPLE if any(self.verdict("city-office", sub, category).permit for category in shown)
        }


def test_whatever_happens_the_server_keeps_the_book(make_city: Callable[..., Any]) -> None:
    """Giving, refusing, withdrawing, renewing, declaring and waiting, in any order."""
    run_state_machine_as_test(
        lambda: ConsentMachine(make_city()), settings=settings(max_examples=8, stateful_step_count=12)
    )


@pytest.mark.parametrize("broken", [ignores_consent, takes_drills_for_disasters])
def test_a_broken_decision_is_noticed(make_city: Callable[..., Any], broken: Decide) -> None:
    """The same walk over a server that permits everything, or takes drills for disasters, does not come through."""
    once = settings(max_examples=8, stateful_step_count=12, phases=[Phase.generate], derandomize=True)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(lambda: ConsentMachine(make_city(decide=broken)), settings=once)
