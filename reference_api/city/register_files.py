"""Files of the register (名簿) as they come from LGWAN: a JWS over CSV or JSON, read whole with all its faults."""

import csv
import io
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from reference_api.call import Call
from reference_api.errors import ApiError, Fault

ALGORITHMS = ("ES256", "PS256", "RS256", "EdDSA")
"""Signatures taken. Source: RFC 8725 section 3.1, no alg none and no shared keys; FAPI 2.0 5.4.1."""
COMPACT, FLATTENED = "application/jose", "application/jose+json"
"""Source: RFC 7515 section 9.2."""
CHARSETS: Mapping[str, str] = {"utf-8": "utf-8-sig", "shift_jis": "cp932", "windows-31j": "cp932"}
"""How the charset that a file names is decoded: with a BOM or without, and Shift_JIS as Windows writes it."""
MAX_FILE_BYTES = 8 << 20
"""Source: contract, x-max-body-bytes of the operation."""
MAX_FAULTS = 1000
"""Faults told at once. Source: none; a bound, more than anybody corrects by hand. Confidence C."""


class _Signatures(JWSRegistry):
    """Signatures over files as long as the operation takes."""

    max_payload_length = MAX_FILE_BYTES


class Column(msgspec.Struct, frozen=True):
    """A column of the file; ``codes`` are the values it may have and what they are kept as."""

    ja: str
    required: bool = False
    max_length: int = 200
    kind: str = "text"
    codes: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class SignedFile:
    """What was signed: the bytes, their media type with its charset, and by which key."""

    kid: str
    media_type: str
    charset: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the file, the first line of the entry where it has several; ``values`` by the columns' names."""

    line: int
    values: Mapping[str, str]


