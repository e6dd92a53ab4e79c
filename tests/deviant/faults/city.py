"""Faults of disasters, shelters, safety reports and registers."""

import itertools
import json
from collections.abc import Callable
from dataclasses import replace

from deviant.switches import Answer, Bench, Request, fault
from joserfc import jws

from reference_api import access
from reference_api.call import Call, Reply, Token, json_reply
from reference_api.city.check_ins import stay_shape, visible_stay
from reference_api.city.register_files import SignedFile
from reference_api.city.shelters import BOARD
from reference_api.city.stays import Arrival, Stay, _count, arrive
from reference_api.errors import ApiError
from reference_api.handlers import Handler
from reference_api.services import Services

CITIZENS_SCOPE = "safety.write"


async def _nothing(*_: object) -> None:
    """What is done by a server that forgets to do something."""


def _arriving(bench: Bench, also: Callable[[str, Arrival], int]) -> None:
    """Change the headcount once more after each arrival, by its kind and by who came."""

    async def wrong(services: Services, call: Call, arrival: Arrival) -> tuple[str, Stay]:
        kind, stay = await arrive(services, call, arrival)
        change = also(kind, arrival)
        if change:
            await _count(services, call, arrival.shelter_id, change)
        return kind, stay

    bench.patch("reference_api.city.check_ins.arrive", wrong)
    bench.patch("reference_api.city.batches.arrive", wrong)


@fault("C-10", breaks=["DIS-022"])
def declared_by_a_citizen(bench: Bench) -> None:
    """The disaster flag can be set with a citizen's token."""
    right = access.authorise

    async def wrong(services: Services, call: Call) -> Token:
        if call.operation.operation_id == "declareDisaster":
            scopes = (*call.operation.scopes, CITIZENS_SCOPE)
            call = replace(call, operation=replace(call.operation, scopes=scopes))
        return await right(services, call)

    bench.patch("reference_api.app.authorise", wrong)


@fault("declared-twice", breaks=["DIS-001"])
def two_event_ids(bench: Bench) -> None:
    """The same disaster declared again gets a second event id."""
    bench.patch("reference_api.city.disaster_events._declared_already", _nothing)


@fault("drill-over-disaster", breaks=["DIS-001"])
def drill_over_disaster(bench: Bench) -> None:
    """A drill can be declared where a disaster holds."""
    bench.patch("reference_api.city.disaster_events._refuse_contradiction", _nothing)


@fault("mode-not-told", breaks=["DIS-030"])
def mode_not_told(bench: Bench) -> None:
    """A change of mode is not pushed to those who registered."""
    bench.patch("reference_api.city.disaster_events._tell", _nothing)


@fault("cap-actual-in-drill", breaks=["DIS-004"])
def drill_said_to_be_real(bench: Bench) -> None:
    """The CAP message of a drill says Actual."""
    bench.patch("reference_api.city.orders.cap_status", lambda *_: "Actual")


@fault("C-12", breaks=["DIS-009"])
def out_before_in(bench: Bench) -> None:
    """A check-out before the check-in is accepted."""

    def wrong(right: Handler) -> Handler:
        async def lenient(services: Services, call: Call) -> Reply:
            try:
                return await right(services, call)
            except ApiError as refusal:
                if refusal.problem != "validation":
                    raise
                return json_reply(stay_shape(await visible_stay(services, call)) | {"state": "out"})

        return lenient

    bench.handler("checkOut", wrong)


@fault("check-out-below-zero", breaks=["DIS-009"])
def below_zero(bench: Bench) -> None:
    """Each repetition of a check-out takes one more from the headcount, which falls below zero."""
    out: dict[str, int] = {}
    seen: set[str] = set()

    def change(request: Request, answer: Answer) -> Answer:
        if request.path.endswith("/check-out") and answer.status == 200:
            shelter = answer.json["shelter_id"]
            out[shelter] = out.get(shelter, 0) + (request.path in seen)
            seen.add(request.path)
        if request.path == "/v1/sandbox/reset":
            out.clear()
            seen.clear()
        if request.path == "/v1/shelters/status" and answer.status == 200:
            items = [{**one, "headcount": one["headcount"] - out.get(one["id"], 0)} for one in answer.json["items"]]
            return answer.with_json({**answer.json, "items": items})
        return answer

    bench.answers(change)


@fault("check-in-counts-double-on-retry", breaks=["DIS-009"])
def counted_again(bench: Bench) -> None:
    """Who is received a second time is counted a second time."""
    _arriving(bench, lambda kind, _: int(kind == "already_here"))


