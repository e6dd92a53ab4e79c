"""Whole loads, against the reference city OS and against ones that are wrong, over real HTTP."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree as ET

import numpy as np
import psutil
import pytest
from deviant.doubles import answer, drops_check_ins, ignores_consent
from load_values import board, check_in, check_out, declare, report, write_recording
from serving import listening, served
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reference_api.consent import Decide, decide
from scenarios.cli import run_command
from scenarios.connection import reference_app
from scenarios.defaults import default_parameters, parameters_with_ids
from scenarios.language import Language
from scenarios.load.errors import WorkerLost
from scenarios.load.generator import Master, free_port
from scenarios.load.report import load_html
from scenarios.load.run import LoadOptions, run_load
from scenarios.load.target import TargetOptions
from scenarios.recipes import find_recipe
from scenarios.seeding import person_ids
from twin.population import Population
from twin.randomness import Stream
from twin.sources.people import populate
from twin.sources.recipe import build_town
from twin.town import Town

RECEIVED = 12
"""More than ten, so that a service that forgets every tenth forgets one."""

EASY = '[generator]\nlag_p99_ms = 60000\n[[objective]]\nclass = "P0"\np95_ms = 60000\nsuccess = 1.0\n'
"""Objectives that a machine under load keeps too: nothing here depends on how fast it is."""


@cache
def town_of(seed: int) -> Town:
    """The synthetic town of a seed, made once for all loads: a load makes the same each time."""
    return build_town(find_recipe("synthetic"), stream=Stream(seed))


@pytest.fixture(autouse=True)
def town_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second of each load less."""

    def made(recipe: Path, *, data: Path | None, stream: Stream) -> Town:
        assert (recipe, data) == (find_recipe("synthetic"), None)
        return town_of(stream.seed)

    monkeypatch.setattr("scenarios.load.target.build_town", made)


@cache
def people(ids: int | None = None) -> tuple[Town, Population]:
    """The synthetic town with 200 people, as the load makes them anew."""
    stream, town = Stream(3), town_of(3)
    parameters = default_parameters() if ids is None else parameters_with_ids(ids, 200)
    return town, populate(town, stream=stream, parameters=parameters, people=200)


@contextmanager
def target(
    wrap: Callable[[ASGIApp], ASGIApp] = lambda app: app, judge: Decide = decide, ids: int | None = None
) -> Iterator[str]:
    """The address of a reference city OS, perhaps wrapped in something that spoils it."""
    town, population = people(ids)
    with listening() as (bound, url):
        app: ASGIApp = reference_app(town, population, issuer=url, decide=judge)
        with served(wrap(app), bound):
            yield url


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run's exchanges: twelve people are received, with and without ID, one leaves, three report, all look."""
    town, population = people()
    ids = person_ids(population)
    holders = np.flatnonzero(population.has_id)[:6].tolist()
    others = np.flatnonzero(~population.has_id)[: RECEIVED - 6].tolist()
    shelter = town.shelters[0].id
    whom = [{"sub": ids[row]} for row in holders] + [{"unregistered": {"temp_id": ids[row]}} for row in others]
    declared: dict[str, Any] = declare()
    declared["body"]["areas"] = [one.code for one in town.districts]
    lines = [declared, board(0.5)]
    lines += [check_in(1.0 + row, who, str(row), f"c{row}", shelter) for row, who in enumerate(whom)]
    lines += [check_out(14.0, "0"), check_in(15.0, whom[0], "99", "again", town.shelters[1].id)]
    lines += [report(16.0 + row, person, f"r{row}") for row, person in enumerate(holders[:3])]
    lines += [listed(20.0 + row, row, one.code) for row, one in enumerate(town.neighbourhoods[:6])]
    return write_recording(tmp_path_factory.mktemp("recording") / "run", *lines, board(30.0))


def listed(at_s: float, row: int, code: str) -> dict[str, Any]:
    """An association looks into its register."""
    return {
        "at_s": at_s,
        "actor": f"association:{row}",
        "operation_id": "listSupportRegister",
        "method": "GET",
        "url": f"/v1/support-registers/entries?area={code}&limit=500",
    }


