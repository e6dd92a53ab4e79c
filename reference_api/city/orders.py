"""Evacuation orders (避難指示等): issued, changed and lifted by the city, read by everybody, as JSON or as CAP 1.2."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import msgspec

from reference_api.call import Call, Reply, instant_s, json_reply, row_id, unix_s
from reference_api.city.cap import CAP_MEDIA_TYPE, Bulletin, cap_status, cap_xml
from reference_api.city.conditional import PUBLIC_CACHE, check_if_match
from reference_api.city.negotiation import preferred
from reference_api.city.shapes import Areas, Instant, districts_of_places, known_places
from reference_api.city.town import Municipality, municipality
from reference_api.city.warning_levels import warning_levels
from reference_api.clock import instant
from reference_api.disaster import GRAVITY, mode_of, modes
from reference_api.errors import ApiError, Fault, invalid
from reference_api.paging import Page, page_reply, read_window
from reference_api.services import Services
from reference_api.store.protocol import Row

Level = Annotated[int, msgspec.Meta(ge=3, le=5)]
Reason = Annotated[str, msgspec.Meta(max_length=2000)]


class _Request(msgspec.Struct):
    level: Level
    areas: Areas
    reason: Reason
    issued_at: Instant


class _Patch(msgspec.Struct):
    changed_at: Instant
    level: Level | None = None
    areas: Areas | None = None
    reason: Reason | None = None


class _Lifting(msgspec.Struct):
    lifted_at: Instant
    reason: Reason


_REQUEST = msgspec.json.Decoder(_Request)
_PATCH = msgspec.json.Decoder(_Patch)
_LIFTING = msgspec.json.Decoder(_Lifting)
_COLUMNS = (
    "id, level, areas, reason, issued_at_s, lifted_at_s, lifting_reason, cap_status, sent_times, version, received_at_s"
)


@dataclass(frozen=True, slots=True)
class _Order:
    """A row of evacuation_order; ``sent_times`` are the Unix seconds of every message sent, the newest last."""

    number: int
    level: int
    areas: tuple[str, ...]
    reason: str
    issued_at_s: float
    lifted_at_s: float | None
    lifting_reason: str | None
    cap_status: str
    sent_times: tuple[float, ...]
    version: int

    @property
    def etag(self) -> str:
        """Strong entity tag of the JSON."""
        return f'"{self.number}-{self.version}"'


async def issue_evacuation_order(services: Services, call: Call) -> Reply:
    """Issue an evacuation order of level 3, 4 or 5."""
    wanted = call.read(_REQUEST)
    areas = await known_places(services, wanted.areas)
    issued_at_s = unix_s(wanted.issued_at, "/issued_at")
    store = services.store
    async with store.transaction():
        status = cap_status(await _gravest_mode(services, areas), services.settings.environment)
        row = await store.one(
            "INSERT INTO evacuation_order (level, areas, reason, issued_at_s, received_at_s, client_id, cap_status,"
            f" sent_times) VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING {_COLUMNS}",
            (
                wanted.level,
                " ".join(areas),
                wanted.reason,
                issued_at_s,
                call.now_s,
                call.token.client_id,
                status,
                repr(issued_at_s),
            ),
        )
    order = _order(row)
    return await _reply(services, order, 201, {"location": f"/v1/evacuation-orders/{order.number}"})


async def get_evacuation_order(services: Services, call: Call) -> Reply:
    """One order, as JSON or as the CAP message that was sent last."""
    order = await _found(services, call)
    if preferred(call, call.operation.media_types) != CAP_MEDIA_TYPE:
        return await _reply(services, order, 200, PUBLIC_CACHE | {"vary": "accept"})
    body = cap_xml(await _bulletin(services, order))
    headers = PUBLIC_CACHE | {"vary": "accept", "etag": order.etag[:-1] + '-cap"'}
    return Reply(body=body, headers=headers, media_type=CAP_MEDIA_TYPE)


async def update_evacuation_order(services: Services, call: Call) -> Reply:
    """Move an order to another level, reason or areas (移行)."""
    patch = call.read(_PATCH)
    if patch.level is None and patch.areas is None and patch.reason is None:
        raise ApiError("validation", "give level, areas or reason", faults=[Fault("", "required")])
    changed_at_s = unix_s(patch.changed_at, "/changed_at")
    areas = None if patch.areas is None else await known_places(services, patch.areas)
    async with services.store.transaction():
        order = await _found(services, call)
        check_if_match(call, order.etag, required=True)
        _refuse_if_lifted(order)
        row = await services.store.one(
            "UPDATE evacuation_order SET level = ?, areas = ?, reason = ?, sent_times = ?, received_at_s = ?,"
            f" version = version + 1 WHERE id = ? RETURNING {_COLUMNS}",
            (
                patch.level or order.level,
                " ".join(areas or order.areas),
                order.reason if patch.reason is None else patch.reason,
                _sent(order, changed_at_s),
                call.now_s,
                order.number,
            ),
        )
    return await _reply(services, _order(row), 200)


async def lift_evacuation_order(services: Services, call: Call) -> Reply:
    """Lift an order (解除); one that is lifted stays so."""
    lifting = call.read(_LIFTING)
    lifted_at_s = unix_s(lifting.lifted_at, "/lifted_at")
    async with services.store.transaction():
        order = await _found(services, call)
        check_if_match(call, order.etag, required=False)
        _refuse_if_lifted(order)
        row = await services.store.one(
            "UPDATE evacuation_order SET lifted_at_s = ?, lifting_reason = ?, sent_times = ?, received_at_s = ?,"
            f" version = version + 1 WHERE id = ? RETURNING {_COLUMNS}",
            (lifted_at_s, lifting.reason, _sent(order, lifted_at_s), call.now_s, order.number),
        )
    return await _reply(services, _order(row), 200)


async def list_evacuation_orders(services: Services, call: Call) -> Reply:
    """Orders issued, oldest first; narrowed to those in force, or to what changed since a time."""
    query = call.query()
    since, status = query.get("updated_since"), query.get("status", "")
    if status not in _BY_STATUS:
        raise invalid("status", "value")
    since_s = 0.0 if since is None else instant_s(since, "updated_since")
    window = read_window(services, call, since or "", status)
    rows = await services.store.all(
        f"SELECT {_COLUMNS} FROM evacuation_order WHERE id > ? AND received_at_s >= ?{_BY_STATUS[status]}"
        " ORDER BY id LIMIT ?",
        (window.after or 0, since_s, window.limit + 1),
    )
    kept = rows[: window.limit]
    where = await municipality(services)
    page = Page([_shape(_order(row), where) for row in kept], kept[-1][0] if len(rows) > window.limit else None)
    return page_reply(services, call, window, page)


_BY_STATUS: Mapping[str, str] = {
    "": "",
    "issued": " AND lifted_at_s IS NULL",
    "lifted": " AND lifted_at_s IS NOT NULL",
}


async def _gravest_mode(services: Services, areas: list[str]) -> str:
    districts, held = await districts_of_places(services), await modes(services)
    return max((mode_of(held, districts[area], area) for area in areas), key=GRAVITY.__getitem__)


async def _found(services: Services, call: Call) -> _Order:
    number = row_id(call.parameters["order_id"])
    return _order(await services.store.one(f"SELECT {_COLUMNS} FROM evacuation_order WHERE id = ?", (number,)))


def _order(row: Row | None) -> _Order:
    if row is None:
        raise ApiError("not-found")
    number, level, areas, reason, issued_at_s, lifted_at_s, lifting_reason, status, sent_times, version, _ = row
    times = tuple(float(text) for text in sent_times.split())
    return _Order(
        number, level, tuple(areas.split()), reason, issued_at_s, lifted_at_s, lifting_reason, status, times, version
    )


def _sent(order: _Order, at_s: float) -> str:
    """Times of all messages with a new one; no message is older than the one before."""
    return " ".join(repr(time_s) for time_s in (*order.sent_times, max(at_s, order.sent_times[-1])))


def _refuse_if_lifted(order: _Order) -> None:
    if order.lifted_at_s is not None:
        raise ApiError("conflict", "the order has been lifted: issue a new one")


async def _bulletin(services: Services, order: _Order) -> Bulletin:
    marks = ", ".join("?" * len(order.areas))
    rows = await services.store.all(
        f"SELECT code, name FROM neighbourhood WHERE code IN ({marks})"
        f" UNION ALL SELECT code, name FROM district WHERE code IN ({marks})",
        (*order.areas, *order.areas),
    )
    where = await municipality(services)
    names: dict[str, str] = dict(rows)
    return Bulletin(
        name=f"{where.code}-evacuation-order-{order.number}",
        sender=services.settings.issuer,
        municipality=where,
        status=order.cap_status,
        level=warning_levels()[str(order.level)],
        number=order.level,
        areas=tuple((code, names[code]) for code in order.areas),
        reason=order.reason if order.lifting_reason is None else order.lifting_reason,
        sent_times=order.sent_times,
        is_lifted=order.lifted_at_s is not None,
    )


async def _reply(services: Services, order: _Order, status: int, headers: Mapping[str, str] | None = None) -> Reply:
    shape = _shape(order, await municipality(services))
    return json_reply(shape, status, {**(headers or {}), "etag": order.etag})


def _shape(order: _Order, where: Municipality) -> dict[str, object]:
    """The nine basic items of the EEI group 避難指示等, and what CAP needs beside them."""
    return {
        "id": str(order.number),
        "reason": order.reason,
        "municipality_code": where.code,
        "prefecture_name": where.prefecture,
        "municipality_name": where.city,
        "kind": warning_levels()[str(order.level)].kind,
        "status": "issued" if order.lifted_at_s is None else "lifted",
        "areas": order.areas,
        "issued_at": instant(order.issued_at_s),
        "updated_at": instant(order.sent_times[-1]),
        "lifted_at": None if order.lifted_at_s is None else instant(order.lifted_at_s),
        "lifting_reason": order.lifting_reason,
        "level": order.level,
        "cap_status": order.cap_status,
    }
