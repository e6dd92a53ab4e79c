"""Whoever moves to another shelter is in one of them at every time."""

from conformance.check import check
from conformance.checks.disaster.reception import Reception, stranger
from conformance.context import Context
from conformance.text import Text

MOVED = Text("headcounts of the shelter that was left and of the other", "元の避難所と移動先の人数")


@check("DIS-011")
def a_transfer_is_one_step(ctx: Context) -> None:
    """Move somebody, repeat it, and let others check in elsewhere without a word: each is counted once."""
    desk = Reception(ctx)
    here, there = desk.shelter(), desk.shelter()
    if here == there:
        ctx.skip("needs two shelters", "避難所が二つ要る")
    who = stranger(ctx)
    number = desk.receive(here, who)
    desk.counting(here)
    start = _boards(desk, here, there)
    reply = desk.transfer(number, there)
    ctx.expect_status(Text("a transfer", "移動"), reply, 201)
    moved = (start[0] - 1, start[1] + 1)
    ctx.expect(MOVED, expected=moved, actual=_boards(desk, here, there))
    where = (reply.members.get("shelter_id"), reply.members.get("state"), reply.members.get("transferred_from"))
    ctx.expect(
        Text("shelter, state and where from", "避難所、状態、元の避難所"), expected=(there, "in", here), actual=where
    )
    ctx.expect(
        Text("state of the stay that was left", "元の受付の状態"), expected="out", actual=desk.read(number).get("state")
    )
    _again(ctx, desk, str(reply.members.get("id")), (here, there), moved)


def _again(ctx: Context, desk: Reception, number: str, shelters: tuple[str, str], moved: tuple[int, int]) -> None:
    """A repeated transfer counts nobody; checking in where one was moves in one step too."""
    here, there = shelters
    desk.transfer(number, there)
    ctx.expect(MOVED, expected=moved, actual=_boards(desk, here, there))
    who = stranger(ctx)
    first = desk.receive(here, who)
    reply = desk.send(there, who)
    ctx.expect_status(Text("check-in of somebody who is in another shelter", "別の避難所にいる人の受付"), reply, 201)
    ctx.expect(MOVED, expected=(moved[0], moved[1] + 1), actual=_boards(desk, here, there))
    told = (desk.read(first).get("state"), desk.read(str(reply.members.get("id"))).get("state"))
    ctx.expect(Text("states of the stays left and begun", "元と先の受付の状態"), expected=("out", "in"), actual=told)


def _boards(desk: Reception, here: str, there: str) -> tuple[int, int]:
    return desk.headcount(here), desk.headcount(there)
