"""What the city OS said against what was true: verdict, headcounts, findings, recipients, calls."""

from collections import Counter
from math import isinf

import numpy as np

from scenarios.faults.causes import unexplained
from scenarios.language import Language, Text, say
from scenarios.record import NO_ANSWER, Finding, FindingKind, RunRecord
from scenarios.report.charts import Key, drawing, figure, frame, line, time_axis, y_axis
from scenarios.report.markup import Markup, element, joined, words
from scenarios.report.material import Material
from scenarios.report.met import met_tables
from scenarios.report.tables import Cell, columns, table
from scenarios.report.texts import hours_since_start, number, percent, phrase

SHOWN_FINDINGS = 50
"""Rows of the table of findings; more say nothing new to a reader."""


def verdict(material: Material) -> Markup:
    """The box at the top: what the oracle found, the faults named in words."""
    record = material.record
    if not record.header.connected:
        return _box("none", Markup(""))
    kinds = faults_found(material)
    if not kinds:
        good = "verdict.good" if record.header.is_searched else "verdict.good_ideal"
        samples = int(np.count_nonzero(record.steps.headcount_said != NO_ANSWER))
        return element(
            "aside",
            element("h2", words(phrase("verdict.good_title"))),
            element("p", words(phrase(good, samples=number(samples)))),
            class_="verdict good",
        )
    faults = element("ul", *(_fault(record, kind) for kind in kinds))
    return _box("bad", joined((faults, _put_in(record), element("p", words(phrase("verdict.more"))))))


def faults_found(material: Material) -> list[FindingKind]:
    """Kinds of fault that the findings, the headcounts or the recipients of messages show."""
    record = material.record
    shown = {one.kind for one in record.findings}
    error = material.value("headcount_error_max")
    if error is None:
        shown.add(FindingKind.UNANSWERED)
    elif error > 0:
        shown.add(FindingKind.HEADCOUNT)
    if any(one.missed or one.extra for one in record.notifications):
        shown.add(FindingKind.RECIPIENT)
    return [kind for kind in FindingKind if kind in shown]


def _put_in(record: RunRecord) -> Markup:
    """How many of the findings can follow from faults that were put in on purpose; nothing if there were none."""
    if not record.faults:
        return Markup("")
    own = unexplained(record.findings, record.faults)
    counts = {"explained": number(len(record.findings) - len(own)), "rest": number(len(own))}
    return element("p", words(phrase("city_os.faults_reading", **counts)))


def _box(outcome: str, more: Markup) -> Markup:
    title = element("h2", words(phrase(f"verdict.{outcome}_title")))
    role = "alert" if outcome == "bad" else "note"
    return element(
        "aside", title, element("p", words(phrase(f"verdict.{outcome}"))), more, class_=f"verdict {outcome}", role=role
    )


def _fault(record: RunRecord, kind: FindingKind) -> Markup:
    name, why = element("b", words(phrase(f"finding.{kind}"))), words(phrase(f"finding.{kind}_why"))
    of_kind = [one for one in record.findings if one.kind is kind]
    if not of_kind:
        return element("li", name, " ", why, " ", _sums(record) if kind is FindingKind.RECIPIENT else "")
    first = of_kind[0]
    example = phrase(
        "verdict.example",
        at=hours_since_start(first.at_s),
        subject=first.subject,
        operation=first.operation,
        expected=first.expected,
        actual=first.actual,
    )
    cases = phrase("verdict.cases", cases=number(sum(one.cases for one in of_kind)))
    return element(
        "li",
        name,
        " (",
        words(cases),
        ") ",
        why,
        element("small", words(example)),
    )


def _sums(record: RunRecord) -> Markup:
    missed = number(sum(one.missed for one in record.notifications))
    extra = number(sum(one.extra for one in record.notifications))
    return words(phrase("verdict.recipients", missed=missed, extra=extra))


def city_os_section(material: Material) -> Markup:
    """The figures and tables of the section."""
    if not material.record.header.connected:
        return joined((element("p", words(phrase("city_os.empty")), class_="remark"), met_tables(material)))
    is_searched = material.record.header.is_searched
    remark = Markup("") if is_searched else element("p", words(phrase("city_os.ideal")), class_="remark")
    parts = (headcount_figure, faults_table, met_tables, findings_table, notifications_table, calls_table)
    return joined((remark, *(part(material) for part in parts)))


