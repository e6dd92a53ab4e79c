"""Baseline: deviations that are known and accepted for a time; an entry that is no longer true fails the run."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import msgspec

from conformance.check import load_checks
from conformance.contract.requirements import load_requirements
from conformance.errors import PlanError, PlanFault
from conformance.plan_reading import read_toml
from conformance.results import Acceptance, Result
from conformance.shape import Source, faults_of, near
from conformance.text import Text
from conformance.verdict import Verdict


class KnownPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[[known]]``: one deviation. Either ``check`` or ``requirement`` names it; ``expires`` is its last day.

    ``reason`` says why it is accepted, ``owner`` who mends it (a team or a ticket).
    """

    verdict: Literal["fail", "warn"]
    reason: str
    owner: str
    expires: dt.date
    check: str = ""
    requirement: str = ""


class BaselineFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole baseline."""

    known: tuple[KnownPart, ...] = ()


@dataclass(frozen=True)
class KnownDeviation:
    """An entry and where it stands (``file:line``)."""

    part: KnownPart
    where: str

    @property
    def name(self) -> str:
        """The check or requirement."""
        return self.part.check or self.part.requirement

    def speaks_of(self, result: Result) -> bool:
        """Whether a result is one of its check or requirement."""
        return self.name in (result.name, result.requirement.id if self.part.requirement else result.name)

    def accepts(self, result: Result) -> bool:
        """Whether it accepts a result's verdict."""
        return self.speaks_of(result) and result.verdict.value == self.part.verdict


@dataclass(frozen=True)
class Applied:
    """Results with what is accepted among them, and what is wrong with the baseline (one line each)."""

    results: tuple[Result, ...]
    faults: tuple[PlanFault, ...]


def read_baseline(path: Path) -> tuple[KnownDeviation, ...]:
    """The entries of a file.

    Raises:
        PlanError: It cannot be used; carries every fault.
    """
    data, source = read_toml(path)
    faults = list(faults_of(BaselineFile, data, source))
    parts = () if faults else msgspec.convert(data, BaselineFile).known
    faults += _meaning(parts, source)
    if faults:
        raise PlanError(faults)
    places = (source.fault(("known", number), Text("", "")).where for number in range(len(parts)))
    return tuple(KnownDeviation(part, where) for part, where in zip(parts, places, strict=True))


def _meaning(parts: Sequence[KnownPart], source: Source) -> Iterator[PlanFault]:
    seen: set[str] = set()
    for number, part in enumerate(parts):
        here = ("known", number)
        if bool(part.check) == bool(part.requirement):
            yield source.fault(here, _ONE_NAME)
        for key in ("reason", "owner"):
            if not getattr(part, key).strip():
                yield source.fault((*here, key), _empty(key))
        name = part.check or part.requirement
        if name and name in seen:
            yield source.fault(here, Text(f"{name} is there twice. Leave one.", f"{name} が二度ある。一つにする。"))
        seen.add(name)


_ONE_NAME = Text(
    "an entry names either check or requirement. Give one of them.",
    "各項目にはcheckかrequirementのどちらか一つを書く。",
)


def _empty(key: str) -> Text:
    return Text(
        f"{key} is empty. Say why it is accepted and who mends it, so that somebody can be asked.",
        f"{key} が空。後で尋ねられるよう、受け入れる理由と直す担当を書く。",
    )


def apply_baseline(known: Sequence[KnownDeviation], results: Iterable[Result], today: dt.date) -> Applied:
    """Mark what is accepted; an expired entry accepts nothing, and one that no longer holds is a fault.

    An entry is left alone where the run says nothing of it: its check was not held, was omitted, or ended unknown.
    """
    rows = tuple(results)
    valid = [one for one in known if one.part.expires >= today]
    faults = [fault for one in known if (fault := _fault(one, rows, today)) is not None]
    return Applied(tuple(_accepted(row, valid) for row in rows), tuple(faults))


def _accepted(result: Result, known: Iterable[KnownDeviation]) -> Result:
    for one in known:
        if one.accepts(result):
            part = one.part
            return replace(result, accepted=Acceptance(part.reason, part.owner, part.expires.isoformat()))
    return result


_DECIDED = (Verdict.PASS, Verdict.FAIL, Verdict.WARN)


def _fault(one: KnownDeviation, results: Sequence[Result], today: dt.date) -> PlanFault | None:
    names = _names()
    if one.name not in names:
        hint = near(one.name, sorted(names))
        return PlanFault(one.where, Text(f"unknown id {one.name}. {hint.en}", f"知らないID {one.name}。{hint.ja}"))
    if one.part.expires < today:
        return PlanFault(one.where, _expired(one))
    seen = [row.verdict for row in results if one.speaks_of(row) and row.verdict in _DECIDED]
    if seen and all(verdict.value != one.part.verdict for verdict in seen):
        return PlanFault(one.where, _stale(one, seen[0]))
    return None


def _names() -> frozenset[str]:
    return frozenset([one.id for one in load_requirements()] + [one.name for one in load_checks()])


def _expired(one: KnownDeviation) -> Text:
    name, day, owner = one.name, one.part.expires.isoformat(), one.part.owner
    return Text(
        f"{name}: accepted until {day} only ({owner}). Mend the service, or agree on a later day.",
        f"{name}: 受け入れの期限 {day} が過ぎた({owner})。直すか、期限を決め直す。",
    )


def _stale(one: KnownDeviation, seen: Verdict) -> Text:
    name, told = one.name, one.part.verdict
    return Text(
        f"{name}: accepted as {told}, but it is {seen.value} now. Remove the entry.",
        f"{name}: {told} として受け入れたが、今は {seen.value} である。項目を消す。",
    )
