"""Histories: people read back every report on themselves, so that one written twice is found as well as one lost."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from urllib.parse import quote

import msgspec
import numpy as np

from agents.city_os.asker import Asker, AskerKind
from agents.city_os.tokens import TokenBook
from agents.city_os.transport import Request, Response
from scenarios.language import Text
from scenarios.load.aftermath import REPORTS, is_doubtful, person_in
from scenarios.load.calls import DueCall, Measured
from scenarios.load.clock import steady_s
from scenarios.load.target import Target, sender, token_book
from scenarios.progress import Tell
from scenarios.record import Finding, FindingKind

ASKED = 200
"""Most people who read their history, evenly among those reported on. Source: none; one in a hundred doubled reports is
then found with a chance of 87 % (1 - 0.99^200). Confidence C."""

STRIDE = 10
ENOUGH_S = 60.0
"""How long they read (s); a slow service is asked by fewer. Source: none; as long as it may take to be itself again.
Confidence C."""

OPERATION = "listSafetyHistory"
SUBJECT = Text("本人の安否の履歴", "people's own histories of safety")


class _Report(msgspec.Struct):
    id: str


class _Page(msgspec.Struct):
    items: list[_Report]


def check_histories(
    target: Target, calls: Mapping[int, DueCall], rows: Iterable[Measured], at_s: float, tell: Tell
) -> list[Finding]:
    """Reports that were acknowledged and are not in a person's history, or stand there once too often."""
    acknowledged = _acknowledged(target, calls, rows)
    people = sorted(acknowledged)
    chosen = [
        people[place] for place in np.unique(np.linspace(0, len(people) - 1, min(ASKED, len(people))).astype(int))
    ]
    book = token_book(target)
    lost, doubled, until_s = [], [], steady_s() + ENOUGH_S
    asked: list[int] = []
    # Each tenth of them first, so that those who have read are from everywhere also where time ends it.
    for person in [one for first in range(STRIDE) for one in chosen[first::STRIDE]]:
        if steady_s() > until_s:
            break
        tell("load_ask", len(asked) / len(chosen))
        asked.append(person)
        said = _history(target, book, person)
        if said is not None:
            lost += [person] * len(acknowledged[person] - set(said))
            doubled += [person] * max(0, len(said) - len(acknowledged[person]))
    total = sum(len(acknowledged[person]) for person in asked)
    found = ((FindingKind.LOST, lost, "-"), (FindingKind.GHOST, doubled, "+"))
    return [
        Finding(kind, at_s, SUBJECT, str(total), f"{sign}{len(cases)}", OPERATION, tuple(cases), cases=len(cases))
        for kind, cases, sign in found
        if cases
    ]


def _acknowledged(target: Target, calls: Mapping[int, DueCall], rows: Iterable[Measured]) -> dict[int, set[str]]:
    """Ids of the acknowledged reports on each person with an ID; people on whom one is in doubt are left out."""
    ids: dict[int, set[str]] = defaultdict(set)
    open_calls: dict[int, int] = {}
    for one in rows:
        if one.operation != REPORTS or one.call not in calls:
            continue
        name = person_in(calls[one.call]) or one.actor.partition(":")[2]
        person = target.directory.person_row[name]
        if one.succeeded and target.directory.has_account[person]:
            ids[person].add(msgspec.json.decode(one.body, type=_Report).id)
            open_calls.pop(one.call, None)
        elif is_doubtful(one):
            open_calls[one.call] = person
    return {person: some for person, some in ids.items() if person not in set(open_calls.values())}


def _history(target: Target, book: TokenBook, person: int) -> list[str] | None:
    """Ids of all reports on a person, as they read them themselves; None without an answer."""
    send, own_id = sender(target), quote(target.directory.person_ids[person], safe="")
    token = book.bearer(Asker(AskerKind.CITIZEN, person), 0.0, send)
    headers = {"authorization": f"Bearer {token}", "accept": "application/json"}
    url = f"{target.api_base}/users/{own_id}/safety-reports?limit=500"
    answer = send(Request("GET", url, headers=headers)) if isinstance(token, str) else token
    if not isinstance(answer, Response) or answer.status != 200:
        return None
    try:
        return [one.id for one in msgspec.json.decode(answer.body, type=_Page).items]
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