def says(app: ASGIApp, path: str, changed: dict[str, Any] | None) -> ASGIApp:
    """The app with some members of its answer at a path changed; None: it refuses there."""

    async def double(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] != path:
            await app(scope, receive, send)
            return
        parts: list[bytes] = []

        async def keep(message: Message) -> None:
            parts.append(message.get("body", b""))

        await app(scope, receive, keep)
        if changed is None:
            await answer(send, 401, b'{"error": "invalid_client"}')
        else:
            await answer(send, 200, json.dumps({**json.loads(b"".join(parts)), **changed}).encode())

    return double


def load(recording: Path, url: str, folder: Path, *more: str) -> tuple[int, dict[str, Any]]:
    """Exit code and load.json of a load."""
    (folder / "easy.toml").write_text(EASY, "utf-8")
    out = folder / "out"
    words = ["load", str(recording), "--target", url, "--out", str(out), "--speed", "120", "--lang", "en", "--quiet"]
    code = run_command([*words, "--objectives", str(folder / "easy.toml"), *more])
    told: dict[str, Any] = json.loads((out / "load.json").read_text("utf-8"))
    return code, told


def test_the_reference_holds_at_thrice_the_people(recording: Path, tmp_path: Path) -> None:
    """Every call of every copy is answered, and the oracle finds what was acknowledged and nothing else."""
    with target() as url:
        code, told = load(recording, url, tmp_path, "--ids", "18")
    operations = {one["name"]: (one["calls"], one["failed"]) for one in told["operations"]}
    assert (code, told["outcome"], told["oracle"]["findings"]) == (0, "held", [])
    assert operations["checkIn"] == (3 * (RECEIVED + 1), 0)
    assert (operations["checkOut"], operations["reportSafety"], operations["listShelterStatus"]) == (
        (3, 0),
        (9, 0),
        (6, 0),
    )
    assert told["oracle"]["check_ins"] == 3 * (RECEIVED + 1)
    suite = ET.fromstring((tmp_path / "out" / "junit.xml").read_text("utf-8"))  # noqa: S314 - our own file
    assert (suite.get("failures"), suite.get("errors")) == ("0", "0")


def test_a_service_that_forgets_check_ins_is_found_out(recording: Path, tmp_path: Path) -> None:
    """However fast it answers: who was acknowledged and is not on the list is named, and the exit code is 1."""
    with target(drops_check_ins) as url:
        code, told = load(recording, url, tmp_path)
    kinds = {one["kind"] for one in told["oracle"]["findings"]}
    assert (code, told["outcome"]) == (1, "broken")
    assert {"lost", "headcount"} <= kinds <= {"lost", "headcount", "ghost"}


def doubles_reports(app: ASGIApp) -> ASGIApp:
    """Writes every safety report down twice, the second time under a key of its own."""

    async def double(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] != "/v1/safety-reports" or scope["method"] != "POST":
            await app(scope, receive, send)
            return
        whole = await receive()

        async def again() -> Message:
            return whole

        async def nobody(_: Message) -> None:
            return None

        others = [(name, value) for name, value in scope["headers"] if name != b"idempotency-key"]
        await app({**scope, "headers": [*others, (b"idempotency-key", uuid4().hex.encode())]}, again, nobody)
        await app(scope, again, send)

    return double


def test_a_service_that_writes_reports_twice_is_found_out(recording: Path, tmp_path: Path) -> None:
    """People who read their own history find each report there once too often."""
    with target(doubles_reports) as url:
        code, told = load(recording, url, tmp_path)
    found = [(one["kind"], one["operation"], one["cases"]) for one in told["oracle"]["findings"]]
    assert (code, found) == (1, [("ghost", "listSafetyHistory", 3)])


def test_a_service_that_tells_everybody_everything_is_found_out(recording: Path, tmp_path: Path) -> None:
    """Markers of people in answers to those who may not see them are leaks."""
    with target(judge=ignores_consent) as url:
        code, told = load(recording, url, tmp_path, "--workers", "2")
    assert (code, {one["kind"] for one in told["oracle"]["findings"]}) == (1, {"leak"})


