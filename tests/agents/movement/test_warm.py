"""Filling the compiler's cache."""

from agents.movement import abreast, cars, hierarchy, numbering, rerouting, routes, trees, walkers, warm


def test_every_public_kernel_is_compiled_once() -> None:
    """Afterwards each compiled entry has one specialisation, so no run compiles another."""
    warm.compile_kernels()
    entries = (
        *(cars.run, cars.schedule, cars.join_all, cars.carry_over, cars.give_up),
        *(walkers.run, walkers.schedule, walkers.step_all, walkers.reroute, walkers.carry_over),
        *(numbering.put, numbering.find, numbering.drop),
        *(rerouting.reroute, rerouting.rings, trees.grow_each, routes._along),
        *(hierarchy._arcs, hierarchy.weigh, abreast.grow_abreast, abreast.times_to),
    )
    assert [len(entry.signatures) for entry in entries] == [1] * len(entries)
