"""The contract as one folder: what machines read, tables for spreadsheets, and the page."""

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import msgspec
import yaml

from conformance.contract.catalogue import load_detail_schema, load_roles
from conformance.contract.operations import load_document, load_operations
from conformance.contract.profiles import load_profiles
from conformance.contract.requirements import clause_link, load_requirements, load_sources
from conformance.contract.rules import load_rules
from conformance.publication.check_pages import check_pages
from conformance.publication.page import contract_page

DATA = ("consent.toml", "events.toml", "roles.toml", "profiles.toml", "rules.toml")
"""Data files that are published as they are: their comments say where each thing comes from."""

FOLDERS = ("consent", "fhir", "requirements")
"""Folders of data that are published as they are, but for the programs in them."""

UTF8_MARK = "\ufeff"
"""Spreadsheets read CSV as UTF-8 only with it. Source: Microsoft, Opening CSV UTF-8 files in Excel."""


def write_contract(folder: Path) -> list[Path]:
    """Write everything into an empty folder; the files written, the page ``index.html`` first.

    ``manifest.json`` holds the SHA-256 of each other file.
    """
    contents = {**_texts(), **dict(_copies())}
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(contents.items())}
    contents["manifest.json"] = _json({"contract_version": load_document()["info"]["version"], "sha256": hashes})
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return [folder / name for name in contents]


def _texts() -> dict[str, bytes]:
    document = load_document()
    return {
        "index.html": contract_page().encode(),
        **{f"checks/{name}": page.encode() for name, page in check_pages()},
        "openapi.json": _json(document),
        "openapi.yaml": yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=120).encode(),
        "operations.csv": _csv(_OPERATION_COLUMNS, _operation_rows()),
        "requirements.json": _json(requirement_rows()),
        "requirements.csv": _csv(_REQUIREMENT_COLUMNS, _requirement_rows()),
        "names.csv": _csv(("schema", "member", "en", "ja", "maps_to"), name_rows(document)),
        "catalogue.json": _json(_catalogue()),
    }


def _copies() -> Iterator[tuple[str, bytes]]:
    root = files("conformance.contract")
    for name in DATA:
        yield f"data/{name}", root.joinpath(name).read_bytes()
    for name in FOLDERS:
        yield from _tree(root.joinpath(name), f"data/{name}")


def _tree(folder: Traversable, place: str) -> Iterator[tuple[str, bytes]]:
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        if entry.is_dir():
            yield from _tree(entry, f"{place}/{entry.name}")
        elif not entry.name.endswith((".py", ".pyc")):
            yield f"{place}/{entry.name}", entry.read_bytes()


def _catalogue() -> dict[str, object]:
    return {
        "profiles": msgspec.to_builtins(load_profiles()),
        "rules": msgspec.to_builtins(load_rules()),
        "roles": {name: {"recipient": role.recipient, "scopes": role.scopes} for name, role in load_roles().items()},
        "authorization_detail": load_detail_schema(),
    }


_OPERATION_COLUMNS = ("operation_id", "profile", "method", "path", "ja", "en", "scopes", "purpose", "class", "problems")


def _operation_rows() -> Iterator[tuple[object, ...]]:
    for one in load_operations():
        ja = load_document()["paths"][one.path][one.method.lower()]["x-ja"]
        scopes, problems = " ".join(one.scopes), " ".join(one.problems)
        yield (
            one.operation_id,
            one.profile,
            one.method,
            one.path,
            ja,
            one.summary,
            scopes,
            one.purpose or "",
            (one.service_class),
            problems,
        )


_REQUIREMENT_COLUMNS = ("id", "level", "profile", "ja", "en", "clause", "link", "condition", "way", "how", "operations")


def _requirement_rows() -> Iterator[tuple[object, ...]]:
    for row in requirement_rows():
        first = row["clauses"][0]
        yield (
            *(row[name] for name in ("id", "level", "profile", "ja", "en")),
            "; ".join(clause["text"] for clause in row["clauses"]),
            first["link"],
            *(row[name] for name in ("condition", "way", "how")),
            " ".join(row["operations"]),
        )


def requirement_rows() -> list[dict[str, Any]]:
    """The requirements as plain data, each clause with its document and link."""
    return [
        {
            "id": one.id,
            "level": one.level,
            "profile": one.profile,
            "ja": one.ja,
            "en": one.en,
            "clauses": [_clause(text) for text in one.clauses],
            "condition": one.condition,
            "way": one.way,
            "how": one.how,
            "operations": list(one.operations),
            "covers": list(one.covers),
        }
        for one in load_requirements()
    ]


def _clause(text: str) -> dict[str, str]:
    link = clause_link(text)
    page = f"index.html{link}" if link.startswith("#") else link
    return {"text": text, "document": load_sources()[text.partition(" ")[0]].title, "link": page}


def name_rows(document: Mapping[str, Any]) -> list[tuple[str, str, str, str, str]]:
    """Members of schemas that have a Japanese name or a place in a national model: the table of names."""
    rows: list[tuple[str, str, str, str, str]] = []
    for schema, body in document["components"]["schemas"].items():
        _collect(schema, body, rows)
    return rows


def _collect(schema: str, value: object, rows: list[tuple[str, str, str, str, str]]) -> None:
    if isinstance(value, list):
        for inner in value:
            _collect(schema, inner, rows)
    if not isinstance(value, dict):
        return
    properties = value.get("properties")
    if isinstance(properties, dict):
        for member, entry in properties.items():
            if isinstance(entry, dict) and ("x-ja" in entry or "x-maps-to" in entry):
                maps_to = "; ".join(entry.get("x-maps-to", ()))
                rows.append((schema, member, entry.get("title", ""), entry.get("x-ja", ""), maps_to))
    for inner in value.values():
        _collect(schema, inner, rows)


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, default=list) + "\n").encode()


def _csv(columns: tuple[str, ...], rows: Iterator[tuple[object, ...]] | list[tuple[str, str, str, str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([_safe(cell) for cell in row] for row in rows)
    return (UTF8_MARK + text.getvalue()).encode()


def _safe(cell: object) -> str:
    """A cell that no spreadsheet takes for a formula. Source: OWASP, CSV Injection."""
    text = str(cell)
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text
