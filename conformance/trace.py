"""Trace: judges a simulation's traffic without asking anything, by what can be seen in it."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

import msgspec

from conformance.contract.exchange import Exchange
from conformance.contract.requirements import Requirement, load_requirements
from conformance.errors import PlanError, PlanFault
from conformance.outcomes import Violation
from conformance.results import Result, Run
from conformance.text import Text
from conformance.trace_rules import RULES, Finding, findings
from conformance.trace_sequences import RESTARTS, new_sequences
from conformance.trace_sights import Sight, Trace
from conformance.verdict import Verdict, judge

Progress = Callable[[int, int], None]
"""Told from time to time: exchanges read, and bytes read."""

EVIDENCE = 3
"""Failing exchanges that a result keeps."""

TOLD_EVERY = 2000
"""Exchanges between two tellings of progress."""

SEQUENCES = ("REST-005", "REST-007", "REST-022", "REST-023", "DIS-009")
"""Requirements that sequences are judged by."""


@dataclass
class _Tally:
    """What was seen of a requirement: how often, how often wrongly, and the first exchanges of either."""

    seen: int = 0
    wrong: int = 0
    first: Finding | None = None
    failing: list[Exchange] = field(default_factory=list)
    sample: Exchange | None = None

    def add(self, finding: Finding, exchange: Exchange) -> None:
        """Count one finding."""
        self.seen += 1
        if finding.what is None:
            self.sample = self.sample or exchange
            return
        self.wrong += 1
        self.first = self.first or finding
        if len(self.failing) < EVIDENCE:
            self.failing.append(exchange)


def judge_trace(file: BinaryIO, *, target: str, suite: str, progress: Progress | None = None) -> Run:
    """Results of what is seen in a file of exchanges, read once from its begin to its end.

    Raises:
        PlanError: The file holds no exchanges.
    """
    begin_s = time.monotonic()
    trace = Trace(file)
    tallies: dict[str, _Tally] = {name: _Tally() for name in (*(name for name, _ in RULES), *SEQUENCES)}
    try:
        for sight, requirement, finding in _findings(trace, progress):
            tallies[requirement].add(finding, sight.exchange)
    except (msgspec.DecodeError, KeyError, UnicodeDecodeError) as reason:
        raise _unreadable(trace.read, str(reason)) from reason
    if not trace.read:
        raise _unreadable(0, "empty")
    results = [_result(one, tallies.get(one.id)) for one in sorted(load_requirements(), key=lambda row: row.id)]
    return Run(target, suite, 0, results, duration_s=time.monotonic() - begin_s)


def _findings(trace: Trace, progress: Progress | None) -> Iterator[tuple[Sight, str, Finding]]:
    sequences = new_sequences()
    for sight in trace.sights():
        for requirement, finding in findings(sight) if sight.status else ():
            yield sight, requirement, finding
        for sequence in sequences:
            for requirement, finding in sequence.see(sight):
                yield sight, requirement, finding
        if sight.operation.operation_id in RESTARTS:
            sequences = new_sequences()
        if progress and trace.read % TOLD_EVERY == 0:
            progress(trace.read, trace.bytes_read)
    if progress:
        progress(trace.read, trace.bytes_read)


def _result(requirement: Requirement, tally: _Tally | None) -> Result:
    if tally is None:
        text = Text("cannot be judged from a trace alone", "記録だけからは判定できない")
        return Result(requirement.id, requirement, Verdict.OMIT, text)
    if not tally.seen:
        return Result(requirement.id, requirement, Verdict.OMIT, Text("not seen in the trace", "記録に現れない"))
    found = tally.first
    if found is None or found.what is None:
        text = Text(f"seen {tally.seen} times in the trace", f"記録で{tally.seen}回確かめた")
        kept = (tally.sample,) if tally.sample else ()
        return Result(requirement.id, requirement, Verdict.PASS, text, exchanges=kept)
    what = found.what
    verdict = judge(requirement, Violation(what, expected=found.expected, actual=found.actual))
    text = Text(
        f"{what.en}: expected {found.expected[:200]}, got {found.actual[:200]} ({tally.wrong} of {tally.seen})",
        f"{what.ja}: 期待 {found.expected[:200]}、実際 {found.actual[:200]} ({tally.seen}回中{tally.wrong}回)",
    )
    return Result(requirement.id, requirement, verdict, text, found.expected, found.actual, tuple(tally.failing))


def _unreadable(line: int, reason: str) -> PlanError:
    text = Text(
        f"this is no file of exchanges (line {line + 1}: {reason}); give the exchanges.jsonl of a run",
        f"やりとりの記録として読めない({line + 1}行目: {reason})。runのexchanges.jsonlを指定する",
    )
    return PlanError([PlanFault("", text)])
