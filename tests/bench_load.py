"""The numbers of the load generator: what it can send, and what one worker of the reference holds of 50,000 IDs.

Run by ``make bench-load``; prints Markdown. Rates by the clock need an idle machine; rates by CPU time do not, and each
has its ratio to the same requests in a bare loop, measured in the same run against the same do-nothing server.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import click
import psutil

from scenarios.load.calls import DueCall, Login, Setup
from scenarios.load.generator import Generator, Sending, free_port, measured, prepare
from scenarios.load.line import HttpLine
from scenarios.load.sender import Ask
from scenarios.load.verdict import latency_of

ROOT = Path(__file__).resolve().parents[1]
WANTED_RATE, WANTED_SHARE, WANTED_P95_MS = 3_500, 0.85, 50
LENGTH_S = 10.0
BARE = 20_000
PEOPLE = 2_000
IDS, MIX_S, OPENING = 50_000, 180, "the first three minutes"
BODY = '{"position":{"type":"Point","coordinates":[139.9,37.4]},"observed_at":"2027-01-01T10:00:00+09:00","ttl_s":900}'


@contextmanager
def do_nothing() -> Iterator[str]:
    """The address of the server that only answers."""
    command = [sys.executable, str(ROOT / "tests" / "do_nothing.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 - our own server
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.kill()


def setup_of(url: str, processes: int) -> Setup:
    """What the generator is told of the server."""
    login = Login("Basic x", "grant_type=x&subject_token={}")
    return Setup(url, f"{url}/token", "k" * 20, {"citizen": login}, 10.0, 10_000, processes)


def calls_at(url: str, rate: float) -> Iterator[DueCall]:
    """Calls as in the disaster profile: boards, families and positions, evenly in time."""
    number = 0
    while True:
        person, due_s = f"c{number % PEOPLE:07d}", number / rate
        if number % 8 < 3:
            yield DueCall(number, due_s, "listShelterStatus", "GET", f"{url}/v1/x", "anybody", reader=person)
        elif number % 8 < 5:
            yield DueCall(number, due_s, "listSafetyReports", "GET", f"{url}/v1/x?limit=500", f"citizen:{person}")
        else:
            address = f"{url}/v1/users/{person}/location"
            yield DueCall(number, due_s, "putLocation", "PUT", address, f"citizen:{person}", BODY)
        number += 1


@dataclass(frozen=True)
class Sent:
    """What a generator sent: by the clock, by its CPU time (requests a second), and how late it was itself."""

    by_clock: float
    by_cpu: float
    lag_p99_ms: float
    failed: int


def send(url: str, rate: float, processes: int) -> Sent:
    """Offer a rate for some seconds."""
    setup = setup_of(url, processes)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Generator(folder, Sending(url, processes)) as generator:
            prepare(folder, setup, islice(calls_at(url, rate), int(rate * LENGTH_S)))
            generator.begin()
            began_s, before_s = time.monotonic(), _children_cpu_s()
            generator.wait(LENGTH_S, _tell_nobody)
            cpu_s, clock_s = _children_cpu_s() - before_s, time.monotonic() - began_s
        rows = measured(folder, processes)
    lag = latency_of(one.lag_s for one in rows)
    failed = sum(not one.succeeded for one in rows)
    return Sent(len(rows) / max(clock_s, LENGTH_S), len(rows) / cpu_s, lag.p99_ms, failed)


def _tell_nobody(stage: str, share: float) -> None:
    """Says nothing."""


def _children_cpu_s() -> float:
    """CPU time of all of this process's children but the server."""
    found = 0.0
    for one in psutil.Process(os.getpid()).children(recursive=True):
        if "do_nothing.py" not in " ".join(one.cmdline()):
            times = one.cpu_times()
            found += times.user + times.system
    return found


def bare_loop(url: str) -> float:
    """Requests a CPU second of one connection that asks again and again."""
    line = HttpLine(setup_of(url, 1), [], 0.0)
    ask = Ask("x", "PUT", f"{url}/v1/x", {"accept": "application/json", "authorization": "Bearer t"}, BODY, "")
    began_s = time.process_time()
    for _ in range(BARE):
        assert line.send(ask).status == 200
    rate = BARE / (time.process_time() - began_s)
    line.close()
    return rate


def disaster(folder: Path) -> str:
    """The disaster profile of 50,000 IDs against one worker of the reference, in processes of their own."""
    port, out = free_port(), folder / "load"
    program = [sys.executable, "-c", "from scenarios.cli import main; main()"]
    serve = [*program, "serve", "--ids", str(IDS), "--port", str(port), "--quiet"]
    with subprocess.Popen(serve, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:  # noqa: S603
        try:
            _wait(port, server)
            words = ["--ids", str(IDS), "--until", str(MIX_S), "--target", f"http://127.0.0.1:{port}"]
            press = [*program, "load", "--profile", "disaster", *words, "--out", str(out), "--quiet"]
            subprocess.run(press, check=False)  # noqa: S603 - our own command
        finally:
            server.kill()
    told = json.loads((out / "load.json").read_text("utf-8"))
    shown = ", ".join(
        f"{one['name']} {one['calls']:,} calls, p95 {one['latency']['p95_ms']:,.1f} ms, {one['failed']} failed"
        for one in told["classes"]
    )
    lag_ms = told["generator"]["p99_ms"]
    return (
        f"disaster profile of {IDS:,} IDs, {OPENING}, one worker (wanted P0 and P1: p95 <= {WANTED_P95_MS} ms): "
        f"{shown}; the generator itself was late by {lag_ms:,.1f} ms (p99); verdict: {told['outcome']}"
    )


def _wait(port: int, server: "subprocess.Popen[bytes]") -> None:
    until_s = time.monotonic() + 600.0
    while time.monotonic() < until_s and server.poll() is None:
        try:
            line = HttpLine(setup_of("http://127.0.0.1", 1), [], 0.0)
            if line.send(Ask("x", "GET", f"http://127.0.0.1:{port}/readyz", {}, "", "")).status == 200:
                return
        finally:
            line.close()
        time.sleep(1.0)
    raise SystemExit("the server did not start")


def main() -> None:
    """Measure everything and print it."""
    with do_nothing() as url:
        bare = bare_loop(url)
        one, two = send(url, WANTED_RATE, 1), send(url, 2 * WANTED_RATE * WANTED_SHARE, 2)
    click.echo(f"load average at the beginning: {os.getloadavg()[0]:.1f}, cores: {os.cpu_count()}")
    click.echo("| what, a second | by the clock | by CPU time | of a bare loop | late by itself, p99 | wanted |")
    click.echo("|---|---|---|---|---|---|")
    click.echo(f"| bare loop, one connection | - | {bare:,.0f} | 1.00 | - | - |")
    for name, sent, wanted in (
        (f"one process, {WANTED_RATE:,} offered", one, f"{WANTED_RATE:,}"),
        ("two processes, each", two, f"{WANTED_SHARE:.0%} of one"),
    ):
        each = sent.by_clock / (2 if sent is two else 1)
        row = f"{each:,.0f} | {sent.by_cpu:,.0f} | {sent.by_cpu / bare:.2f} | {sent.lag_p99_ms:,.1f} ms | {wanted}"
        click.echo(f"| {name} | {row} |")
    click.echo(
        f"\ntwo processes: {two.by_cpu / one.by_cpu:.0%} of one by CPU time; failed: {one.failed + two.failed}\n"
    )
    with tempfile.TemporaryDirectory() as name:
        click.echo(disaster(Path(name)))


if __name__ == "__main__":
    main()
