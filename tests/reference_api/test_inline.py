"""Coroutines that never wait, without an event loop."""

from dataclasses import dataclass
from typing import Any

import pytest

from reference_api.errors import StoreFault
from reference_api.inline import run_inline


def test_waiting_store_is_noticed() -> None:
    """A coroutine that waits for something outside is refused, not left hanging."""

    @dataclass
    class Never:
        def __await__(self) -> Any:
            yield

    async def wait() -> None:
        await Never()

    with pytest.raises(StoreFault, match="event loop"):
        run_inline(wait())
