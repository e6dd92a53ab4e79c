"""What was derived from survey responses (分析情報, for example a mood): apart from them, by a consent of its own."""

from typing import Annotated

import msgspec

from reference_api.call import Call, Reply, json_reply, unix_s
from reference_api.city.conditional import check_if_match
from reference_api.city.shapes import Instant
from reference_api.city.survey_responses import judge, visible_response
from reference_api.clock import instant
from reference_api.errors import ApiError
from reference_api.notices import notice_uri
from reference_api.services import Services
from reference_api.store.protocol import Row

CATEGORY = "survey.derived"
PURPOSE = "survey_analysis"
"""The only purpose for which the category can be agreed to. Source: contract, consent.toml."""


class _Derived(msgspec.Struct):
    labels: Annotated[dict[str, Annotated[str, msgspec.Meta(max_length=200)]], msgspec.Meta(max_length=50)]
    method: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    derived_at: Instant


_DERIVED = msgspec.json.Decoder(_Derived)
_COLUMNS = "response_id, labels, method, derived_at_s, version"


async def put_survey_derived(services: Services, call: Call) -> Reply:
    """Keep what was derived from a response whose author agreed to just that."""
    request = call.read(_DERIVED)
    derived_at_s = unix_s(request.derived_at, "/derived_at")
    async with services.store.transaction():
        response = await _agreed(services, call)
        held = await _held(services, response[0])
        if held is not None:
            check_if_match(call, _etag(held), required=True)
        await services.store.run(
            "INSERT INTO survey_derived (response_id, labels, method, derived_at_s, recorded_for)"
            " VALUES (?, ?, ?, ?, ?) ON CONFLICT (response_id) DO UPDATE SET labels = excluded.labels,"
            " method = excluded.method, derived_at_s = excluded.derived_at_s, version = survey_derived.version + 1",
            (
                response[0],
                msgspec.json.encode(request.labels).decode(),
                request.method,
                derived_at_s,
                call.token.recipient,
            ),
        )
        made = _demand(await _held(services, response[0]))
    return json_reply(_shape(made), 200 if held else 201, {"etag": _etag(made)})


async def get_survey_derived(services: Services, call: Call) -> Reply:
    """What was derived from a response: to its author, and to whoever the author agreed."""
    response = await _agreed(services, call)
    row = _demand(await _held(services, response[0]))
    return json_reply(_shape(row), headers={"etag": _etag(row)})


async def delete_survey_derived(services: Services, call: Call) -> Reply:
    """Erase what was derived."""
    async with services.store.transaction():
        response = await visible_response(services, call)
        row = _demand(await _held(services, response[0]))
        check_if_match(call, _etag(row), required=True)
        await services.store.run("DELETE FROM survey_derived WHERE response_id = ?", (response[0],))
    return Reply(status=204)


async def _agreed(services: Services, call: Call) -> Row:
    """The response, whose author agreed to derivation. Where the response itself may not be seen it is not found.

    Raises:
        ApiError: not-found, gone, or consent-required (contract C5); people without ID have no consent on record.
    """
    row = await visible_response(services, call)
    is_author = call.token.subject is not None
    decisions = (await judge(services, call, [row], (CATEGORY,), PURPOSE))[0]
    if not is_author and (row[1] is None or not decisions[CATEGORY].permit):
        uri = notice_uri(services.settings, PURPOSE)
        members = {"missing_categories": [CATEGORY], "consent_uri": uri}
        raise ApiError("consent-required", "deriving needs a consent of its own", members=members)
    return row


async def _held(services: Services, number: int) -> Row | None:
    return await services.store.one(f"SELECT {_COLUMNS} FROM survey_derived WHERE response_id = ?", (number,))


def _demand(row: Row | None) -> Row:
    if row is None:
        raise ApiError("not-found")
    return row


def _etag(row: Row) -> str:
    return f'"{row[4]}"'


def _shape(row: Row) -> dict[str, object]:
    return {
        "response_id": str(row[0]),
        "labels": msgspec.Raw(row[1].encode("utf-8")),
        "method": row[2],
        "derived_at": instant(row[3]),
    }