@cache
def columns() -> Mapping[str, Column]:
    """Read ``register_columns.toml``."""
    text = files("reference_api").joinpath("data", "register_columns.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, Column])


def signed_file(call: Call, jwks: str | None) -> SignedFile:
    """The file, if one of the client's registered keys signed it.

    Raises:
        ApiError: unsupported-media-type, or validation where the signature or its header is not as it should be.
    """
    media_type = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in (COMPACT, FLATTENED):
        raise ApiError("unsupported-media-type", f"send {COMPACT} or {FLATTENED}", headers={"accept": COMPACT})
    try:
        keys = KeySet.import_key_set(msgspec.json.decode(jwks or '{"keys": []}'))
        if media_type == COMPACT:
            compact = jws.deserialize_compact(call.body.strip(), keys, registry=_registry())
            header, payload = compact.protected, compact.payload
        else:
            flattened = jws.deserialize_json(msgspec.json.decode(call.body), keys, registry=_registry())
            header, payload = flattened.members[0].protected or {}, flattened.payload
    except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as fault:
        raise ApiError("validation", "not signed by a key of this client", faults=[Fault("", "signature")]) from fault
    return _described(header, payload)


def _registry() -> JWSRegistry:
    return _Signatures(algorithms=list(ALGORITHMS))


def _described(header: Mapping[str, Any], payload: bytes) -> SignedFile:
    kid, content_type = header.get("kid"), str(header.get("cty", ""))
    name, _, parameter = content_type.partition(";")
    charset = parameter.strip().lower().removeprefix("charset=").strip('"') or "utf-8"
    faults = [
        Fault(f"/protected/{member}", "value")
        for member, is_good in (
            ("kid", isinstance(kid, str) and bool(kid)),
            ("crit", "crit" not in header),
            ("cty", name.strip().lower() in ("text/csv", "application/json") and charset in CHARSETS),
        )
        if not is_good
    ]
    if faults:
        raise ApiError("validation", "cty is text/csv or application/json, with its charset", faults=faults)
    return SignedFile(str(kid), name.strip().lower(), charset, payload)


def read_entries(file: SignedFile, neighbourhoods: frozenset[str]) -> list[Entry]:
    """All entries of the file.

    Raises:
        ApiError: validation, with every fault and its line.
    """
    try:
        text = file.payload.decode(CHARSETS[file.charset])
    except UnicodeDecodeError as fault:
        raise ApiError("validation", f"not {file.charset}", faults=[Fault("", "charset")]) from fault
    lines = list(_json_lines(text) if file.media_type == "application/json" else _csv_lines(text))
    faults = [fault for line, values in lines for fault in _faults(line, values, neighbourhoods)]
    times = Counter(values.get("id", "") for _, values in lines)
    faults += [
        Fault(f"/lines/{line}/id", "twice") for line, values in lines if values.get("id") and times[values["id"]] > 1
    ]
    if not lines:
        faults.append(Fault("/lines", "empty"))
    if faults:
        raise ApiError(
            "validation", f"{len(faults)} faults in the file", faults=sorted(faults[:MAX_FAULTS], key=_place)
        )
    return [Entry(line, _kept(values)) for line, values in lines]


def _place(fault: Fault) -> tuple[int, str]:
    parts = fault.pointer.split("/")
    return int(parts[2]) if len(parts) > 2 else 0, fault.pointer


def _csv_lines(text: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    reader = csv.reader(io.StringIO(text), strict=True)
    try:
        header = next(reader, [])
        names = _named(header)
        line = reader.line_num + 1
        for row in reader:
            if any(cell.strip() for cell in row):
                yield line, {name: cell.strip() for name, cell in zip(names, row, strict=False) if name is not None}
            line = reader.line_num + 1
    except csv.Error as fault:
        raise ApiError("validation", "not CSV", faults=[Fault(f"/lines/{reader.line_num}", "csv")]) from fault


def _named(header: Sequence[str]) -> list[str | None]:
    """Names of the columns under their Japanese headers; columns that nobody knows are passed over."""
    by_header = {column.ja: name for name, column in columns().items()} | {name: name for name in columns()}
    names = [by_header.get(cell.strip()) for cell in header]
    missing = [name for name, column in columns().items() if column.required and name not in names]
    if missing:
        raise ApiError("validation", faults=[Fault(f"/lines/1/{name}", "column_missing") for name in missing])
    return names


class _Document(msgspec.Struct):
    entries: list[dict[str, str | bool | None]]


def _json_lines(text: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    try:
        document = msgspec.json.decode(text, type=_Document)
    except (msgspec.MsgspecError, RecursionError) as fault:
        raise ApiError("validation", str(fault), faults=[Fault("/entries", "json")]) from fault
    for number, entry in enumerate(document.entries, start=1):
        values = {name: value for name, value in entry.items() if name in columns() and value is not None}
        yield number, {name: _as_text(value) for name, value in values.items()}


def _as_text(value: object) -> str:
    return value.strip() if isinstance(value, str) else "1" if value else "0"


def _faults(line: int, values: Mapping[str, str], neighbourhoods: frozenset[str]) -> Iterator[Fault]:
    for name, column in columns().items():
        code = _fault(column, values.get(name, ""), neighbourhoods)
        if code:
            yield Fault(f"/lines/{line}/{name}", code)


def _fault(column: Column, value: str, neighbourhoods: frozenset[str]) -> str:
    """What is wrong with a value, nothing where it is good."""
    if not value:
        return "required" if column.required else ""
    if len(value) > column.max_length or "\0" in value:
        return "value"
    if column.codes and value not in column.codes:
        return "code"
    if column.kind == "neighbourhood" and value not in neighbourhoods:
        return "unknown_neighbourhood"
    return "format" if column.kind == "date" and not _is_date(value) else ""


def _is_date(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _kept(values: Mapping[str, str]) -> dict[str, str]:
    """The values as they are kept: every column, codes in their own words."""
    return {name: column.codes.get(values.get(name, ""), values.get(name, "")) for name, column in columns().items()}
