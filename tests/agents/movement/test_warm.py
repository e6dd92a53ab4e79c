"""Filling the compiler's cache."""

from agents.movement import kernel, routes, trees, warm


def test_every_public_kernel_is_compiled_once() -> None:
    """Afterwards each compiled entry has one specialisation, so no run compiles another."""
    warm.compile_kernels()
    entries = (kernel.run, kernel.schedule, kernel.join_all, kernel.reroute, kernel.gridlocked)
    assert [len(entry.signatures) for entry in (*entries, trees.grow, routes._along)] == [1] * 7
