"""Running a coroutine that never waits, without an event loop."""

from collections.abc import Coroutine
from typing import Any, TypeVar

from reference_api.errors import StoreFault

T = TypeVar("T")


def run_inline(coroutine: Coroutine[Any, Any, T]) -> T:
    """The coroutine's result, at once.

    Raises:
        StoreFault: It waited for something outside itself, as a store over a network does.
    """
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    coroutine.close()
    raise StoreFault("the store waits for a network: use the coroutine itself, under an event loop")
