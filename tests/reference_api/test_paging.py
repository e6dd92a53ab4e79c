"""Pages: complete, and their cursors good for nothing else."""

from typing import Any
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reference_api.inline import run_inline
from reference_api.paging import Window, fill


@given(st.lists(st.booleans(), max_size=60), st.integers(1, 7))
def test_pages_joined_are_the_list(visible: list[bool], limit: int) -> None:
    """Whatever is hidden: pages joined are all visible items in order, every page but the last is full."""

    async def fetch(after: Any, count: int) -> list[tuple[int]]:
        return [(key,) for key in range(len(visible)) if after is None or key > after][:count]

    async def show(rows: list[tuple[int]]) -> list[int | None]:
        return [row[0] if visible[row[0]] else None for row in rows]

    pages = []
    after = None
    while True:
        page = run_inline(fill(Window(limit, after, ""), fetch, show))
        pages.append(list(page.items))
        after = page.next_key
        if after is None:
            break
    assert [key for page in pages for key in page] == [key for key, seen in enumerate(visible) if seen]
    assert all(len(page) == limit for page in pages[:-1])
    assert pages[-1] or len(pages) == 1


def test_cursor_serves_its_own_list_only(city: Any) -> None:
    """Made up, changed, another list's or another client's cursors are refused with 400."""
    city.declare("disaster", "d0", "d1")
    cursor = city.call("GET", "/v1/users?limit=1", "city-office").json["next_cursor"]
    assert city.call("GET", f"/v1/users?limit=1&cursor={cursor}", "city-office").status == 200
    for url in (
        f"/v1/users?area=d0&cursor={cursor}",
        f"/v1/locations?cursor={cursor}",
        f"/v1/users?cursor={cursor[:-1]}",
        f"/v1/users?cursor={cursor}A",
        "/v1/users?cursor=",
        "/v1/users?cursor=MTAw",
        "/v1/users?cursor=%E3%81%82",
    ):
        refused = city.call("GET", url, "city-office")
        assert (refused.status, refused.problem) == (400, "invalid-cursor"), url


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.text(max_size=5, alphabet="0123456789-+ex."), st.sampled_from(["0", "501", "１", "1e2", " 1"])))
def test_limit_is_1_to_500(city: Any, limit: str) -> None:
    """Anything but a whole number from 1 to 500 is refused with 422."""
    answer = city.call("GET", f"/v1/evacuation-orders?limit={quote(limit)}")
    good = limit.isascii() and limit.isdigit() and len(limit) <= 3 and 1 <= int(limit) <= 500
    assert answer.status == (200 if good else 422)


def test_link_leads_to_the_next_page(city: Any) -> None:
    """The Link header names the next page's address (RFC 8288), with the same query."""
    city.declare("disaster", "d0", "d1")
    first = city.call("GET", "/v1/users?area=d0&limit=1", "city-office")
    address, _, relation = first.headers["link"].partition("; ")
    assert relation == 'rel="next"'
    second = city.call("GET", address.strip("<>"), "city-office")
    assert second.json["items"][0]["sub"] == "c1"
