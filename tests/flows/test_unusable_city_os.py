"""Addresses at which there is no city OS for the run: one line that names the address, exit code 2, nothing written."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from deviant.doubles import answer
from flows.runs import drill, silent
from serving import listening, served
from starlette.types import ASGIApp, Receive, Scope, Send

from scenarios.cli import run_command
from scenarios.connection import reference_app
from scenarios.reader import find_scenario
from scenarios.run import set_stage

Serve = Callable[[Callable[[str], ASGIApp]], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serves an app, made for its address, until the test's end, and gives the address."""
    with ExitStack() as stack:

        def start(app_at: Callable[[str], ASGIApp]) -> str:
            bound, url = stack.enter_context(listening())
            stack.enter_context(served(app_at(url), bound))
            return url

        yield start


def says(status: int, body: bytes, media_type: str) -> ASGIApp:
    """An app that says the same to everybody."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await answer(send, status, body, media_type)

    return app


def refused(scenario: str, url: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """The one line with which a run against an address ends; nothing else has happened."""
    before = sorted(folder.rglob("*"))
    code = run_command(["run", scenario, "--city-os", url, "--out", str(folder / "o"), "--lang", "en"])
    out, err = capsys.readouterr()
    told = [line for line in err.splitlines() if line.startswith("error: ")]
    assert (code, out) == (2, "")
    assert len(told) == 1
    assert err.endswith(told[0] + "\n")
    assert url in told[0]
    assert sorted(folder.rglob("*")) == before
    return told[0]


def test_nobody_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A city OS that is down."""
    with listening() as (_, url):
        pass
    assert "is the service running, and is the address right?" in refused("drill", url, tmp_path, capsys)


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (500, b"{}", "answered 500, a city OS answers 200; the service has a fault, see its log"),
        (200, b"<html><body>Welcome</body></html>", "answered text/html that no city OS says there"),
        (200, b'{"name": "another API"}', "answered application/json that no city OS says there"),
    ],
    ids=["it fails", "a web page", "another API"],
)
def test_somebody_else_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], serve: Serve, status: int, body: bytes, words: str
) -> None:
    """A city OS that fails, a web page, another API."""
    media_type = "text/html" if body.startswith(b"<") else "application/json"
    assert words in refused("drill", serve(lambda _: says(status, body, media_type)), tmp_path, capsys)


def test_it_hangs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A service that takes the connection and says nothing is given up after the scenario's timeout."""
    patient = find_scenario("drill").read_text()
    impatient = tmp_path / "impatient.toml"
    impatient.write_text(patient.replace("timeout_s = 30", "timeout_s = 0.2"))
    with listening() as (_, url):
        assert "no response within 0.2 s" in refused(str(impatient), url, tmp_path, capsys)


def test_it_holds_other_people(tmp_path: Path, capsys: pytest.CaptureFixture[str], serve: Serve) -> None:
    """A city OS filled with another seed's people is refused with the command that fills one with the right ones."""
    stage = set_stage(drill(tmp_path / "unused", seed=2), silent)
    told = refused(
        "drill", serve(lambda url: reference_app(stage.town, stage.population, issuer=url)), tmp_path, capsys
    )
    assert "seed 2 (this run: 1)" in told
    assert "citytwin serve --people 400 --seed 1" in told


@pytest.mark.parametrize("url", ["http://", "http://[::1", "http://127.0.0.1:99999", "https://me:secret@city.example"])
def test_it_is_no_address(tmp_path: Path, capsys: pytest.CaptureFixture[str], url: str) -> None:
    """Words that are no address, and addresses that hold a password, are told as such."""
    assert "is none that is known" in refused("drill", url, tmp_path, capsys)
