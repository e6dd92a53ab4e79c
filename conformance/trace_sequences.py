"""Sequences: what can be said of a requirement from exchanges that follow one another."""

import hashlib
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from conformance.text import Text
from conformance.trace_rules import Finding, judged
from conformance.trace_sights import Sight

Found = Iterator[tuple[str, Finding]]

MOVES = ("checkIn", "checkOut", "transferCheckIn")
PASSING = (401, 408, 425, 429, 500, 502, 503, 504)
"""Statuses that say nothing of the request itself, and may be another the next time."""

RESTARTS = ("resetSandbox",)
"""Operations after which nothing holds of what was before."""

UNTRACED = ("uploadCheckIns",)
"""Operations that change counts by more than their answer tells."""

COUNTS = ("getShelterStatus", "listShelterStatus", "setShelterStatus")


def digest_of(*parts: str) -> bytes:
    """A short digest of texts, so that a trace of any length is followed in little memory."""
    return hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=12).digest()


def who(sight: Sight) -> str:
    """Who asked: the mark of the credential."""
    return sight.exchange.request_headers.get("authorization", "")


class Replays:
    """REST-007: a key that comes again with the same request gets the first result again."""

    def __init__(self) -> None:
        self._first: dict[bytes, tuple[bytes, bytes]] = {}

    def see(self, sight: Sight) -> Found:
        """What an exchange adds."""
        sent = sight.exchange.request_headers
        key = sent.get("idempotency-key", "")
        if not key:
            return
        whose = digest_of(key, who(sight), sight.exchange.method, sight.path)
        asked, answered = digest_of(sight.exchange.request_body), digest_of(str(sight.status), sight.body)
        known = self._first.get(whose)
        if known is None:
            if 200 <= sight.status < 300:
                self._first[whose] = (asked, answered)
        elif known[0] == asked and sight.status not in PASSING:
            what = Text("a request sent again with its Idempotency-Key", "同じIdempotency-Keyで送り直した要求")
            yield "REST-007", judged(what, known[1] == answered, "the first answer", f"{sight.status} {sight.body}")
        elif known[0] != asked and sight.status not in PASSING:
            what = Text("another request with the same Idempotency-Key", "同じIdempotency-Keyの別の要求")
            yield "REST-007", judged(what, sight.status == 422, "422", sight.status)


class Deletions:
    """REST-023: what was deleted cannot be read; REST-022: what was just made can, by who made it.

    Only what has an id of its own: what belongs to something else (a person's card) may be there in another form.
    """

    def __init__(self) -> None:
        self._gone: set[bytes] = set()
        self._made: bytes = b""

    def see(self, sight: Sight) -> Found:
        """What an exchange adds."""
        place, method = digest_of(sight.path), sight.exchange.method
        if method == "GET":
            yield from self._read(sight, place)
        elif method != "HEAD":
            self._made = b""
            if method == "DELETE" and sight.status in (200, 204) and sight.operation.path.endswith("}"):
                self._gone.add(place)
            elif 200 <= sight.status < 300:
                self._gone.discard(place)
            if sight.status == 201 and "location" in sight.headers:
                path = urlsplit(sight.headers["location"]).path
                self._made = digest_of(path, who(sight))
                self._gone.discard(digest_of(path))

    def _read(self, sight: Sight, place: bytes) -> Found:
        if place in self._gone:
            what = Text("reading what was deleted", "削除したものの読み取り")
            yield "REST-023", judged(what, sight.status >= 400, "404 or 410", sight.status)
        elif digest_of(urlsplit(sight.exchange.url).path, who(sight)) == self._made and sight.status in (200, 404):
            what = Text("reading what a Location named", "Locationの先の読み取り")
            yield "REST-022", judged(what, sight.status == 200, "200", sight.status)


class Tags:
    """REST-005: another body of a public read has another ETag."""

    def __init__(self) -> None:
        self._bodies: dict[bytes, bytes] = {}

    def see(self, sight: Sight) -> Found:
        """What an exchange adds."""
        tag = sight.headers.get("etag", "")
        read = sight.operation.is_public and sight.exchange.method == "GET" and sight.status == 200
        if not read or not tag or tag.startswith("W/"):
            return
        target = sight.exchange.url.partition("?")
        place = digest_of(sight.path, target[2], tag, sight.media_type, sight.headers.get("content-encoding", ""))
        body = digest_of(sight.body)
        what = Text("two answers with one ETag", "同じETagの二つの応答")
        yield "REST-005", judged(what, self._bodies.setdefault(place, body) == body, "the same body", sight.body)


class Headcounts:
    """DIS-009: a headcount is check-ins minus check-outs, and never negative.

    The first count seen of a shelter is where counting begins; after an answer that leaves open what happened (none, an
    error of the server, a batch, a reset) it begins anew, as it does where a stay ends whose beginning was not seen.
    """

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._is_in: dict[str, bool] = {}

    def see(self, sight: Sight) -> Found:
        """What an exchange adds."""
        name = sight.operation.operation_id
        if name in UNTRACED or (name in MOVES and not 0 < sight.status < 500):
            self._counts.clear()
            self._is_in.clear()
        elif name in MOVES and 200 <= sight.status < 300:
            self._move(sight.members, is_new=sight.status == HTTPStatus.CREATED)
        elif name in COUNTS and sight.status == 200:
            for row in sight.members.get("items", [sight.members]):
                yield from self._count(row)

    def _move(self, row: Mapping[str, Any], *, is_new: bool) -> None:
        number, shelter, is_in = str(row.get("id")), str(row.get("shelter_id")), row.get("state") == "in"
        before = row.get("transferred_from")
        was_in = self._is_in.get(number, False if is_new else None)
        self._is_in[number] = is_in
        if was_in is None:  # begun where it was not traced: it may be counted already, or no longer
            self._counts.pop(shelter, None)
            self._counts.pop(str(before), None)
        elif was_in != is_in:
            self._add(shelter, 1 if is_in else -1)
            if is_in and before:
                self._add(str(before), -1)

    def _add(self, shelter: str, more: int) -> None:
        if shelter in self._counts:
            self._counts[shelter] += more

    def _count(self, row: object) -> Found:
        if not isinstance(row, dict) or not isinstance(row.get("headcount"), int):
            return
        shelter, said = str(row.get("id")), int(row["headcount"])
        known = self._counts.setdefault(shelter, said)
        self._counts[shelter] = said
        what = Text(f"headcount of {shelter}", f"{shelter} の人数")
        yield "DIS-009", judged(what, said == known and said >= 0, f"{known}, never negative", said)


Sequence = Replays | Deletions | Tags | Headcounts


def new_sequences() -> tuple[Sequence, ...]:
    """All sequences at their begin."""
    return Replays(), Deletions(), Tags(), Headcounts()
