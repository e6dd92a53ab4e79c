"""Notifications: accepted, counted to the last recipient, read, acknowledged, and sent again to whom they missed."""

from typing import Any
from urllib.parse import urljoin

from conformance.check import check
from conformance.context import Context
from conformance.generated.making import Making
from conformance.generated.offer import may_write, offers_operation
from conformance.target import with_sandbox, with_second_person
from conformance.text import Text
from conformance.wire import Reply

OUTCOMES = ("delivered", "no_device", "not_in_area", "expired")

SENDING = offers_operation("sendNotification", "getNotification", "listDeliveries")


def _send(ctx: Context, subjects: list[str], **more: Any) -> Reply:
    body = {"title": f"試験 {ctx.fresh(4)}", "body": "これは試験です。", "subjects": subjects, **more}
    return ctx.city.call("sendNotification", "city_office", body)


def _count(ctx: Context, number: str) -> dict[str, Any]:
    reply = ctx.city.call("getNotification", "city_office", path={"notification_id": number})
    ctx.expect_status("getNotification", reply, 200)
    return dict(reply.members)


def _deliveries(ctx: Context, number: str) -> dict[str, dict[str, Any]]:
    rows = ctx.city.items("listDeliveries", "city_office", path={"notification_id": number})
    return {str(one.get("sub")): one for one in rows}


@check("REST-035", when=(may_write, with_sandbox, SENDING))
def every_recipient_is_counted(ctx: Context) -> None:
    """A message is sent to made-up people: 202 with Location, and the outcomes add up to the recipients."""
    people = [one.user for one in ctx.target.people]
    sent = _send(ctx, people)
    ctx.expect_status(Text("a request to notify", "通知の要求"), sent, 202)
    location = sent.header("location")
    ctx.require(
        Text("Location of the request to notify", "通知の要求のLocation"),
        location,
        expected="where its outcome is",
        actual="none",
    )
    token = {"authorization": f"Bearer {ctx.city.token('city_office')}"}
    read = ctx.wire.send("GET", urljoin(sent.url, location), headers={"accept": "application/json", **token})
    ctx.expect_status("what Location names", read, 200)
    number = str(sent.members.get("id"))
    ctx.expect("id at Location", expected=number, actual=read.members.get("id"))
    outcomes = read.members.get("outcomes", {})
    told = sum(outcomes.get(one, 0) for one in OUTCOMES)
    ctx.expect(Text("sum of the outcomes", "結果の合計"), expected=len(people), actual=told)
    rows = _deliveries(ctx, number)
    ctx.expect(
        Text("recipients of the deliveries", "宛先ごとの結果の宛先"), expected=sorted(people), actual=sorted(rows)
    )
    for outcome in OUTCOMES:
        found = sum(row.get("outcome") == outcome for row in rows.values())
        ctx.expect(f"deliveries with outcome {outcome}", expected=outcomes.get(outcome), actual=found)


@check("REST-035", "unheard", when=(may_write, with_sandbox, SENDING))
def outcome_is_of_the_sender(ctx: Context) -> None:
    """The outcome of a message is read by its sender, and by no person nor without a token."""
    person = Making(ctx).person()
    sent = _send(ctx, [person.user])
    path = {"notification_id": str(sent.members.get("id"))}
    with ctx.control("the sender reads the outcome"):
        ctx.expect_status("getNotification", ctx.city.call("getNotification", "city_office", path=path), 200)
    for who in (person, None):
        for operation in ("getNotification", "listDeliveries"):
            ctx.refused_status(f"{operation} by another", ctx.city.call(operation, who, path=path), 401, 403, 404)


def _received(ctx: Context, person: Any, number: str) -> dict[str, Any]:
    rows = ctx.city.items("listReceivedNotifications", person, path={"sub": person.user})
    return next((one for one in rows if str(one.get("id")) == number), {})


RECEIVING = offers_operation("sendNotification", "getNotification", "listReceivedNotifications", "putReceipt")


