"""Resources drawn from the constraint tables: sound in structure and codes, whatever their invariants say."""

import string
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from conformance.contract.fhir.tables import Element, load_types, load_valuesets

DATES = ("2025", "2026", "2026-06", "2026-06-01", "2026-06-02")
MOMENTS = ("2026-06-01T09:00:00+09:00", "2026-06-01T00:00:00Z", "2026-06-01T00:00:00.500Z", "2026-06-02T00:00:00-05:00")
WORDS = ("#a", "a", "something", "新規", "𠮷野", "1.5 [g]")
URLS = ("http://unitsofmeasure.org", "something", "#a", "http://loinc.org", "urn:x", "http://a/_history/1")
CODES = ("1", "patient-privacy", "treatment", "research", "adr", "C", "mg", "periodic", "named-event", "data-added")

PRIMITIVES: dict[str, st.SearchStrategy[Any]] = {
    "base64Binary": st.sampled_from(("AAAA", "TWE=")),
    "boolean": st.booleans(),
    "canonical": st.sampled_from(URLS),
    "code": st.sampled_from(CODES),
    "date": st.sampled_from(DATES),
    "dateTime": st.sampled_from((*DATES, *MOMENTS)),
    "decimal": st.sampled_from((-1, 0, 1, Decimal("2.50"), 3)),
    "id": st.sampled_from(("a", "b-1")),
    "instant": st.sampled_from(MOMENTS),
    "integer": st.integers(-5, 5),
    "markdown": st.sampled_from(WORDS),
    "oid": st.just("urn:oid:1.2.392"),
    "positiveInt": st.integers(1, 5),
    "string": st.sampled_from(WORDS) | st.text(string.ascii_letters + " 　漢", min_size=1, max_size=5),
    "time": st.sampled_from(("09:00:00", "23:59:59.9")),
    "unsignedInt": st.integers(0, 5),
    "uri": st.sampled_from(URLS),
    "url": st.sampled_from(URLS),
    "uuid": st.just("urn:uuid:3fa85f64-5717-4562-b3fc-2c963f66afa6"),
    "xhtml": st.just('<div xmlns="http://www.w3.org/1999/xhtml">x</div>'),
}


@dataclass(frozen=True, slots=True)
class Taste:
    """What to draw: ``wanted`` elements more often than others, ``literals`` for text, no deeper than ``depth``."""

    wanted: frozenset[str] = frozenset()
    literals: tuple[str, ...] = ()
    depth: int = 2

    def below(self) -> "Taste":
        """The taste one level further down."""
        return replace(self, depth=self.depth - 1)


def elements_of(name: str) -> dict[str, Element]:
    """All elements of a type, with those it inherits."""
    table = load_types().types[name]
    inherited = elements_of(table.base) if table.base else {}
    return {key: row for key, row in {**inherited, **table.elements}.items() if row.max != 0}


@st.composite
def objects(draw: st.DrawFn, name: str, taste: Taste = Taste()) -> dict[str, Any]:
    """An object of a type: what is required, most of what is wanted, little else."""
    resource = load_types().types[name].resource
    value: dict[str, Any] = {"resourceType": name} if resource else {}
    mood = draw(st.sampled_from((1, 6, 8)))
    for title, row in elements_of(name).items():
        is_wanted = title.removesuffix("[x]") in taste.wanted and taste.depth > 0
        chance = mood if is_wanted else 0 if taste.wanted else 1
        if title == "contained" and taste.depth <= 0:
            continue
        if row.min or draw(st.integers(1, 9)) <= chance:
            member, one = draw(_member(title, row, taste))
            value[member] = one
    return value


@st.composite
def _member(draw: st.DrawFn, title: str, row: Element, taste: Taste) -> tuple[str, Any]:
    kind = draw(
        st.sampled_from([kind for kind in row.types if taste.depth > 0 or _is_shallow(kind)] or list(row.types))
    )
    member = title.removesuffix("[x]")
    if member != title:
        stands_for = kind if kind in PRIMITIVES else load_types().types[kind].stands_for or kind
        member += stands_for[0].upper() + stands_for[1:]
    one = values(kind, row, taste.below())
    return member, draw(one if row.max == 1 else st.lists(one, min_size=max(row.min, 1), max_size=2))


def _is_shallow(kind: str) -> bool:
    return kind in PRIMITIVES or kind in ("Reference", "CodeableConcept", "Period", "Quantity")


def values(kind: str, row: Element, taste: Taste) -> st.SearchStrategy[Any]:
    """A value of one of an element's types."""
    if kind in PRIMITIVES:
        return _primitives(kind, row, taste)
    if kind == "Resource":
        return objects("Medication", taste if taste.wanted else replace(taste, depth=0))
    if kind == "Reference":
        target = row.targets[0] if row.targets else "Patient"
        return st.fixed_dictionaries({"reference": st.sampled_from((f"{target}/1", "#a", "urn:x"))})
    return objects(kind, taste)


def _primitives(kind: str, row: Element, taste: Taste) -> st.SearchStrategy[Any]:
    codes = load_valuesets().checked.get(row.binding or "")
    if codes:
        listed = [code for some in codes.values() for code in some]
        return st.sampled_from([code for code in taste.literals if code in listed] or listed) | st.sampled_from(listed)
    if kind in ("code", "uri", "string") and taste.literals:
        return st.sampled_from(taste.literals)
    return PRIMITIVES[kind]
