"""Evacuation orders as messages of the Common Alerting Protocol 1.2 (urn:oasis:names:tc:emergency:cap:1.2)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from xml.etree.ElementTree import Element, SubElement, tostring

from reference_api.city.town import Municipality
from reference_api.city.warning_levels import WarningLevel
from reference_api.clock import JST

CAP_MEDIA_TYPE = "application/cap+xml"
CAP_NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
LANGUAGES = ("ja", "en")

_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML document can hold. Source: XML 1.0 section 2.2, Char."""

_LIFTED = {"ja": "解除", "en": "lifted"}
_EXERCISE = {"ja": "訓練", "en": "Exercise"}


@dataclass(frozen=True, slots=True)
class Bulletin:
    """What is told of an order.

    ``name`` is what the identifiers of its messages begin with; ``areas`` are code and name; ``sent_times`` are the
    times of all messages (Unix seconds), the last one being this.
    """

    name: str
    sender: str
    municipality: Municipality
    status: str
    level: WarningLevel
    number: int
    areas: tuple[tuple[str, str], ...]
    reason: str
    sent_times: tuple[float, ...]
    is_lifted: bool


def cap_status(mode: str, environment: str) -> str:
    """CAP status of an order issued under a mode, by a server of an environment (production, drill, test).

    A drill is an Exercise wherever it is held, and a test server never says Actual. Source: CAP 1.2 section 3.2.1.
    """
    if mode == "drill" or environment == "drill":
        return "Exercise"
    return "Test" if environment == "test" else "Actual"


def cap_xml(bulletin: Bulletin) -> bytes:
    """The newest message of an order: Alert at first, Update when it was changed, Cancel when it was lifted."""
    alert = Element("alert", {"xmlns": CAP_NAMESPACE})
    earlier = list(enumerate(bulletin.sent_times[:-1], start=1))
    _add(alert, "identifier", f"{bulletin.name}-{len(bulletin.sent_times)}")
    _add(alert, "sender", bulletin.sender)
    _add(alert, "sent", _cap_time(bulletin.sent_times[-1]))
    _add(alert, "status", bulletin.status)
    _add(alert, "msgType", "Cancel" if bulletin.is_lifted else "Update" if earlier else "Alert")
    _add(alert, "scope", "Public")
    if bulletin.status == "Exercise":
        _add(alert, "note", " / ".join(_EXERCISE.values()))
    if earlier:
        references = (f"{bulletin.sender},{bulletin.name}-{number},{_cap_time(at_s)}" for number, at_s in earlier)
        _add(alert, "references", " ".join(references))
    for language in LANGUAGES:
        _add_info(alert, bulletin, language)
    body: bytes = tostring(alert, encoding="utf-8", xml_declaration=True)
    return body


def _add_info(alert: Element, bulletin: Bulletin, language: str) -> None:
    info = SubElement(alert, "info")
    for name, text in _info(bulletin, language):
        _add(info, name, text)
    area = SubElement(info, "area")
    _add(area, "areaDesc", ", ".join(name for _, name in bulletin.areas))
    _add_geocode(area, "LOCAL-GOVERNMENT-CODE", bulletin.municipality.code)
    for code, _ in bulletin.areas:
        _add_geocode(area, "AREA-CODE", code)


def _info(bulletin: Bulletin, language: str) -> Iterator[tuple[str, str]]:
    """Elements of an info block in the order that the schema demands."""
    level = bulletin.level
    event = level.ja if language == "ja" else level.en
    yield "language", language
    yield "category", "Safety"
    yield "event", event
    yield "responseType", "AllClear" if bulletin.is_lifted else level.response
    yield "urgency", "Past" if bulletin.is_lifted else level.urgency
    yield "severity", level.severity
    yield "certainty", level.certainty
    yield "effective", _cap_time(bulletin.sent_times[-1])
    yield "senderName", bulletin.municipality.prefecture + bulletin.municipality.city or bulletin.municipality.code
    yield "headline", _headline(bulletin, event, language)
    yield "description", bulletin.reason
    if not bulletin.is_lifted:
        yield "instruction", level.instruction[language]


def _headline(bulletin: Bulletin, event: str, language: str) -> str:
    level = f"警戒レベル{bulletin.number}" if language == "ja" else f"Warning level {bulletin.number}"
    parts = [f"[{_EXERCISE[language]}]"] if bulletin.status == "Exercise" else []
    return " ".join([*parts, level, event, *([_LIFTED[language]] if bulletin.is_lifted else [])])


def _add_geocode(area: Element, name: str, value: str) -> None:
    geocode = SubElement(area, "geocode")
    _add(geocode, "valueName", name)
    _add(geocode, "value", value)


def _add(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = _NO_XML.sub("\ufffd", text)


def _cap_time(unix_s: float) -> str:
    """To the second, with the offset written out. Source: CAP 1.2 section 3.3.2."""
    return datetime.fromtimestamp(int(unix_s), JST).isoformat(timespec="seconds")
