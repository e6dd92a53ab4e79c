"""Posts of dangerous places (危険箇所): posted by citizens, published by a moderator, told without who posted them.

The public sees a mesh cell of about 100 m unless the moderator found that the exact place gives nobody away.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec

from reference_api import disclosure
from reference_api.call import Call, Reply, json_reply, row_id
from reference_api.city.conditional import check_if_match
from reference_api.city.locations import EVERYWHERE, GEOJSON, feature_collection, read_box
from reference_api.city.negotiation import preferred
from reference_api.city.observed import observed_s
from reference_api.city.shapes import Instant, Point, point
from reference_api.clock import instant
from reference_api.errors import ApiError, Fault, invalid
from reference_api.paging import Page, next_page, page_reply, read_window
from reference_api.services import Services

CELLS_PER_DEGREE_LONGITUDE, CELLS_PER_DEGREE_LATITUDE = 800, 1200
"""Cells of 4.5 by 3 seconds, about 100 m. Source: JIS X 0410, 1/10 細分区画 of the 基準地域メッシュ."""
DEFAULT_TTL_S, MAX_TTL_S = 7 * 86_400, 90 * 86_400
"""How long a post stands. Source: none; a place is looked at again within a week or so. Confidence C."""
Kind = Literal[
    "road_flooded", "road_blocked", "landslide", "collapsed_building", "fallen_tree", "snow", "fire", "other"
]
State = Literal["published", "rejected", "hidden"]
MOVES: Mapping[str, frozenset[str]] = {
    "posted": frozenset({"published", "rejected"}),
    "published": frozenset({"hidden"}),
    "hidden": frozenset({"published", "rejected"}),
    "rejected": frozenset({"published"}),
}
"""States that a moderator may move a post to. Source: contract, schema HazardReport."""


class _Photo(msgspec.Struct):
    url: Annotated[str, msgspec.Meta(max_length=1000)]
    sha256: Annotated[str, msgspec.Meta(min_length=64, max_length=64)] | None = None


class _Properties(msgspec.Struct):
    kind: Kind
    observed_at: Instant
    description: Annotated[str, msgspec.Meta(max_length=2000)] = ""
    photo: _Photo | None = None
    ttl_s: Annotated[int, msgspec.Meta(ge=60, le=MAX_TTL_S)] = DEFAULT_TTL_S


class _Feature(msgspec.Struct):
    type: Literal["Feature"]
    geometry: Point
    properties: _Properties


class _Moderation(msgspec.Struct):
    state: State
    reason: Annotated[str, msgspec.Meta(max_length=1000)] = ""
    exact_position: bool = False


_FEATURE = msgspec.json.Decoder(_Feature)
_MODERATION = msgspec.json.Decoder(_Moderation)
_COLUMNS = (
    "id, sub, kind, description, photo, longitude_deg, latitude_deg, exact_longitude_deg, exact_latitude_deg,"
    " observed_at_s, created_at_s, expires_at_s, state, reason, is_exact, updated_at_s, deleted_at_s, version"
)


@dataclass(frozen=True, slots=True)
class _Report:
    """A row of hazard_report."""

    number: int
    sub: str
    kind: str
    description: str
    photo: str | None
    longitude_deg: float
    latitude_deg: float
    exact_longitude_deg: float
    exact_latitude_deg: float
    observed_at_s: float
    created_at_s: float
    expires_at_s: float
    state: str
    reason: str | None
    is_exact: int
    updated_at_s: float
    deleted_at_s: float | None
    version: int

    @property
    def etag(self) -> str:
        """Strong entity tag, as the moderator sees it."""
        return f'"{self.number}-{self.version}"'


def cell_middle(longitude_deg: float, latitude_deg: float) -> tuple[float, float]:
    """The middle of the mesh cell around a position (degrees)."""
    column = min(math.floor(longitude_deg * CELLS_PER_DEGREE_LONGITUDE), 180 * CELLS_PER_DEGREE_LONGITUDE - 1)
    row = min(math.floor(latitude_deg * CELLS_PER_DEGREE_LATITUDE), 90 * CELLS_PER_DEGREE_LATITUDE - 1)
    return (
        round((column + 0.5) / CELLS_PER_DEGREE_LONGITUDE, 6),
        round((row + 0.5) / CELLS_PER_DEGREE_LATITUDE, 6),
    )


async def post_hazard_report(services: Services, call: Call) -> Reply:
    """Post a dangerous place; nobody but the poster and the moderator sees it before it is published."""
    feature = call.read(_FEATURE)
    said = feature.properties
    exact = feature.geometry.degrees("/geometry")
    observed_at_s = observed_s(services, call, said.observed_at, "/properties/observed_at")
    if said.photo is not None and not said.photo.url.startswith("https://"):
        raise ApiError("validation", "a photo is an https address", faults=[Fault("/properties/photo/url", "value")])
    async with services.store.transaction():
        row = await services.store.one(
            "INSERT INTO hazard_report (sub, kind, description, photo, longitude_deg, latitude_deg,"
            " exact_longitude_deg, exact_latitude_deg, observed_at_s, created_at_s, expires_at_s, state, updated_at_s)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'posted', ?)"
            f" RETURNING {_COLUMNS}",
            (
                call.token.subject or "",
                said.kind,
                said.description,
                None if said.photo is None else msgspec.json.encode(said.photo).decode(),
                *cell_middle(*exact),
                *exact,
                observed_at_s,
                call.now_s,
                call.now_s + said.ttl_s,
                call.now_s,
            ),
        )
    report = _Report(*(row or ()))
    headers = {"location": f"/v1/hazard-reports/{report.number}"}
    return json_reply(_feature(report, is_public=False), 201, headers)


async def list_hazard_reports(services: Services, call: Call) -> Reply:
    """Published posts in a box that have not expired."""
    box = read_box(call)
    window = read_window(services, call, call.query().get("bbox", ""))
    rows = await services.store.all(
        f"SELECT {_COLUMNS} FROM hazard_report WHERE state = 'published' AND deleted_at_s IS NULL AND expires_at_s > ?"
        f" AND id > ?{'' if box == EVERYWHERE else box.condition()} ORDER BY id LIMIT ?",
        (call.now_s, window.after or 0, *(() if box == EVERYWHERE else box.parameters()), window.limit + 1),
    )
    kept = rows[: window.limit]
    features = [_feature(_Report(*row), is_public=True) for row in kept]
    page = Page(features, kept[-1][0] if len(rows) > window.limit else None)
    if preferred(call, call.operation.media_types) != GEOJSON:
        return page_reply(services, call, window, page)
    return feature_collection(features, *next_page(services, call, window, page))


async def list_posted_hazard_reports(services: Services, call: Call) -> Reply:
    """Posts in a state for the moderator, or one's own in any state; expired ones included, deleted ones not."""
    state = call.query().get("state", "")
    if state and state not in MOVES:
        raise invalid("state", "value")
    window = read_window(services, call, state)
    own = call.token.subject
    if own is None and "hazards.moderate" not in call.token.scopes:
        raise ApiError("insufficient-scope", "needs hazards.moderate")
    narrowed = (" AND state = ?" if state else "") + (" AND sub = ?" if own is not None else "")
    rows = await services.store.all(
        f"SELECT {_COLUMNS} FROM hazard_report WHERE deleted_at_s IS NULL AND id > ?{narrowed} ORDER BY id LIMIT ?",
        (window.after or 0, *([state] if state else []), *([] if own is None else [own]), window.limit + 1),
    )
    kept = rows[: window.limit]
    features = [_feature(_Report(*row), is_public=False) for row in kept]
    return page_reply(services, call, window, Page(features, kept[-1][0] if len(rows) > window.limit else None))