def headcount_figure(material: Material) -> Markup:
    """All headcounts that were answered, said and true."""
    record = material.record
    answered = record.steps.headcount_said != NO_ANSWER
    if not answered.any():
        return element("p", words(phrase("city_os.unanswered")), class_="remark")
    said = np.where(answered, record.steps.headcount_said, 0).sum(axis=1).astype(np.float64)
    true = np.where(answered, record.steps.headcount_true, 0).sum(axis=1).astype(np.float64)
    area = frame(record.scenario.duration_s, max(float(said.max()), float(true.max())), height=260)
    title = phrase("city_os.title")
    chart = drawing(
        area,
        y_axis(area, phrase("arrival.people")),
        time_axis(area, record.scenario.start, phrase("page.clock")),
        line(area, record.steps.time_s, true, "c-true"),
        line(area, record.steps.time_s, said, "c-said"),
        label=title,
    )
    keys = [Key("bar c-true", phrase("city_os.true")), Key("bar c-said", phrase("city_os.said"))]
    return figure(title, chart, phrase("city_os.reading", error=material.shown("headcount_error_max")), keys)


def faults_table(material: Material) -> Markup:
    """Faults that were put in front of the city OS, and how many findings can follow from them."""
    record = material.record
    if not record.faults:
        return Markup("")
    rows: list[list[Cell]] = []
    for one in record.faults:
        kind = Text(say(Language.JA, f"fault_kind.{one.kind}"), say(Language.EN, f"fault_kind.{one.kind}"))
        until = "–" if isinf(one.until_s) else hours_since_start(one.until_s)
        where = ", ".join((*one.operations, *one.districts)) or "*"
        times = [hours_since_start(one.from_s), until]
        rows.append([element("code", one.name), kind, where, *times, number(one.concerned), number(one.hit)])
    return joined(
        (
            element("h3", words(phrase("city_os.faults"))),
            _put_in(record),
            table(columns("fault kind applies begins ends concerned hit"), rows, numbers_from=3),
        )
    )


def findings_table(material: Material) -> Markup:
    """What was found, in order of time, a few of each kind."""
    findings = material.record.findings
    title = element("h3", words(phrase("city_os.findings")))
    if not findings:
        return joined((title, element("p", words(phrase("city_os.findings_none")), class_="remark")))
    shown = _some_of_each(findings)
    rows = [_finding_row(one) for one in shown]
    rest = len(findings) - len(shown)
    more = element("p", words(phrase("city_os.findings_more", more=number(rest))), class_="remark")
    whole = table(columns("at kind subject expected actual operation cases"), rows, numbers_from=6)
    return joined((title, whole, more if rest else Markup("")))


def _some_of_each(findings: tuple[Finding, ...]) -> list[Finding]:
    most = SHOWN_FINDINGS // len({one.kind for one in findings})
    seen: Counter[FindingKind] = Counter()
    shown = []
    for one in sorted(findings, key=lambda finding: finding.at_s):
        seen[one.kind] += 1
        if seen[one.kind] <= most:
            shown.append(one)
    return shown


def _finding_row(finding: Finding) -> list[Cell]:
    said = [finding.expected, finding.actual, element("code", finding.operation)]
    kind = phrase(f"finding.{finding.kind}")
    return [hours_since_start(finding.at_s), kind, finding.subject, *said, number(finding.cases)]


def notifications_table(material: Material) -> Markup:
    """Recipients of each message: meant, reached, missed, astray."""
    title = element("h3", words(phrase("city_os.notifications")))
    if not material.record.notifications:
        return joined((title, element("p", words(phrase("city_os.notifications_none")), class_="remark")))
    rows: list[list[Cell]] = []
    for one in material.record.notifications:
        counts = [number(one.should), number(one.reached), _alarm(one.missed), _alarm(one.extra)]
        rows.append([hours_since_start(one.at_s), one.title, *counts])
    return joined((title, table(columns("at message should reached missed extra"), rows, numbers_from=2)))


def calls_table(material: Material) -> Markup:
    """Calls and errors of each operation."""
    title = element("h3", words(phrase("city_os.calls")))
    if not material.record.calls:
        return joined((title, element("p", words(phrase("city_os.calls_none")), class_="remark")))
    rows: list[list[Cell]] = []
    for one in sorted(material.record.calls, key=lambda calls: calls.operation):
        share = percent(one.errors / one.calls if one.calls else None)
        rows.append([element("code", one.operation), number(one.calls), _alarm(one.errors), share])
    return joined((title, table(columns("operation calls errors error_share"), rows, numbers_from=1)))


def _alarm(count: int) -> Cell:
    return element("b", words(number(count)), class_="alarm") if count else number(0)
