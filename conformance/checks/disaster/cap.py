"""Evacuation orders as messages of the Common Alerting Protocol 1.2."""

import re
from collections.abc import Mapping, Sequence
from xml.etree.ElementTree import Element, ParseError, fromstring

from conformance.check import check
from conformance.checks.disaster.declaring import declare, free_areas
from conformance.checks.disaster.orders import change, issue, lift, read
from conformance.checks.disaster.reception import done
from conformance.context import Context
from conformance.outcomes import Violation
from conformance.text import Text

NAMESPACE = "{urn:oasis:names:tc:emergency:cap:1.2}"
MEDIA_TYPE = "application/cap+xml"

ALERT = (
    "identifier", "sender", "sent", "status", "msgType", "source", "scope", "restriction", "addresses", "code", "note",
    "references", "incidents", "info",
)  # fmt: skip
INFO = (
    "language", "category", "event", "responseType", "urgency", "severity", "certainty", "audience", "eventCode",
    "effective", "onset", "expires", "senderName", "headline", "description", "instruction", "web", "contact",
    "parameter", "resource", "area",
)  # fmt: skip
AREA = ("areaDesc", "polygon", "circle", "geocode", "altitude", "ceiling")
"""Elements in the order of the schema. Source: CAP 1.2 3.4."""

ONCE: Mapping[str, Sequence[str]] = {
    "alert": ("identifier", "sender", "sent", "status", "msgType", "scope"),
    "info": ("event", "urgency", "severity", "certainty"),
    "area": ("areaDesc",),
}
"""Elements that are there exactly once. Source: CAP 1.2 3.2."""

REPEATED = {"code", "info", "category", "responseType", "eventCode", "parameter", "resource", "area", "polygon",
            "circle", "geocode"}  # fmt: skip
"""Elements that may be there more than once. Source: CAP 1.2 3.4."""

VALUES: Mapping[str, frozenset[str]] = {
    "status": frozenset(("Actual", "Exercise", "System", "Test", "Draft")),
    "msgType": frozenset(("Alert", "Update", "Cancel", "Ack", "Error")),
    "scope": frozenset(("Public", "Restricted", "Private")),
    "category": frozenset(
        ("Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE", "Other")
    ),
    "responseType": frozenset(
        ("Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None")
    ),
    "urgency": frozenset(("Immediate", "Expected", "Future", "Past", "Unknown")),
    "severity": frozenset(("Extreme", "Severe", "Moderate", "Minor", "Unknown")),
    "certainty": frozenset(("Observed", "Likely", "Possible", "Unlikely", "Unknown")),
}
"""Source: CAP 1.2 3.2.1 and 3.2.2."""

TIMES = ("sent", "effective", "onset", "expires")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d")
"""Source: CAP 1.2 3.3.2: the offset is written out, never Z, and no fractions."""

FORM = Text("form of the CAP message", "CAPの形")


def message(ctx: Context, number: str) -> Element:
    """The newest CAP message of an order.

    Raises:
        Violation: There is none, or it is no XML.
    """
    reply = ctx.city.call("getEvacuationOrder", headers={"accept": MEDIA_TYPE}, path={"order_id": number})
    ctx.expect_status(Text("an order asked for as CAP", "CAPでの読み取り"), reply, 200)
    ctx.expect(Text("media type", "メディアタイプ"), expected=MEDIA_TYPE, actual=reply.media_type)
    plain = b"<!DOCTYPE" not in reply.body
    ctx.require(FORM, plain, expected="XML without a document type", actual=reply.text[:200])
    try:
        found: Element = fromstring(reply.body)  # noqa: S314 - without a document type there are no entities
    except ParseError as reason:
        raise Violation(FORM, expected="XML", actual=f"{reason}: {reply.text[:200]}") from reason
    ctx.expect(Text("root element", "ルート要素"), expected=f"{NAMESPACE}alert", actual=found.tag)
    return found


def value(parent: Element, name: str) -> str:
    """Text of an element, empty if there is none."""
    return (parent.findtext(f"{NAMESPACE}{name}") or "").strip()


def faults(alert: Element) -> list[str]:
    """What is wrong with a message by CAP 1.2."""
    found = [*_shape(alert, "alert", ALERT), *_codes(alert), *_head(alert)]
    infos = alert.findall(f"{NAMESPACE}info")
    for info in infos:
        found += _shape(info, "info", INFO)
        found += [] if info.find(f"{NAMESPACE}category") is not None else ["info without category"]
        for area in info.findall(f"{NAMESPACE}area"):
            found += _shape(area, "area", AREA)
            found += [
                "geocode is not valueName and value"
                for one in area.findall(f"{NAMESPACE}geocode")
                if [child.tag for child in one] != [f"{NAMESPACE}valueName", f"{NAMESPACE}value"]
            ]
    return found


