"""Valid requests can be made for the contract's operations, and what they make is taken away again."""

import pytest
from judged_city import judged_city

from conformance.context import Context
from conformance.draws import Draws
from conformance.generated.making import Making
from conformance.generated.offer import may_write, rest_operations
from conformance.outcomes import Outcome
from conformance.plan import Plan, TargetPart
from conformance.target import Target
from conformance.wire import Line, Wire

UNMADE = {
    "linkCheckIn", "getDisasterEvent", "updateDisasterEvent", "getSharedPlan", "importSupportRegister",
    "getRegisterImport", "applyRegisterImport", "getSurveyDerived", "putSurveyDerived", "deleteSurveyDerived",
    "getEvacuationSite", "getLocation", "deleteOwnCard", "deleteEvacueeCard", "getOwnCard", "getEvacueeCard",
}  # fmt: skip
"""What needs a declaration, a signed file, a consent or a card before, or what the small town has not."""


def test_nearly_every_operation_can_be_asked_rightly() -> None:
    """Of all operations offered, those that need no special thing get a request that is right as it is."""
    with judged_city() as target:
        wrong = {}
        for operation in rest_operations(target):
            ctx = Context(target, Wire(target.line), Draws(1, "test"))
            making = Making(ctx)
            try:
                reply = making.send(making.request(operation.operation_id))
            except Outcome as reason:
                wrong[operation.operation_id] = str(reason)
                continue
            finally:
                ctx.close()
            if reply.status in (400, 404, 406, 415, 422):
                wrong[operation.operation_id] = reply.text
    assert {name: why for name, why in wrong.items() if name not in UNMADE} == {}


def test_what_was_made_is_taken_away() -> None:
    """A shelter that was opened for a check is not on the list after it, though somebody was received there."""
    with judged_city() as target:
        ctx = Context(target, Wire(target.line), Draws(1, "test"))
        before = ctx.city.call("listShelters").members
        Making(ctx).made("checkIn")
        assert ctx.city.call("listShelters").members != before
        ctx.close()
        assert ctx.city.call("listShelters").members == before


@pytest.mark.parametrize(("environment", "refused"), [("production", True), ("test", False)])
def test_nothing_is_written_in_production(environment: str, *, refused: bool) -> None:
    """The condition for checks that make things keeps them away from production."""
    target = Target(Plan(TargetPart(("core-rest",))), Line(), city_os={"environment": environment})
    assert (may_write(target) is not None) is refused
    target.line.close()
