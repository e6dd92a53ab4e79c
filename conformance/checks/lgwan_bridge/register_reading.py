"""Who reads the register of people who need support to evacuate, in normal times and in a disaster."""

from conformance.check import check
from conformance.checks.disaster.declaring import area_of, associations, declare, mode_in
from conformance.checks.disaster.reception import OFFICE, done
from conformance.checks.lgwan_bridge.files import BRIDGE, apply, register, row, try_rows
from conformance.context import Context
from conformance.target import with_sandbox
from conformance.text import Text


@check("LGW-005", when=(with_sandbox,), alone=True)
def the_register_follows_consent_and_law(ctx: Context) -> None:
    """Bring in a person with peacetime consent and one without, and read as their association in each mode."""
    clients = [one for one in associations(ctx) if mode_in(ctx, area_of(one)) == "normal"]
    if not clients:
        ctx.skip("needs an association where neither drill nor disaster holds", "平時の区域の町内会が要る")
    client, where, _ = clients[0], area_of(clients[0]), ctx.sandbox
    agreed, silent = (f"suite-{ctx.fresh(6)}" for _ in range(2))
    tried = try_rows(ctx, [row(agreed, where), row(silent, where, peacetime_consent="0")])
    done(tried, 201)
    done(apply(ctx, tried), 200)
    for who in (OFFICE, BRIDGE):
        with ctx.control(Text(f"{who} reads the whole register", f"{who} が名簿全体を読む")):
            ctx.expect("entries", expected={agreed, silent}, actual=set(register(ctx, where, who)))
    everybody, consenting = {agreed, silent}, {agreed}
    for mode, expected in (
        ("normal", consenting),
        ("drill", consenting),
        ("disaster", everybody),
        ("normal", consenting),
    ):
        done(declare(ctx, mode, [where]))
        seen = set(register(ctx, where, client))
        what = Text(f"entries that the association reads in mode {mode}", f"{mode} で町内会が読める人")
        ctx.refused(what, seen == expected, expected=_told(expected, agreed), actual=_told(seen, agreed))


def _told(names: set[str], agreed: str) -> list[str]:
    return sorted("with consent" if name == agreed else "without consent" for name in names)
