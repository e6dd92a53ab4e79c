"""Pairwise subjects: another name for a person in each sector, that can be turned back there and nowhere else."""

from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reference_api.oidc.subjects import local_sub, shown_sub

LOCAL_IDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
SECTORS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)


@dataclass(frozen=True)
class Sector:
    """A client of a sector."""

    sector: str | None


@dataclass(frozen=True)
class Secret:
    """A server's secret of which everything is derived."""

    text: str = "one"

    def derive(self, purpose: str, length: int = 32) -> bytes:
        """Bytes that depend on the purpose."""
        return (purpose + self.text).encode().ljust(length, b"-")[-length:]


@dataclass(frozen=True)
class FakeServices:
    """Services of which only the secret is used."""

    secret: Any = Secret()


SERVICES: Any = FakeServices()


@given(LOCAL_IDS, SECTORS)
def test_a_shown_subject_leads_back_in_its_sector(local_id: str, sector: str) -> None:
    """The same person has the same name each time, ASCII and at most 255 long (Core 2), and it leads back."""
    shown = shown_sub(SERVICES, Sector(sector), local_id)
    assert shown == shown_sub(SERVICES, Sector(sector), local_id) != local_id
    assert shown.isascii()
    assert local_sub(SERVICES, Sector(sector), shown) == local_id


@given(LOCAL_IDS, SECTORS, SECTORS)
def test_sectors_cannot_be_joined(local_id: str, one: str, other: str) -> None:
    """Two sectors know a person by two names, and neither is a name in the other (OIDC-025)."""
    if one == other:
        return
    shown = shown_sub(SERVICES, Sector(one), local_id)
    assert shown != shown_sub(SERVICES, Sector(other), local_id)
    assert local_sub(SERVICES, Sector(other), shown) is None


@given(LOCAL_IDS, SECTORS, st.data())
def test_a_changed_subject_is_nobody(local_id: str, sector: str, data: st.DataObject) -> None:
    """Any other text is no name, also one that decodes to the same bytes."""
    shown = shown_sub(SERVICES, Sector(sector), local_id)
    place = data.draw(st.integers(0, len(shown) - 1))
    letter = data.draw(st.sampled_from("ABab01-_=+é"))
    changed = shown[:place] + letter + shown[place + 1 :]
    if changed != shown:
        assert local_sub(SERVICES, Sector(sector), changed) is None
    assert local_sub(SERVICES, Sector(sector), shown + "=") is None


@given(LOCAL_IDS)
def test_local_ids_are_shown_where_there_is_no_sector(local_id: str) -> None:
    """The city's own clients know people by the local ID."""
    assert shown_sub(SERVICES, Sector(None), local_id) == local_id == local_sub(SERVICES, Sector(None), local_id)


def test_another_server_gives_other_names() -> None:
    """Names depend on the server's secret: whoever has none cannot guess one."""
    other: Any = FakeServices(Secret("two"))
    assert shown_sub(SERVICES, Sector("s"), "c0") != shown_sub(other, Sector("s"), "c0")
