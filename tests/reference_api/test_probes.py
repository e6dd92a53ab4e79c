"""Probes: ready is who can answer, and who cannot says when to ask again."""

from dataclasses import replace
from typing import Any

from reference_api.errors import StoreFault


class _Away:
    """A database that does not answer."""

    async def one(self, sql: str, parameters: Any = ()) -> Any:
        raise StoreFault(f"away: {sql} {parameters}")

    async def foreign_changes(self) -> int:
        return 0

    commits = 0


def test_a_server_without_its_database_is_alive_and_not_ready(city: Any) -> None:
    """503 with Retry-After, and not a word of what went wrong; the process itself still answers."""
    assert city.call("GET", "/readyz").status == 200
    city.app.services = replace(city.app.services, store=_Away())
    refused = city.call("GET", "/readyz")
    assert (refused.status, refused.json["title"][:12]) == (503, "Served later")
    assert int(refused.headers["retry-after"]) > 0
    assert b"SELECT" not in refused.body
    assert city.call("GET", "/healthz").status == 200
