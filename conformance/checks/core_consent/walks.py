"""Walks: consents given, narrowed, renewed and withdrawn in any order, while modes and time go on, by the model."""

from collections.abc import Callable

from conformance.accounts import PersonAccount
from conformance.check import check
from conformance.checks.core_consent.scene import Scene
from conformance.context import Context
from conformance.machines.consent import ConsentMachine
from conformance.machines.driving import judge_walk, walk
from conformance.target import with_sandbox
from conformance.text import Text

WALKED = {
    "CONS-001": Text("every decision is the model's", "どの判定もモデルのとおり"),
    "CONS-002": Text("no mode implies another", "モードはほかのモードに及ばない"),
    "CONS-003": Text("no drill opens by law", "訓練は法令による開示を開かない"),
    "CONS-004": Text("every change holds at once", "どの変更もすぐに効く"),
    "CONS-005": Text("every consent ends at its instant", "どの同意も期限の時刻に終わる"),
    "CONS-008": Text("the list of users is the decisions", "利用者の一覧は判定のとおり"),
    "CONS-010": Text("more consent never opens less, less never more", "広げて減らず、撤回して増えない"),
    "CONS-011": Text("every disclosure is in the log", "どの開示も記録にある"),
    "CONS-012": Text("friends and employers are told by consent only", "知人と勤務先には同意だけで開く"),
    "CONS-014": Text("what a disaster opened closes with it", "災害時が開いたものは終われば閉じる"),
    "CONS-025": Text("a drill takes its own consents", "訓練は訓練の同意だけに基づく"),
    "CONS-027": Text("what is asked for counts when given", "求めた同意は与えられて初めて効く"),
}
"""Requirements that a walk can find broken, and what it looks at."""
RUNS, STEPS, LIMIT_S = 15, 10, 10.0
LONG_RUNS, LONG_STEPS, LONG_LIMIT_S = 200, 20, 120.0


def _walk(ctx: Context, requirement: str, *, long: bool) -> None:
    scene = Scene(ctx)
    people: list[PersonAccount] = scene.people(2, reached=True)
    people.sort(key=lambda one: one.user)
    found = walk(
        ctx,
        "consent, long" if long else "consent",
        lambda guide: ConsentMachine(guide, people),
        runs=LONG_RUNS if long else RUNS,
        steps=LONG_STEPS if long else STEPS,
        limit_s=LONG_LIMIT_S if long else LIMIT_S,
    )
    judge_walk(ctx, found, requirement, WALKED[requirement])


def _enter(requirement: str) -> tuple[Callable[[Context], None], Callable[[Context], None]]:
    """The two walks as checks of a requirement; each is walked once in a run, for all requirements together."""

    @check(requirement, "walk", when=(with_sandbox,), alone=True)
    def short(ctx: Context) -> None:
        """Walks consents, modes and time at random, and holds each answer against the model of the law."""
        _walk(ctx, requirement, long=False)

    @check(requirement, "long_walk", when=(with_sandbox,), alone=True, slow=True)
    def long(ctx: Context) -> None:
        """Walks for longer, with more steps in a row."""
        _walk(ctx, requirement, long=True)

    return short, long


for _name in WALKED:
    _number = _name.partition("-")[2]
    globals()[f"walk_{_number}"], globals()[f"long_walk_{_number}"] = _enter(_name)