async def get_hazard_report(services: Services, call: Call) -> Reply:
    """One post: exact for its poster and the moderator; for other citizens, once published, as the public sees it."""
    report = await _found(services, call)
    insider = _is_insider(call, report)
    if not insider and (report.state != "published" or report.expires_at_s <= call.now_s):
        raise ApiError("not-found")
    headers = {"etag": report.etag} if insider else {}
    return json_reply(_feature(report, is_public=not insider), headers=headers)


async def moderate_hazard_report(services: Services, call: Call) -> Reply:
    """Publish, reject or hide a post."""
    wanted = call.read(_MODERATION)
    async with services.store.transaction():
        report = await _found(services, call)
        check_if_match(call, report.etag, required=True)
        if wanted.state not in MOVES[report.state]:
            raise ApiError("conflict", f"a post that is {report.state} cannot become {wanted.state}")
        exact = (report.exact_longitude_deg, report.exact_latitude_deg)
        row = await services.store.one(
            "UPDATE hazard_report SET state = ?, reason = ?, is_exact = ?, longitude_deg = ?, latitude_deg = ?,"
            f" updated_at_s = ?, version = version + 1 WHERE id = ? RETURNING {_COLUMNS}",
            (
                wanted.state,
                wanted.reason,
                int(wanted.exact_position),
                *(exact if wanted.exact_position else cell_middle(*exact)),
                call.now_s,
                report.number,
            ),
        )
    changed = _Report(*(row or ()))
    return json_reply(_feature(changed, is_public=False), headers={"etag": changed.etag})


