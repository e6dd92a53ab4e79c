"""Whatever is sent, the server answers, in the form that the operation has, and shows nothing of its inside."""

from types import SimpleNamespace
from typing import Any

import pytest
from hostile import OPERATIONS, Attack, hostile_city, judge, requests
from sandbox_city import Answer

COUNT = 1_000
"""A slice of what ``make hostile`` sends."""


@pytest.mark.parametrize("first_seed", [0, 1])
def test_no_request_makes_the_server_fail(first_seed: int) -> None:
    """Generated and raw requests over all operations get no 5xx but the documented ones."""
    attack = Attack(hostile_city())
    for request in requests(COUNT, first_seed):
        attack.send(request)
    attack.reset()
    assert sum(attack.statuses.values()) == COUNT
    assert {200, 400, 404, 415, 422} <= set(attack.statuses)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(500, {"content-type": "application/problem+json"}, b"{}"),
        Answer(400, {"content-type": "text/html"}, b"<html>"),
        Answer(400, {"content-type": "application/problem+json"}, b"{"),
        Answer(200, {"content-type": "application/json"}, b'"Traceback (most recent call last)"'),
    ],
)
def test_the_judge_sees_failures(answer: Any) -> None:
    """A 500, a page in place of a problem, broken JSON and a traceback are all noticed."""
    request: Any = SimpleNamespace(operation=next(one for one in OPERATIONS if one.error_format == "problem"))
    with pytest.raises((AssertionError, ValueError)):
        judge(request, answer)
