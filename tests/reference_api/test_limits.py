"""Quotas count each caller for itself, and say what remains."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_api.call import Token
from reference_api.errors import ApiError
from reference_api.limits import POLL_FLOOR_S, WINDOW_S, PollFloor, Quota
from reference_api.settings import Settings


def _token(client_id: str, subject: str | None = None) -> Token:
    return Token(client_id, subject, "service", "municipality", frozenset(), 0.0)


CALLS = st.lists(st.tuples(st.sampled_from([("a", None), ("a", "c1"), ("b", "c1")]), st.integers(0, 150)), max_size=60)


@given(calls=CALLS)
def test_remaining_is_the_limit_less_the_calls_of_the_same_minute(
    calls: list[tuple[tuple[str, str | None], int]],
) -> None:
    """For any order of calls, what remains is what a plain count of the caller's calls in that minute leaves."""
    quota = Quota(subject_limit=5, client_limit=7)
    ordered = sorted(calls, key=lambda call: call[1])
    for number, (caller, at_s) in enumerate(ordered):
        limit, remaining, reset_s = quota.count(_token(*caller), float(at_s))
        same = [
            1 for other, then_s in ordered[: number + 1] if other == caller and then_s // WINDOW_S == at_s // WINDOW_S
        ]
        assert limit == (7 if caller[1] is None else 5)
        assert remaining == limit - len(same)
        assert 0 < reset_s <= WINDOW_S


def test_the_floor_lets_the_same_be_read_every_fifteen_seconds() -> None:
    """The same address of the same caller waits 15 s; another address or caller does not."""
    floor = PollFloor()
    floor.check(_token("a"), "/x?", 100.0)
    floor.check(_token("a"), "/y?", 100.0)
    floor.check(_token("b"), "/x?", 100.0)
    with pytest.raises(ApiError) as refused:
        floor.check(_token("a"), "/x?", 100.0 + POLL_FLOOR_S - 0.5)
    assert refused.value.headers["retry-after"] == "1"
    with pytest.raises(ApiError) as refused:
        floor.check(_token("a"), "/x?", 101.0, reduced_s=2)
    assert refused.value.headers["retry-after"] == "2"
    floor.check(_token("a"), "/x?", 100.0 + POLL_FLOOR_S)


FIELD = re.compile(r'"requests";[qr]=\d+;[wt]=\d+')
"""Source: draft-ietf-httpapi-ratelimit-headers sections 3 and 4: a string item with integer parameters."""


def test_every_answer_to_a_token_says_what_remains(make_city: Any) -> None:
    """RateLimit counts down on answers and faults; above it 429 with Retry-After; P0 goes on all the same."""
    city = make_city(settings=Settings(sandbox=True, client_quota=3))
    for left in (2, 1, 0):
        answer = city.call("GET", "/v1/users/c0", "city-office")
        assert FIELD.fullmatch(answer.headers["ratelimit"])
        assert FIELD.fullmatch(answer.headers["ratelimit-policy"])
        assert f"r={left};" in answer.headers["ratelimit"]
    refused = city.call("GET", "/v1/users/c0", "city-office")
    assert (refused.status, refused.json["violated-policies"]) == (429, ["requests"])
    assert refused.json["type"] == "https://iana.org/assignments/http-problem-types#quota-exceeded"
    assert int(refused.headers["retry-after"]) > 0
    assert city.declare("drill", "d0").status == 201
    city.clock.set_s(city.clock.now_s() + WINDOW_S)
    assert city.call("GET", "/v1/users/c0", "city-office").status != 429
