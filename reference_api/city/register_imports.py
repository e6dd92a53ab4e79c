"""Imports of the register: a signed file is tried first, what it would change is told, and then it is applied.

Files are brought in by the city's machine between LGWAN and this system; nothing is ever fetched from LGWAN.
"""

import hashlib
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from reference_api.call import Call, Reply, json_reply, row_id
from reference_api.city.conditional import check_if_match
from reference_api.city.register_files import Entry, columns, read_entries, signed_file
from reference_api.clock import instant
from reference_api.errors import ApiError
from reference_api.oidc.clients import read_client
from reference_api.services import Services
from reference_api.store.protocol import Row

_KEPT = tuple(name for name in columns() if name != "sub")
_COLUMNS = "id, file_sha256, kid, state, report, register_sha256, created_at_s, applied_at_s"

Register = Mapping[str, Mapping[str, Any]]
"""Entries by id, each by column, with sub and temp_id."""


async def import_support_register(services: Services, call: Call) -> Reply:
    """Try a signed file: all its faults at once, or what it would change. Nothing changes yet."""
    client = await read_client(services.store, call.token.client_id)
    file = signed_file(call, None if client is None else client.jwks)
    known = frozenset(row[0] for row in await services.store.all("SELECT code FROM neighbourhood"))
    entries = read_entries(file, known)
    digest = hashlib.sha256(file.payload).hexdigest()
    async with services.store.transaction():
        register = await _register(services)
        wanted, unmatched = await _matched(services, entries, register)
        report = _report(register, wanted, {entry.values["id"]: entry.line for entry in entries}, unmatched)
        await services.store.run(
            "UPDATE register_import SET state = 'superseded', rows = '[]' WHERE client_id = ? AND state = 'tried'",
            (call.token.client_id,),
        )
        row = await services.store.one(
            "INSERT INTO register_import (client_id, file_sha256, kid, state, rows, report, register_sha256,"
            f" created_at_s) VALUES (?, ?, ?, 'tried', ?, ?, ?, ?) RETURNING {_COLUMNS}",
            (
                call.token.client_id,
                digest,
                file.kid,
                _text(list(wanted.values())),
                _text(report),
                fingerprint(register),
                call.now_s,
            ),
        )
    return _reply(row or (), 201)


async def get_register_import(services: Services, call: Call) -> Reply:
    """An import, for the client that made it."""
    return _reply(await _import(services, call), 200)


async def apply_register_import(services: Services, call: Call) -> Reply:
    """Apply what was tried, if neither it nor the register has changed; applied again it changes nothing."""
    async with services.store.transaction():
        row = await _import(services, call)
        if row[3] == "applied":
            return _reply(row, 200)
        if row[3] == "superseded":
            raise ApiError("conflict", "a later file was tried: apply that one")
        check_if_match(call, _etag(row), required=True)
        register = await _register(services)
        if fingerprint(register) != row[5]:
            raise ApiError("precondition-failed", "the register has changed since: try the file again")
        kept = await services.store.one("SELECT rows FROM register_import WHERE id = ?", (row[0],))
        await _replace(services, register, msgspec.json.decode(kept[0] if kept else "[]"))
        applied = await services.store.one(
            "UPDATE register_import SET state = 'applied', rows = '[]', applied_at_s = ? WHERE id = ?"
            f" RETURNING {_COLUMNS}",
            (call.now_s, row[0]),
        )
    return _reply(applied or (), 200)


async def _import(services: Services, call: Call) -> Row:
    row = await services.store.one(
        f"SELECT {_COLUMNS} FROM register_import WHERE id = ? AND client_id = ?",
        (row_id(call.parameters["import_id"]), call.token.client_id),
    )
    if row is None:
        raise ApiError("not-found")
    return row


async def _register(services: Services) -> Register:
    names = (*_KEPT, "sub", "temp_id")
    rows = await services.store.all(f"SELECT {', '.join(names)} FROM register_entry ORDER BY id")
    return {row[0]: dict(zip(names, row, strict=True)) for row in rows}


def fingerprint(register: Register) -> str:
    """The same for the same register, whoever brought it about."""
    return hashlib.sha256(msgspec.json.encode([register[key] for key in sorted(register)], order="sorted")).hexdigest()


