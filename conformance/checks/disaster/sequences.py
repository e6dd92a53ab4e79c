"""Walks of random steps through shelters, modes and safety reports, each step held against a model."""

from conformance.check import check
from conformance.context import Context
from conformance.machines.disaster import InAreas, InShelters, InTouch
from conformance.machines.driving import Walk, judge_walk, walk
from conformance.target import with_sandbox
from conformance.text import Text

COUNTS = Text("headcounts, lists and the model of the same steps", "同じ手順の、人数と一覧と模型")


def _in_shelters(ctx: Context) -> Walk:
    return walk(ctx, "shelters", InShelters, runs=40, steps=14, limit_s=12)


@check("DIS-009", "sequences", when=(with_sandbox,), alone=True)
def counts_in_sequences(ctx: Context) -> None:
    """Let people come and go in random sequences; after each step the counts are those of a model."""
    judge_walk(ctx, _in_shelters(ctx), "DIS-009", COUNTS)


@check("DIS-010", "sequences", when=(with_sandbox,), alone=True)
def batches_in_sequences(ctx: Context) -> None:
    """Send what was written down offline, late, twice and out of order, among other steps of random sequences."""
    judge_walk(ctx, _in_shelters(ctx), "DIS-010", COUNTS)


@check("DIS-011", "sequences", when=(with_sandbox,), alone=True)
def transfers_in_sequences(ctx: Context) -> None:
    """Transfer people among other steps of random sequences; nobody is in two shelters or in none."""
    judge_walk(ctx, _in_shelters(ctx), "DIS-011", COUNTS)


@check("DIS-012", "sequences", when=(with_sandbox,), alone=True)
def full_in_sequences(ctx: Context) -> None:
    """Receive people at full shelters among other steps of random sequences."""
    judge_walk(ctx, _in_shelters(ctx), "DIS-012", COUNTS)


@check("DIS-032", "sequences", when=(with_sandbox,), alone=True)
def links_in_sequences(ctx: Context) -> None:
    """Link people to their IDs among other steps of random sequences; no count changes."""
    judge_walk(ctx, _in_shelters(ctx), "DIS-032", COUNTS)


@check("DIS-009", "more", when=(with_sandbox,), alone=True, slow=True)
def counts_in_many_sequences(ctx: Context) -> None:
    """Let people come, go and move in many longer sequences; after each step the counts are those of a model."""
    found = walk(ctx, "many shelters", InShelters, runs=150, steps=25, limit_s=60)
    judge_walk(ctx, found, "DIS-009", COUNTS)


def _in_areas(ctx: Context) -> Walk:
    return walk(ctx, "areas", InAreas, runs=30, steps=10, limit_s=5)


@check("DIS-001", "sequences", when=(with_sandbox,), alone=True)
def modes_in_sequences(ctx: Context) -> None:
    """Declare and end modes in random sequences; the state is that of a model."""
    judge_walk(ctx, _in_areas(ctx), "DIS-001", Text("state and model", "状態と模型"))


@check("DIS-002", "sequences", when=(with_sandbox,), alone=True)
def areas_in_sequences(ctx: Context) -> None:
    """Declare and end modes in random sequences; areas that were not named stay as they were."""
    judge_walk(ctx, _in_areas(ctx), "DIS-002", Text("state and model", "状態と模型"))


@check("DIS-014", "sequences", when=(with_sandbox,), alone=True)
def reports_in_sequences(ctx: Context) -> None:
    """Report safety of two people out of order in random sequences; the newest observation holds."""
    found = walk(ctx, "safety", InTouch, runs=15, steps=8, limit_s=5)
    judge_walk(ctx, found, "DIS-014", Text("reports that hold, and the model", "有効な安否と模型"))
