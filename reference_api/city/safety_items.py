"""What an audience is shown of a safety report: the items of its ring (安否情報省令 form 1), and nothing else."""

from collections.abc import Mapping
from typing import Any

import msgspec

from conformance.contract.catalogue import load_rings
from reference_api import disclosure
from reference_api.city.people import BASIC_COLUMNS, TOLD_COLUMNS, named
from reference_api.city.shapes import point
from reference_api.clock import instant
from reference_api.consent import Decision
from reference_api.store.protocol import Row

REPORT_COLUMNS = ("condition", "whereabouts", "contact", "nationality", "other_identifier")
"""Columns of safety_report that the form has as items of the same name."""

_STATED = (
    "person",
    "status",
    "observed_at_s",
    "method",
    "longitude_deg",
    "latitude_deg",
    "recorded_for",
    "sub",
    "temp_id",
    "share_with",
    *REPORT_COLUMNS,
)
SELECT = (
    "SELECT safety_holding.person, safety_holding.district, safety_holding.neighbourhood, "
    + ", ".join(f"safety_report.{name}" for name in _STATED[1:])
    + ", "
    + ", ".join(f"account.{name}" for name in BASIC_COLUMNS)
    + ", "
    + ", ".join(f"unregistered.{name}" for name in TOLD_COLUMNS)
    + " FROM safety_holding JOIN safety_report ON safety_report.id = safety_holding.report_id"
    " LEFT JOIN account ON account.sub = safety_report.sub"
    " LEFT JOIN unregistered ON unregistered.temp_id = safety_report.temp_id"
    " AND unregistered.told_to = safety_report.recorded_for"
    " WHERE safety_holding.person > ?"
)
"""The report that holds for each person with what is known of the person; the first column is the key."""

INJURED = ("injured", "needs_help")
"""Statuses of whoever is injured, or may be: item 8 of the form asks for no more than yes or no."""

_REFUSED = Decision(permit=False, basis="none", reason="recipient")


class Holding(msgspec.Struct, frozen=True):
    """A row of ``SELECT``. ``share_with`` are the audiences that the person chose, None where nothing was chosen."""

    key: str
    district: str | None
    neighbourhood: str | None
    report: Mapping[str, Any]
    person: Mapping[str, object]
    share_with: frozenset[str] | None

    @property
    def sub(self) -> str | None:
        """Local ID of the person, None for people without an account."""
        sub: str | None = self.report["sub"]
        return sub


def holding(row: Row) -> Holding:
    """What a row of ``SELECT`` says."""
    report = dict(zip(_STATED, (row[0], *row[3 : 2 + len(_STATED)]), strict=True))
    known = row[2 + len(_STATED) :]
    places = len(BASIC_COLUMNS)
    told = report["sub"] is None
    person = named(TOLD_COLUMNS, known[places:]) if told else named(BASIC_COLUMNS, known[:places])
    choice = report["share_with"]
    return Holding(row[0], row[1], row[2], report, person, None if choice is None else frozenset(choice.split()))


def chosen(one: Holding, audience: str, decisions: disclosure.Decisions) -> disclosure.Decisions:
    """The decisions as the person's own choice for this report narrows or opens them.

    Whoever says with whom a report is shared refuses it to all others but the municipality, and agrees for those named.
    """
    if one.share_with is None or audience == "municipality":
        return decisions
    if audience not in one.share_with:
        return dict.fromkeys(decisions, _REFUSED)
    return {**decisions, "safety": _agreed(audience)}


def _agreed(audience: str) -> Decision:
    ring = next((ring for ring in load_rings() if audience in ring.recipients), None)
    if ring is None:
        return Decision(permit=True, basis="consent")
    return Decision(permit=True, basis="consent", ring=ring.number, items=ring.items)


def shown(one: Holding, decisions: disclosure.Decisions, subject: str | None) -> dict[str, object]:
    """What an asker sees; ``subject`` is by which identifier the asker knows the person, None where by none.

    Rings 2 and 3 see the form's items, and of which hour they are. Kin, associations and the municipality also see whom
    it is about and how it was told, with the basic items and the position where these are permitted by themselves.
    """
    safety = decisions["safety"]
    allowed = safety.items if safety.ring else ("injured", *REPORT_COLUMNS)
    person = {name: value for name, value in one.person.items() if name in allowed}
    seen: dict[str, object] = {name: one.report[name] for name in REPORT_COLUMNS if name in allowed}
    seen = {name: value for name, value in seen.items() if value is not None}
    seen["observed_at"] = instant(one.report["observed_at_s"])
    if "injured" in allowed:
        seen["injured"] = one.report["status"] in INJURED
    if safety.ring <= 1:
        seen |= {"status": one.report["status"], "method": one.report["method"]}
        identity = {"sub": subject} if one.sub is not None else {"temp_id": one.report["temp_id"]}
        person = identity | (dict(one.person) if decisions["profile.basic"].permit else person)
        if one.report["longitude_deg"] is not None and decisions["location"].permit:
            seen["position"] = point(one.report["longitude_deg"], one.report["latitude_deg"])
    return {**seen, "person": person, "disclosure": disclosure.entries(decisions)}