@check("REST-043", when=(may_write, with_sandbox, with_second_person, RECEIVING))
def receipts_are_counted(ctx: Context) -> None:
    """A message is sent to two people; one reads it, the other opens it: the sender's counts show it."""
    making = Making(ctx)
    first, second = making.person(), making.next_person()
    sent = _send(ctx, [first.user, second.user])
    with ctx.control("a message is accepted"):
        ctx.expect_status("sendNotification", sent, 202)
    number = str(sent.members.get("id"))
    for person in (first, second):
        found = _received(ctx, person, number)
        name = Text(f"the message as {person.user} reads it", f"{person.user} が読む通知")
        ctx.expect(name, expected="これは試験です。", actual=found.get("body"))
        ctx.expect(f"receipt before {person.user} said anything", expected=None, actual=found.get("receipt"))
    said = ((first, "opened"), (first, "read"), (first, "opened"), (second, "opened"))
    for person, state in said:
        path = {"sub": person.user, "notification_id": number}
        reply = ctx.city.call("putReceipt", person, {"state": state, "at": making.now(0)}, path=path)
        ctx.expect_in(
            Text(f"receipt {state} of {person.user}", f"{person.user} の{state}"),
            expected=range(200, 300),
            actual=reply.status,
        )
    receipts = _count(ctx, number).get("receipts")
    ctx.expect(
        Text("receipts in the sender's counts", "送り手の数"), expected={"opened": 1, "read": 1}, actual=receipts
    )
    ctx.expect(
        "receipt as the recipient reads it", expected="read", actual=_received(ctx, first, number).get("receipt")
    )


@check("REST-043", "own", when=(may_write, with_sandbox, with_second_person, RECEIVING))
def messages_are_of_their_recipient(ctx: Context) -> None:
    """A message to one person is neither listed to another, nor acknowledged by another."""
    making = Making(ctx)
    person, other = making.person(), making.next_person()
    sent = _send(ctx, [person.user])
    number = str(sent.members.get("id"))
    with ctx.control("the recipient reads it"):
        ctx.expect("id", expected=number, actual=str(_received(ctx, person, number).get("id")))
    ctx.refused(
        Text("the message in another's list", "他の人の一覧の通知"),
        not _received(ctx, other, number),
        expected="not there",
        actual=number,
    )
    inbox = ctx.city.call("listReceivedNotifications", other, path={"sub": person.user})
    ctx.refused_status("another's list of messages", inbox, 403, 404)
    body = {"state": "read", "at": making.now(0)}
    for sub in (person.user, other.user):
        reply = ctx.city.call("putReceipt", other, body, path={"sub": sub, "notification_id": number})
        ctx.refused_status(f"receipt by another, at {sub}", reply, 403, 404)
    ctx.expect(
        "receipts after another tried", expected={"opened": 0, "read": 0}, actual=_count(ctx, number).get("receipts")
    )


@check("REST-043", "language", when=(may_write, with_sandbox, RECEIVING))
def messages_come_in_the_language(ctx: Context) -> None:
    """A message in two languages is read with Accept-Language en, ja, and none."""
    making = Making(ctx)
    person = making.person()
    sent = _send(ctx, [person.user], translations=[{"language": "en", "title": "A test", "body": "This is a test."}])
    with ctx.control("a message in two languages is accepted"):
        ctx.expect_status("sendNotification", sent, 202)
    number = str(sent.members.get("id"))
    for language, body in (("en", "This is a test."), ("ja", "これは試験です。"), (None, "これは試験です。")):
        rows = ctx.city.call(
            "listReceivedNotifications",
            person,
            path={"sub": person.user},
            query={"limit": 500},
            headers={"accept-language": language},
        ).members.get("items", ())
        found = next((one for one in rows if str(one.get("id")) == number), None)
        if found is None:
            ctx.skip("the message is not among those received", "送った通知が受け取った通知の中にない")
        ctx.expect(
            Text(f"text with Accept-Language {language}", f"Accept-Language {language} の本文"),
            expected=body,
            actual=found.get("body"),
        )


@check("REST-044", when=(may_write, with_sandbox, SENDING, offers_operation("retryNotification")))
def retries_reach_whom_it_missed(ctx: Context) -> None:
    """A message is sent to made-up people and tried again: only who was not reached is tried a second time."""
    people = [one.user for one in ctx.target.people]
    sent = _send(ctx, people)
    with ctx.control("a message is accepted"):
        ctx.expect_status("sendNotification", sent, 202)
    number = str(sent.members.get("id"))
    before = _deliveries(ctx, number)
    reply = ctx.city.call("retryNotification", "city_office", path={"notification_id": number})
    ctx.expect_in(Text("a retry", "再送"), expected=range(200, 300), actual=reply.status)
    after = _deliveries(ctx, number)
    for user, row in before.items():
        more = 0 if row.get("outcome") == "delivered" else 1 if row.get("outcome") == "no_device" else None
        if more is not None:
            tried = after.get(user, {}).get("attempts", 0) - row.get("attempts", 0)
            ctx.expect(
                Text(f"further attempts for outcome {row['outcome']}", f"{row['outcome']} の人への再試行"),
                expected=more,
                actual=tried,
            )
    outcomes = reply.members.get("outcomes", {})
    ctx.expect(
        "sum of the outcomes after a retry", expected=len(people), actual=sum(outcomes.get(one, 0) for one in OUTCOMES)
    )