async def delete_hazard_report(services: Services, call: Call) -> Reply:
    """Take one's own post back; what it said is erased."""
    async with services.store.transaction():
        report = await _found(services, call)
        if report.sub != call.token.subject:
            raise ApiError("not-found")
        await services.store.run(
            "UPDATE hazard_report SET description = '', photo = NULL, longitude_deg = 0, latitude_deg = 0,"
            " exact_longitude_deg = 0, exact_latitude_deg = 0, deleted_at_s = ?,"
            " updated_at_s = ?, version = version + 1 WHERE id = ?",
            (call.now_s, call.now_s, report.number),
        )
    return Reply(status=204)


async def _found(services: Services, call: Call) -> _Report:
    """The post.

    Raises:
        ApiError: not-found, or gone where it was deleted and the asker may have seen it.
    """
    row = await services.store.one(
        f"SELECT {_COLUMNS} FROM hazard_report WHERE id = ?", (row_id(call.parameters["hazard_report_id"]),)
    )
    if row is None:
        raise ApiError("not-found")
    report = _Report(*row)
    if report.deleted_at_s is not None:
        raise ApiError("gone" if _is_insider(call, report) or report.state == "published" else "not-found")
    return report


def _is_insider(call: Call, report: _Report) -> bool:
    if call.token.subject is None:
        return "hazards.moderate" in call.token.scopes
    return disclosure.speaks_for_person(call.token) and call.token.subject == report.sub


def _feature(report: _Report, *, is_public: bool) -> dict[str, object]:
    """The post as a GeoJSON Feature; the public is told neither the exact time nor, as a rule, the exact place."""
    shown = (report.longitude_deg, report.latitude_deg)
    exact = (report.exact_longitude_deg, report.exact_latitude_deg)
    properties: dict[str, Any] = {
        "kind": report.kind,
        "description": report.description,
        "state": report.state,
        "observed_at": instant(report.observed_at_s // 3600 * 3600 if is_public else report.observed_at_s),
        "expires_at": instant(report.expires_at_s // 3600 * 3600 if is_public else report.expires_at_s),
        "position": "exact" if report.is_exact or not is_public else "cell",
        "photo": None if report.photo is None else msgspec.Raw(report.photo.encode()),
    }
    if not is_public:
        properties["reason"] = report.reason
    return {
        "type": "Feature",
        "id": str(report.number),
        "geometry": point(*(shown if is_public else exact)),
        "properties": properties,
    }