def test_ctrl_c_ends_with_what_was_measured(recording: Path) -> None:
    """The calls that were due by then are there, with a verdict on them and the oracle's questions asked."""

    def stop(stage: str, share: float) -> None:
        if stage == "load_run" and share >= 0.05:
            raise KeyboardInterrupt

    with target() as url:
        done = run_load(LoadOptions(recording, TargetOptions(url), speed=2.0), stop)
    assert (done.is_whole, done.findings) == (False, ())
    assert 0 < done.verdict.length_s < 15.0
    assert 0 < done.verdict.calls == len(done.rows)


def test_ctrl_c_while_the_oracle_asks_keeps_what_was_measured(recording: Path) -> None:
    """All calls are there and judged; that the oracle's questions were not all asked is told."""

    def stop(stage: str, share: float) -> None:
        if stage == "load_ask":
            raise KeyboardInterrupt

    with target() as url:
        done = run_load(LoadOptions(recording, TargetOptions(url), speed=120.0), stop)
    page = load_html(done, Language.EN)
    assert (done.is_whole, done.aftermath.is_asked, "questions were not all asked" in page) == (False, False, True)
    assert done.verdict.calls == len(done.rows) > RECEIVED


def tell_page(port: int, path: str, form: str = "") -> None:
    """Press a button of locust's own page."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST", path, form, {"content-type": "application/x-www-form-urlencoded"})
        assert connection.getresponse().status == 200
    finally:
        connection.close()


@pytest.mark.parametrize("workers", [1, 2])
def test_locusts_own_stop_ends_with_what_was_measured(recording: Path, workers: int) -> None:
    """As Ctrl-C does; users that the page added before have nothing to do."""
    port = free_port()
    stopped = []

    def stop(stage: str, share: float) -> None:
        if stage == "load_run" and share >= 0.05 and not stopped:
            tell_page(port, "/swarm", f"user_count={2 * workers}&spawn_rate=100")
            tell_page(port, "/stop")
            stopped.append(share)

    with target() as url:
        options = LoadOptions(recording, TargetOptions(url), speed=2.0, ui_port=port, processes=workers)
        done = run_load(options, stop)
    assert (done.is_whole, done.aftermath.is_asked, done.findings) == (False, True, ())
    assert 0 < done.verdict.length_s < 15.0
    calls = [one.call for one in done.rows if one.operation != "issueToken"]
    assert 0 < len(calls) == len(set(calls))


def test_as_many_ids_take_part_as_the_sandbox_was_filled_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """More than the city's share: whoever made them is found again; one more is refused, with what to type."""
    out, words = tmp_path / "out", ["load", "--profile", "disaster", "--until", "1", "--lang", "en", "--quiet"]
    (tmp_path / "easy.toml").write_text(EASY, "utf-8")
    words += ["--objectives", str(tmp_path / "easy.toml"), "--out", str(out)]
    with target(ids=90) as url:
        assert run_command([*words, "--target", url, "--ids", "91"]) == 2
        assert "the target has 90. Fill it with more (citytwin serve --ids 91)" in capsys.readouterr().err
        assert run_command([*words, "--target", url, "--ids", "90"]) == 0
    assert json.loads((out / "load.json").read_text("utf-8"))["load"]["ids"] == 90