def _shape(parent: Element, name: str, order: Sequence[str]) -> list[str]:
    names = [child.tag.removeprefix(NAMESPACE) for child in parent]
    known = [one for one in names if one in order]
    found = [f"{one} in {name} is no element of CAP" for one in names if one not in order]
    if known != sorted(known, key=order.index):
        found.append(f"order of elements in {name}: {known}")
    found += [f"{one} is {names.count(one)} times in {name}" for one in ONCE[name] if names.count(one) != 1]
    extra = {one for one in known if names.count(one) > 1 and one not in REPEATED and one not in ONCE[name]}
    return found + [f"{one} is there more than once in {name}" for one in sorted(extra)]


def _codes(alert: Element) -> list[str]:
    texts = [(one.tag.removeprefix(NAMESPACE), (one.text or "").strip()) for one in alert.iter()]
    wrong = [f"{name} = {text}" for name, text in texts if name in VALUES and text not in VALUES[name]]
    times = [f"{name} = {text}" for name, text in texts if name in TIMES and not TIME.fullmatch(text)]
    return wrong + times


def _head(alert: Element) -> list[str]:
    """Identifier and sender hold neither blanks, commas, < nor & (3.2.1)."""
    names = ("identifier", "sender")
    return [f"{name} = {value(alert, name)!r}" for name in names if not re.fullmatch(r"[^\s,<&]+", value(alert, name))]


def reference(alert: Element) -> str:
    """How later messages refer to this one (3.2.1)."""
    return ",".join(value(alert, name) for name in ("sender", "identifier", "sent"))


@check("DIS-004", alone=True)
def drills_are_exercises(ctx: Context) -> None:
    """Issue an order in a drill and one in a disaster, and read the status of their CAP messages."""
    (area,) = free_areas(ctx)
    everywhere = ctx.target.city_os.get("environment") == "drill"
    for mode in ("drill", "disaster"):
        done(declare(ctx, mode, [area]))
        order = done(issue(ctx, 4, area))
        with ctx.control(FORM):
            status = value(message(ctx, str(order.get("id"))), "status")
        wanted = ("Exercise",) if mode == "drill" or everywhere else ("Actual", "Test")
        what = Text(f"CAP status of an order in mode {mode}", f"{mode} での発令のCAPのstatus")
        ctx.expect_in(what, expected=wanted, actual=status)
        told = read(ctx, str(order.get("id"))).get("cap_status")
        ctx.expect(Text("cap_status and the message's status", "cap_statusとCAPのstatus"), expected=status, actual=told)
        done(declare(ctx, "normal", [area]))


@check("DIS-031")
def messages_keep_the_form(ctx: Context) -> None:
    """Issue, move and lift an order, and hold each CAP message against the standard and the one before."""
    number = str(done(issue(ctx, 3)).get("id"))
    first = _formal(ctx, number, "Alert")
    done(change(ctx, number, level=4), 200)
    second = _formal(ctx, number, "Update", first)
    done(lift(ctx, number), 200)
    third = _formal(ctx, number, "Cancel", first, second)
    names = {value(one, "identifier") for one in (first, second, third)}
    ctx.expect(Text("identifiers of three messages", "三つの電文のidentifierの数"), expected=3, actual=len(names))


def _formal(ctx: Context, number: str, kind: str, *before: Element) -> Element:
    alert = message(ctx, number)
    ctx.expect(FORM, expected=[], actual=faults(alert))
    ctx.expect(Text("msgType", "msgType"), expected=kind, actual=value(alert, "msgType"))
    languages = {value(info, "language").lower().partition("-")[0] for info in alert.findall(f"{NAMESPACE}info")}
    ctx.require(
        Text("info blocks in ja and en", "日本語と英語のinfo"),
        {"ja", "en"} <= languages,
        expected="ja and en",
        actual=sorted(languages),
    )
    if before:
        told = value(alert, "references").split()
        what = Text(f"references of the {kind}, with the message before", f"{kind} が指す前の電文")
        ctx.require(what, reference(before[-1]) in told, expected=reference(before[-1]), actual=told)
    return alert
