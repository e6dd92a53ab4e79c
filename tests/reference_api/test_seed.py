"""Filling a store, and what cannot fill it."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from reference_api.__main__ import run
from reference_api.errors import InvalidSeed
from reference_api.inline import run_inline
from reference_api.oidc.client_seed import sandbox_client
from reference_api.seed import Consent, District, Neighbourhood, SeedData, User, load
from reference_api.store.sqlite import SqliteStore


def test_seed_names_all_contradictions_at_once() -> None:
    """Doubles, strangers and unknown codes are collected into one error; nothing is written."""
    user = User(
        "c0", "n", "k", "1990-01-01", "male", "a", "p", "e", "h", "d9", "n0", support_flag=False, push_device=False
    )
    seed = SeedData(
        "072028",
        "t",
        2,
        1,
        "x",
        districts=(District("d0", "a"), District("d0", "b")),
        neighbourhoods=(Neighbourhood("n0", "n", "d0"),),
        users=(user,),
        consents=(Consent("c0", "purpose", ("nothing",), ("city",), ("war",), state="maybe"),),
    )
    store = SqliteStore()
    with pytest.raises(InvalidSeed) as caught:
        load(store, seed)
    told = str(caught.value)
    assert len(caught.value.faults) == 7
    for word in ("'d0' is there 2 times", "'d9'", "'purpose'", "'nothing'", "'city'", "'war'", "'maybe'"):
        assert word in told
    assert run_inline(store.all("SELECT * FROM account")) == []


def test_seed_survives_a_file(city: Any) -> None:
    """SeedData written as JSON reads back equal."""
    assert msgspec.json.decode(msgspec.json.encode(city.seed), type=SeedData) == city.seed


def test_role_and_area_belong_together() -> None:
    """An association has an area, nobody else; two clients never share a secret."""
    with pytest.raises(ValueError, match="association"):
        sandbox_client("association")
    with pytest.raises(ValueError, match="n0"):
        sandbox_client("city_office", "n0")
    assert sandbox_client("city_office").secret != sandbox_client("city_office").secret


def test_command_tells_why_it_does_not_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken seed file and unsafe settings end with exit code 2 and a word on the cause."""
    broken = tmp_path / "seed.json"
    broken.write_text("{}")
    assert run(["serve", str(broken)]) == 2
    assert "seed.json" in capsys.readouterr().err
    monkeypatch.setenv("CITYTWIN_ENVIRONMENT", "production")
    assert run(["serve"]) == 2
    assert "CITYTWIN_SECRET" in capsys.readouterr().err