@contextmanager
def worker(port: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker's command in a process of its own."""
    words = ["load", "--worker", "--master-host", "127.0.0.1", "--master-port", port, "--quiet"]
    command = [sys.executable, "-c", "from scenarios.cli import main; main()", *words]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as one:  # noqa: S603 - our own command
        try:
            yield one
        finally:
            one.send_signal(signal.SIGINT)


def test_a_worker_of_another_machine_sends(recording: Path, tmp_path: Path) -> None:
    """Two commands: all calls are answered, each of them sent by the worker, and the oracle finds nothing."""
    port = str(free_port())
    with target() as url, worker(port):
        where = ["--master", "--master-bind-host", "127.0.0.1", "--master-port", port]
        code, told = load(recording, url, tmp_path, *where)
    assert (code, told["outcome"], told["oracle"]["check_ins"]) == (0, "held", RECEIVED + 1)


def kill_what_it_began(worker: subprocess.Popen[bytes]) -> None:
    """As a machine without power does."""
    for process in psutil.Process(worker.pid).children(recursive=True):
        process.kill()


@pytest.mark.parametrize("end", [kill_what_it_began, subprocess.Popen.terminate])
def test_a_worker_that_ends_leaves_no_verdict(recording: Path, end: Callable[[subprocess.Popen[bytes]], None]) -> None:
    """In the middle of the load, by force or at its own user's word: it is told which worker that was."""
    port = free_port()
    options = LoadOptions(recording, TargetOptions(""), speed=0.5, master=Master("127.0.0.1", port))
    with target() as url, worker(str(port)) as one:
        ended = []

        def end_it(stage: str, share: float) -> None:
            if stage == "load_run" and share > 0.0 and not ended:
                end(one)
                ended.append(share)

        with pytest.raises(WorkerLost, match=r"worker 1 .* has gone silent: there is no verdict"):
            run_load(replace(options, target=TargetOptions(url)), end_it)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--worker"], "--worker --master-host HOST"),
        (["--master-host", "h", "--profile", "disaster", "--target", "u"], "--worker --master-host HOST"),
        (["--worker", "--master-host", "h", "--master"], "either --master or --worker"),
        (["--worker", "--master-host", "h", "--target", "u"], "leave out the run"),
        (["--profile", "disaster"], "--target URL"),
        (["run", "--profile", "disaster", "--target", "u"], "Give either a folder"),
    ],
)
def test_words_that_do_not_go_together_are_refused(
    capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    """With what to type instead."""
    assert run_command(["load", *words, "--lang", "en"]) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"environment": "production"}, "in production"),
        ({"contract_version": "2.0"}, "keeps version '2.0' of the contract"),
        ({"api_base": "http://elsewhere.example/v1"}, "elsewhere.example, which is not this machine"),
        ({"sandbox": None}, "no sandbox"),
    ],
)
def test_what_may_not_be_loaded_is_refused(
    recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], changed: dict[str, Any], words: str
) -> None:
    """Before a single call: one line, exit code 2, nothing written."""
    with target(lambda app: says(app, "/.well-known/city-os", changed)) as url:
        code = run_command(["load", str(recording), "--target", url, "--out", str(tmp_path / "o"), "--lang", "en"])
    assert (code, words in capsys.readouterr().err) == (2, True)
    assert not (tmp_path / "o").exists()


def test_expired_credentials_are_told(recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A sandbox that issues no token to its own clients is told before the load."""

    def refuses(app: ASGIApp) -> ASGIApp:
        return says(app, "/token", None)

    with target(refuses) as url:
        code = run_command(["load", str(recording), "--target", url, "--out", str(tmp_path / "o"), "--lang", "ja"])
    assert (code, "トークンを出しませんでした" in capsys.readouterr().err) == (2, True)


@pytest.mark.parametrize("address", ["http://192.0.2.1", "https://city.example:8443/x", "http://127.0.0.1.example"])
def test_another_machine_must_be_spelled_out(
    recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], address: str
) -> None:
    """Nothing is sent to a host that is not this machine, nor is its name looked up."""
    words = ["load", str(recording), "--target", address, "--out", str(tmp_path / "o"), "--lang", "en"]
    assert run_command([*words, "--i-may-load-this-host", "other.example"]) == 2
    assert "add --i-may-load-this-host" in capsys.readouterr().err


def unanswered_reports(app: ASGIApp) -> ASGIApp:
    """Writes reports down, and answers 500 each time."""

    async def double(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] != "/v1/safety-reports" or scope["method"] != "POST":
            await app(scope, receive, send)
            return

        async def nobody(_: Message) -> None:
            return None

        await app(scope, receive, nobody)
        await answer(send, 500, b"{}")

    return double


def test_of_what_was_never_acknowledged_the_services_word_is_taken(recording: Path, tmp_path: Path) -> None:
    """Reports that failed and stand on its list are neither lost nor invented; people of whom nobody said are told."""
    with target(unanswered_reports) as url:
        code, told = load(recording, url, tmp_path)
    assert (code, told["oracle"]["findings"], told["oracle"]["unsure"]) == (1, [], 3)


def test_an_address_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    """With what to type instead."""
    assert run_command(["load", "--profile", "disaster", "--target", "127.0.0.1:8080", "--lang", "en"]) == 2
    assert "begins with http://" in capsys.readouterr().err
