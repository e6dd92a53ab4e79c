"""What is made can be read where Location says, and what was deleted cannot be read any more."""

from urllib.parse import urljoin

from conformance.check import check
from conformance.context import Context
from conformance.generated.making import Made, Making
from conformance.generated.offer import links_of, may_write, offers_operation, rest_operations
from conformance.outcomes import NotApplicable, Unmet
from conformance.target import with_sandbox
from conformance.text import Text

IDS = ("id", "record_id")
"""Members that name what was made."""


def _judge_location(ctx: Context, making: Making, made: Made) -> None:
    name = made.request.name
    location = made.reply.header("location")
    ctx.require(
        Text(f"Location of {name}", f"{name} のLocation"), location, expected="where it can be read", actual="none"
    )
    read = making.follow(made, "read")
    who = read.who if read else made.request.who
    token = {"authorization": f"Bearer {ctx.city.token(who)}"} if who is not None else {}
    headers = {"accept": "application/json, */*;q=0.1", **token}
    reply = ctx.wire.send("GET", urljoin(made.reply.url, location), headers=headers)
    ctx.expect_status(Text(f"what Location of {name} names", f"{name} のLocationの先"), reply, 200)
    for member in IDS:
        if member in made.reply.members and member in reply.members:
            what = f"{member} at Location of {name}"
            ctx.expect(what, expected=made.reply.members[member], actual=reply.members[member])


@check("REST-022", when=(may_write,))
def location_can_be_read(ctx: Context) -> None:
    """Everything that a POST can make is made; each 201 has Location, and what it names is read."""
    making, judged = Making(ctx), 0
    posts = [one for one in rest_operations(ctx.target) if one.method == "POST" and "read" in links_of(one)]
    for operation in posts:
        if operation.operation_id == "declareDisaster":
            continue
        try:
            made = making.made(operation.operation_id)
        except (NotApplicable, Unmet):
            continue
        if made.reply.status == 201:
            judged += 1
            _judge_location(ctx, making, made)
    if not judged:
        ctx.skip("nothing could be made", "何も作れない")


@check("REST-022", "declaration", when=(with_sandbox, offers_operation("declareDisaster")), alone=True)
def declaration_can_be_read(ctx: Context) -> None:
    """A drill is declared: the 201 has Location, and what it names is read."""
    making = Making(ctx)
    ctx.afterwards(ctx.sandbox.reset)
    made = making.made("declareDisaster")
    with ctx.control("a drill is declared"):
        ctx.expect_status("declareDisaster", made.reply, 201)
    _judge_location(ctx, making, made)


@check("REST-023", when=(may_write, offers_operation("deleteShelter")))
def deleted_shelter_is_gone(ctx: Context) -> None:
    """A shelter is opened, read, taken off the list, and read again: itself, its status, and the lists."""
    making = Making(ctx)
    made = making.made("createShelter")
    shelter = str(made.reply.members.get("id"))
    path = {"shelter_id": shelter}
    with ctx.control("it can be read before"):
        read = ctx.city.call("getShelter", path=path)
        ctx.expect_status("getShelter", read, 200)
    gone = ctx.city.call("deleteShelter", made.request.who, path=path, headers={"if-match": read.header("etag")})
    with ctx.control("it can be deleted"):
        ctx.expect_status("deleteShelter", gone, 200, 202, 204)
    for operation in ("getShelter", "getShelterStatus"):
        after = ctx.city.call(operation, path=path)
        told = Text(f"{operation} of a deleted shelter", f"消した避難所の {operation}")
        ctx.refused_status(told, after, 404, 410)
    for operation in ("listShelters", "listShelterStatus"):
        listed = [one.get("id") for one in ctx.city.call(operation).members.get("items", ())]
        ctx.refused(
            f"{operation} after the deletion", shelter not in listed, expected=f"without {shelter}", actual=listed[-5:]
        )


@check("REST-023", "derived", when=(may_write, offers_operation("deleteSurveyResponse")))
def deleted_response_is_gone(ctx: Context) -> None:
    """A survey's response is made, read, deleted, and read again: itself and the list."""
    making = Making(ctx)
    made = making.made("createSurveyResponse")
    read, delete = making.follow(made, "read"), making.follow(made, "delete")
    if read is None or delete is None:
        ctx.skip("the document has no links from a response", "文書に回答からのリンクがない")
    with ctx.control("it can be read before"):
        before = making.send(read)
        ctx.expect_status("getSurveyResponse", before, 200)
    gone = making.send(delete, headers={"if-match": before.header("etag")})
    with ctx.control("it can be deleted"):
        ctx.expect_status("deleteSurveyResponse", gone, 200, 202, 204)
    told = Text("a deleted response", "消した回答")
    ctx.refused_status(told, making.send(read), 404, 410)