@fault("C-13", breaks=["DIS-010"])
def batch_again(bench: Bench) -> None:
    """A check-in made offline is duplicated when it is sent again."""
    numbers = itertools.count()

    def change(request: Request) -> Request:
        if request.path != "/v1/check-ins/batch":
            return request
        body = json.loads(request.body)
        for item in body["items"]:
            item["client_item_id"] = f"{item['client_item_id']}-{next(numbers)}"
            if "unregistered" in item:
                item["unregistered"]["temp_id"] += f"-{next(numbers)}"
        return replace(request, body=json.dumps(body).encode())

    bench.requests(change)


@fault("offline-batch-uses-received-time", breaks=["DIS-010"])
def received_time(bench: Bench) -> None:
    """What was written down offline is kept with the time at which it was sent."""
    bench.patch("reference_api.city.batches.observed_s", lambda _services, call, _moment, _pointer: call.now_s)


@fault("full-shelter-refuses", breaks=["DIS-012"])
def full_refuses(bench: Bench) -> None:
    """A full shelter refuses whoever comes."""

    def wrong(right: Handler) -> Handler:
        async def strict(services: Services, call: Call) -> Reply:
            shelter = (call.parameters["shelter_id"],)
            row = await services.store.one("SELECT status FROM shelter WHERE id = ?", shelter)
            if row is not None and row[0] == "full":
                raise ApiError("conflict", "the shelter is full")
            return await right(services, call)

        return strict

    bench.handler("checkIn", wrong)


@fault("unregistered-dropped-from-headcount", breaks=["DIS-008", "DIS-009"])
def unregistered_dropped(bench: Bench) -> None:
    """People without an ID are not counted."""
    _arriving(bench, lambda kind, arrival: -int(kind == "counted" and arrival.temp_id is not None))


@fault("transfer-in-both", breaks=["DIS-011"])
def in_both(bench: Bench) -> None:
    """After a transfer the person is counted in both shelters."""

    def wrong(right: Handler) -> Handler:
        async def doubled(services: Services, call: Call) -> Reply:
            stay = await visible_stay(services, call)
            reply = await right(services, call)
            async with services.store.transaction():
                await _count(services, call, stay.shelter_id, 1)
            services.memory.forget(BOARD)
            return reply

        return doubled

    bench.handler("transferCheckIn", wrong)


@fault("C-14", breaks=["DIS-023"])
def predictable_number(bench: Bench) -> None:
    """Evacuee cards are numbered one after the other."""
    numbers = itertools.count(1)
    bench.patch("reference_api.city.card_entries.new_number", lambda: f"{next(numbers):013d}")


@fault("older-report-holds", breaks=["DIS-014"])
def older_report(bench: Bench) -> None:
    """A safety report that arrives late replaces a newer one."""
    bench.sql(" WHERE excluded.observed_at_s >= safety_holding.observed_at_s", "")


@fault("small-numbers-told", breaks=["DIS-021"])
def small_numbers(bench: Bench) -> None:
    """Summaries of safety tell numbers below five."""
    bench.patch("reference_api.city.summaries._hidden", lambda _: ())


@fault("hazard-public-at-once", breaks=["DIS-029"])
def hazard_public(bench: Bench) -> None:
    """A hazard report is public before anybody judged it."""
    bench.sql("FROM hazard_report WHERE state = 'published'", "FROM hazard_report WHERE state <> 'hidden'")


@fault("position-outlives-ttl", breaks=["REST-033"])
def position_stays(bench: Bench) -> None:
    """A position is told after its time."""
    bench.sql("WHERE expires_at_s > ?", "WHERE expires_at_s + 86400 > ?")


@fault("bbox-ignored", breaks=["REST-034"])
def bbox_ignored(bench: Bench) -> None:
    """A query by area returns people outside of it."""
    bench.patch("reference_api.city.locations.Box.condition", lambda _: " AND (1 = 1 OR ? + ? + ? + ? > 0)")


@fault("p0-429-first", breaks=["DIS-018"])
def life_last(bench: Bench) -> None:
    """Under load what saves lives is put off first."""
    for place in ("admission", "discovery"):
        bench.patch(f"reference_api.{place}.CLASSES", ("P0", "P1", "P2"))


@fault("unsigned-register", breaks=["LGW-001"])
def unsigned_register(bench: Bench) -> None:
    """A register is imported whoever signed it."""

    def wrong(call: Call, _: str | None) -> SignedFile:
        told = jws.extract_compact(call.body.strip())
        media_type, _, charset = str(told.headers().get("cty", "text/csv")).partition("; charset=")
        return SignedFile(told.headers()["kid"], media_type, charset.lower() or "utf-8", told.payload)

    bench.patch("reference_api.city.register_imports.signed_file", wrong)


@fault("association-sees-all-areas", breaks=["DIS-034"])
def all_areas(bench: Bench) -> None:
    """An association sees people of other areas as its own."""
    bench.patch("reference_api.disclosure.names_towards", lambda token, _: ("association", token.recipient))
    bench.sql(" AND safety_holding.neighbourhood = ?", " AND (safety_holding.neighbourhood = ? OR 1 = 1)")