async def _matched(
    services: Services, entries: Sequence[Entry], register: Register
) -> tuple[Register, Mapping[str, str]]:
    """Entries as they would be kept, and why no account was found for those that go without one.

    An account is the one whose ID the file names, or the only one of that name, birth date and neighbourhood.
    """
    rows = await services.store.all("SELECT sub, name, birth_date, neighbourhood FROM account")
    subs = {row[0] for row in rows}
    alike: dict[tuple[str, str, str], list[str]] = {}
    for sub, name, birth_date, neighbourhood in rows:
        alike.setdefault((name, birth_date, neighbourhood), []).append(sub)
    wanted: dict[str, Mapping[str, Any]] = {}
    unmatched: dict[str, str] = {}
    for entry in entries:
        values = entry.values
        found = alike.get((values["name"], values["birth_date"], values["neighbourhood"]), [])
        candidates = [values["sub"]] if values["sub"] in subs else [] if values["sub"] else found
        if len(candidates) != 1:
            unmatched[values["id"]] = "several" if candidates else "unknown_sub" if values["sub"] else "no_match"
        wanted[values["id"]] = _entry(values, candidates[0] if len(candidates) == 1 else None, register)
    return wanted, unmatched


def _entry(values: Mapping[str, str], sub: str | None, register: Register) -> Mapping[str, Any]:
    before = register.get(values["id"], {})
    kept: dict[str, Any] = {name: values[name] for name in _KEPT}
    temp_id = None if sub is not None else before.get("temp_id") or f"reg-{values['id']}"
    return kept | {
        "peacetime_consent": int(values["peacetime_consent"]),
        "plan_note": values["plan_note"] or None,
        "sub": sub,
        "temp_id": temp_id,
    }


def _report(
    register: Register, wanted: Register, lines: Mapping[str, int], unmatched: Mapping[str, str]
) -> dict[str, Any]:
    """What would change, with names masked: who checks a file need not read who is in it."""
    changed = {
        key: [name for name, value in entry.items() if register[key][name] != value]
        for key, entry in wanted.items()
        if key in register and register[key] != entry
    }
    added = [key for key in wanted if key not in register]
    removed = [key for key in register if key not in wanted]

    def told(key: str, **more: object) -> dict[str, object]:
        entry = wanted.get(key) or register[key]
        line = {"line": lines[key]} if key in lines else {}
        return {"id": key, "name": masked(entry["name"]), **line, **more}

    return {
        "counts": {
            "added": len(added),
            "changed": len(changed),
            "removed": len(removed),
            "unchanged": len(wanted) - len(added) - len(changed),
            "unmatched": len(unmatched),
        },
        "added": [told(key) for key in added],
        "changed": [told(key, fields=sorted(names)) for key, names in changed.items()],
        "removed": [told(key) for key in removed],
        "unmatched": [told(key, cause=cause) for key, cause in unmatched.items()],
    }


def masked(name: str) -> str:
    """The first character with its variation selectors and marks, and circles for the rest: 𠮷〇〇."""
    end = 1
    while end < len(name) and unicodedata.category(name[end]) in ("Mn", "Mc", "Me"):
        end += 1
    return name[:end] + "〇〇"


async def _replace(services: Services, register: Register, wanted: Sequence[Mapping[str, Any]]) -> None:
    names = (*_KEPT, "sub", "temp_id")
    store = services.store
    keys = {entry["id"] for entry in wanted}
    gone = [(key,) for key in register if key not in keys]
    new = [entry for entry in wanted if register.get(entry["id"]) != entry]
    await store.many("DELETE FROM register_entry WHERE id = ?", [*gone, *((entry["id"],) for entry in new)])
    await store.many(
        f"INSERT INTO register_entry ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",
        [tuple(entry[name] for name in names) for entry in new],
    )


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _etag(row: Row) -> str:
    return f'"{row[0]}-{row[3]}-{row[5][:16]}"'


def _reply(row: Row, status: int) -> Reply:
    number, file_sha256, kid, state, report, _, created_at_s, applied_at_s = row
    shape = {
        "id": str(number),
        "state": state,
        "file_sha256": file_sha256,
        "kid": kid,
        "created_at": instant(created_at_s),
        "applied_at": None if applied_at_s is None else instant(applied_at_s),
        "report": msgspec.Raw(report.encode()),
    }
    headers = {"etag": _etag(row), "cache-control": "no-store"}
    if status == 201:
        headers["location"] = f"/v1/support-registers/imports/{number}"
    return json_reply(shape, status, headers)
