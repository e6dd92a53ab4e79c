"""What shelters ask the city for: step by step, with the time of arrival, and taken back."""

from typing import Any

from conformance.check import check
from conformance.checks.disaster.moments import moment, same, shifted
from conformance.checks.disaster.reception import DESK, OFFICE, Reception, done
from conformance.context import Context
from conformance.text import Text
from conformance.wire import Reply

STATE = Text("state of the request", "依頼の状態")
ETA = Text("time of arrival that the shelter sees", "避難所に見える到着予定")


def _ask(ctx: Context, shelter: str) -> str:
    """A request of a shelter; its id."""
    items = [{"name": "毛布", "quantity": 80, "unit": "枚"}]
    body = {"shelter_id": shelter, "category": "supplies", "items": items, "requested_at": moment()}
    reply = ctx.city.call("createShelterRequest", DESK, body)
    ctx.expect_status(Text("a request of a shelter", "避難所の依頼"), reply, 201)
    ctx.expect(STATE, expected="requested", actual=reply.members.get("state"))
    return str(reply.members.get("id"))


def _read(ctx: Context, number: str) -> Reply:
    return ctx.city.call("getShelterRequest", DESK, path={"request_id": number})


def _step(ctx: Context, number: str, state: str, **more: Any) -> Reply:
    tag = _read(ctx, number).header("etag")
    body = {"state": state, **more}
    return ctx.city.call("updateShelterRequest", OFFICE, body, headers={"if-match": tag}, path={"request_id": number})


def _is(ctx: Context, number: str, state: str) -> None:
    ctx.expect(STATE, expected=state, actual=_read(ctx, number).members.get("state"))


@check("DIS-015")
def requests_go_step_by_step(ctx: Context) -> None:
    """Take a request through all steps, look for the time of arrival as the shelter does, and try illegal steps."""
    shelter = Reception(ctx).shelter()
    number, eta = _ask(ctx, shelter), shifted(moment(), 36000)
    later = shifted(eta, 3600)
    for state, more in (("accepted", {}), ("ordered", {"eta": eta}), ("ordered", {"eta": later})):
        with ctx.control(Text(f"step: {state}", f"段階: {state}")):
            ctx.expect_status("updateShelterRequest", _step(ctx, number, state, **more), 200)
        _is(ctx, number, state)
        if more:
            _eta(ctx, shelter, number, more["eta"])
    for state in ("requested", "accepted"):
        ctx.refused_status(Text(f"back to {state}", f"{state} への後戻り"), _step(ctx, number, state), 409)
        _is(ctx, number, "ordered")
    ctx.expect_status(Text("delivered", "配達"), _step(ctx, number, "delivered"), 200)
    states = [one.get("state") for one in _read(ctx, number).members.get("history", [])]
    what = Text("history of the request", "依頼の経過")
    ctx.expect(what, expected=["requested", "accepted", "ordered", "ordered", "delivered"], actual=states)
    for state in ("accepted", "declined"):
        what = Text(f"{state} after it was delivered", f"配達の後の {state}")
        ctx.refused_status(what, _step(ctx, number, state), 409)
    _shortcuts(ctx, shelter, eta)


def _eta(ctx: Context, shelter: str, number: str, eta: str) -> None:
    told = _read(ctx, number).members.get("eta")
    ctx.require(ETA, same(told, eta), expected=eta, actual=told)
    listed = ctx.city.items("listShelterRequests", DESK, {"shelter_id": shelter})
    told = next((one.get("eta") for one in listed if one.get("id") == number), None)
    ctx.require(ETA, same(told, eta), expected=eta, actual=told)


def _shortcuts(ctx: Context, shelter: str, eta: str) -> None:
    """Steps that leave one out, an order without its time, and a request that is declined."""
    number = _ask(ctx, shelter)
    for state, more in (("ordered", {"eta": eta}), ("delivered", {})):
        what = Text(f"{state} before it was accepted", f"受付の前の {state}")
        ctx.refused_status(what, _step(ctx, number, state, **more), 409)
        _is(ctx, number, "requested")
    done(_step(ctx, number, "accepted"), 200)
    reply = _step(ctx, number, "ordered")
    ctx.refused_status(Text("ordered without a time of arrival", "到着予定のない手配"), reply, 422, 400)
    ctx.expect_status(Text("declined", "辞退"), _step(ctx, number, "declined"), 200)
    _is(ctx, number, "declined")
    reply = _step(ctx, number, "accepted")
    ctx.refused_status(Text("accepted after it was declined", "辞退の後の受付"), reply, 409)


@check("DIS-041")
def requests_are_taken_back(ctx: Context) -> None:
    """Take a request back, and read it alone and in the list; try to take back one that was accepted."""
    shelter = Reception(ctx).shelter()
    number, kept = _ask(ctx, shelter), _ask(ctx, shelter)
    with ctx.control(Text("the request can be read", "依頼が読める")):
        ctx.expect_status("getShelterRequest", _read(ctx, number), 200)
    ctx.expect_status(Text("taking a request back", "依頼の取り消し"), _take_back(ctx, number), 204, 200)
    ctx.refused_status(Text("a request that was taken back", "取り消した依頼"), _read(ctx, number), 410, 404)
    listed = ctx.city.items("listShelterRequests", DESK, {"shelter_id": shelter})
    names = [one.get("id") for one in listed if not one.get("removed")]
    ctx.expect(Text("requests of the shelter that are listed", "一覧にある依頼"), expected=[kept], actual=names)
    done(_step(ctx, kept, "accepted"), 200)
    reply = _take_back(ctx, kept)
    ctx.refused_status(Text("taking back what was accepted", "受付後の取り消し"), reply, 409)
    _is(ctx, kept, "accepted")


def _take_back(ctx: Context, number: str) -> Reply:
    tag = _read(ctx, number).header("etag")
    return ctx.city.call("deleteShelterRequest", DESK, headers={"if-match": tag}, path={"request_id": number})
