"""What a value of the scenario file should be, in words."""

from typing import Any

import msgspec
from msgspec import inspect

from scenarios.language import Language, say


def expected(language: Language, hint: object) -> str:
    """Words for the values that a type (of a field of a Struct) admits."""
    return _words(language, inspect.type_info(hint))


def _words(language: Language, kind: inspect.Type) -> str:
    examples: list[str] = []
    if isinstance(kind, inspect.Metadata):
        examples = [str(one) for one in (kind.extra_json_schema or {}).get("examples", ())]
        kind = kind.type
    if isinstance(kind, inspect.UnionType):
        parts = [_words(language, one) for one in kind.types if not isinstance(one, inspect.NoneType)]
        return say(language, "expected.or").join(parts)
    if isinstance(kind, inspect.StrType):
        return _text(language, kind, examples)
    return _named(language, kind) or _row(language, kind) or say(language, _PLAIN.get(type(kind), "expected.anything"))


_PLAIN: dict[type[Any], str] = {
    inspect.BoolType: "expected.bool",
    inspect.DateTimeType: "expected.datetime",
    inspect.StructType: "expected.table",
    inspect.DictType: "expected.table",
}


def _named(language: Language, kind: inspect.Type) -> str:
    if isinstance(kind, inspect.IntType | inspect.FloatType):
        return _number(language, kind)
    if isinstance(kind, inspect.EnumType):
        return say(language, "expected.one_of", names=", ".join(str(one.value) for one in kind.cls))
    if isinstance(kind, inspect.LiteralType):
        return say(language, "expected.one_of", names=", ".join(str(one) for one in kind.values))
    return ""


def _row(language: Language, kind: inspect.Type) -> str:
    if isinstance(kind, inspect.VarTupleType):
        item = _words(language, kind.item_type)
        return say(language, "expected.some" if kind.min_length else "expected.list", item=item)
    if isinstance(kind, inspect.TupleType):
        return say(language, "expected.row", count=len(kind.item_types), item=_words(language, kind.item_types[0]))
    return ""


def _number(language: Language, kind: inspect.IntType | inspect.FloatType) -> str:
    name = say(language, "expected.int" if isinstance(kind, inspect.IntType) else "expected.float")
    if kind.gt is not None:
        return say(language, "expected.above", kind=name, low=f"{kind.gt:g}", high=f"{kind.le:g}")
    if kind.ge is not None:
        high = kind.le if isinstance(kind.le, int) else f"{kind.le:g}"
        return say(language, "expected.range", kind=name, low=f"{kind.ge:g}", high=high)
    return name


def _text(language: Language, kind: inspect.StrType, examples: list[str]) -> str:
    if examples:
        return say(language, "expected.example", examples=", ".join(f'"{one}"' for one in examples))
    return say(language, "expected.text", most=kind.max_length)


def is_valid(value: object, hint: object) -> bool:
    """Whether a type admits a value."""
    try:
        msgspec.convert(value, hint)
    except msgspec.ValidationError:
        return False
    return True
