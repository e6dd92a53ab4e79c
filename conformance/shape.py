"""Shape: holds what a TOML file says against the form of its tables, and tells every fault with its place."""

import datetime as dt
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from conformance.errors import PlanFault
from conformance.text import Text
from conformance.toml_lines import LineIndex, Path

Form = type[msgspec.Struct]


@dataclass(frozen=True)
class Source:
    """A file as it was read: its name as the user gave it, and the lines of its keys."""

    name: str
    lines: LineIndex

    def fault(self, path: Path, text: Text) -> PlanFault:
        """A fault at a key."""
        return PlanFault(f"{self.name}:{self.lines.line_of(path)}", text)


def faults_of(form: Form, value: object, source: Source, path: Path = ()) -> Iterator[PlanFault]:
    """Every fault of a table: keys that it does not know, keys that it lacks, values of another kind."""
    if not isinstance(value, Mapping):
        yield source.fault(path, _wrong(path, value, Text("a table", "表")))
        return
    hints = get_type_hints(form)
    for key in value:
        if key not in hints:
            yield source.fault((*path, key), unknown_key(key, tuple(hints), path))
    for field in msgspec.structs.fields(form):
        here = (*path, field.name)
        if field.name in value:
            yield from _value_faults(hints[field.name], value[field.name], source, here)
        elif field.required:
            yield source.fault(path, _missing(here, hints[field.name]))


def _value_faults(kind: Any, value: object, source: Source, path: Path) -> Iterator[PlanFault]:
    inner = form_in(kind)
    if inner is None:
        if not _fits(kind, value):
            yield source.fault(path, _wrong(path, value, _expected(kind)))
    elif get_origin(kind) is tuple and isinstance(value, Sequence) and not isinstance(value, str):
        for number, row in enumerate(value):
            yield from faults_of(inner, row, source, (*path, number))
    elif _is_mapping(kind) and isinstance(value, Mapping):
        for name, row in value.items():
            yield from faults_of(inner, row, source, (*path, name))
    elif get_origin(kind) is tuple or _is_mapping(kind):
        yield source.fault(path, _wrong(path, value, _expected(kind)))
    else:
        yield from faults_of(inner, value, source, path)


def form_in(kind: Any) -> Form | None:
    """The form of the tables in a value of some kind; None where it is no table."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return kind
    return next((found for part in get_args(kind) if (found := form_in(part)) is not None), None)


def _fits(kind: Any, value: object) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


def _is_mapping(kind: Any) -> bool:
    return isinstance(get_origin(kind), type) and issubclass(get_origin(kind), Mapping)


_KINDS: Mapping[Any, Text] = {
    str: Text("a text in quotes", "引用符で囲んだ文字列"),
    bool: Text("true or false", "trueまたはfalse"),
    float: Text("a number", "数値"),
    int: Text("a whole number", "整数"),
    dt.date: Text("a date such as 2027-03-31", "2027-03-31のような日付"),
}


def _expected(kind: Any) -> Text:
    """What a value of some kind looks like."""
    if kind in _KINDS:
        return _KINDS[kind]
    if get_origin(kind) is Literal:
        names = ", ".join(map(str, get_args(kind)))
        return Text(f"one of {names}", f"{names} のいずれか")
    if get_origin(kind) in (Union, types.UnionType):
        return _expected(get_args(kind)[0])
    if get_origin(kind) is tuple:
        each = _expected(get_args(kind)[0])
        return Text(f"a list in brackets, each {each.en}", f"角括弧で囲んだ並び(それぞれ{each.ja})")
    return Text("a table", "表")


def dotted(path: Path) -> str:
    """A path as users write it."""
    return ".".join(str(part) for part in path)


def unknown_key(key: str, known: Sequence[str], path: Path = ()) -> Text:
    """Words for a key that is not known, with the nearest that is."""
    name, hint = dotted((*path, key)), near(key, known)
    return Text(f"unknown key {name}. {hint.en}", f"知らないキー {name}。{hint.ja}")


def near(name: str, known: Sequence[str]) -> Text:
    """Words that lead from an unknown name to a known one."""
    found = nearest(name, known)
    if found:
        return Text(f"Did you mean {found}?", f"{found} のことか。")
    told = ", ".join(known)
    return Text(f"Known: {told}.", f"使えるもの: {told}。")


def nearest(name: str, known: Sequence[str]) -> str:
    """The known name most like a name; empty if none is."""
    folded = {one.casefold(): one for one in known}
    found = get_close_matches(name.casefold(), list(folded), n=1)
    return folded[found[0]] if found else ""


def _wrong(path: Path, value: object, expected: Text) -> Text:
    name, told = dotted(path) or "the file", repr(value)[:80]
    return Text(
        f"{name} is {told}, which cannot be. Give {expected.en}.",
        f"{name} が {told} となっている。{expected.ja}を書く。",
    )


def _missing(path: Path, kind: Any) -> Text:
    name, expected = dotted(path), _expected(kind)
    return Text(f"{name} is missing. Add it: {expected.en}.", f"{name} がない。加える({expected.ja})。")
