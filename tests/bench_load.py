"""The numbers of the load generator: what it can send, and what one worker of the reference holds of 50,000 IDs.

Run by ``make bench-load``; prints Markdown. Rates by the clock need an idle machine; rates by CPU time do not, and each
has its ratio to the same requests in a bare loop, measured in the same run against the same server that does nothing.
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
from typing import Any

import click
import psutil

from scenarios.load.calls import DueCall, Login, Setup
from scenarios.load.generator import Generator, Sending, free_port, measured, prepare
from scenarios.load.line import HttpLine
from scenarios.load.sender import Ask
from scenarios.load.verdict import latency_of

ROOT = Path(__file__).resolve().parents[1]
WANTED_RATE, WANTED_SHARE, WANTED_P95_MS = 3_500, 0.85, 50
OFFERED_RATE = 4_500
"""Calls a second that are offered to each process: more than is wanted."""

LENGTH_S = 10.0
MOST_CALLS = 60_000
"""Calls that are all due at once: what is sent then is the most that a process can."""

BARE = 20_000
PEOPLE = 2_000
IDS, MIX_S, OPENING = 50_000, 180, "the first three minutes"
IDLE_LOAD = 1.0
"""Load average below which nobody else is at work."""

START_S = 300.0
"""How long the reference may take to make 50,000 people: twenty times its CPU time."""

BODY = '{"position":{"type":"Point","coordinates":[139.9,37.4]},"observed_at":"2027-01-01T10:00:00+09:00","ttl_s":900}'
PROGRAM = [sys.executable, "-c", "from scenarios.cli import main; main()"]


@contextmanager
def do_nothing() -> Iterator[tuple[str, psutil.Process]]:
    """Address and process of the server that only answers."""
    command = [sys.executable, str(ROOT / "tests" / "do_nothing.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 - our own server
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}", psutil.Process(server.pid)
        finally:
            server.kill()


def setup_of(url: str, processes: int) -> Setup:
    """What the generator is told of the server."""
    login = Login("Basic x", "grant_type=x&subject_token={}")
    return Setup(url, f"{url}/token", "k" * 20, {"citizen": login}, 60.0, 10_000, processes)


def calls_at(url: str, rate: float) -> Iterator[DueCall]:
    """Calls as in the disaster profile: boards, families and positions, evenly in time (all at once at rate inf)."""
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
    """What a process of a generator sent a second: by the clock, by its CPU time; and how late it was itself.

    ``server_share`` is how much of a core the server needed meanwhile.
    """

    by_clock: float
    by_cpu: float
    lag_p99_ms: float
    failed: int
    server_share: float


def send(place: tuple[str, psutil.Process], rate: float, calls: int, processes: int) -> Sent:
    """Offer a rate, so many calls in all; figures are of each process."""
    url, server = place
    setup = setup_of(url, processes)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, setup, islice(calls_at(url, rate), calls))
        with Generator(folder, Sending(url, processes)) as generator:
            generator.begin()
            before_s = cpu_s(server)
            generator.wait(calls / rate, tell_nobody)
            served_s, worked_s = cpu_s(server) - before_s, generator.work_s
        rows = measured(folder, processes)
    clock_s = max(one.done_s for one in rows)
    return Sent(
        by_clock=len(rows) / clock_s / processes,
        by_cpu=len(rows) / worked_s,
        lag_p99_ms=latency_of(one.lag_s for one in rows).p99_ms,
        failed=sum(not one.succeeded for one in rows),
        server_share=served_s / clock_s,
    )


def tell_nobody(stage: str, share: float) -> None:
    """Says nothing."""


def cpu_s(process: psutil.Process) -> float:
    """CPU time of a process and its children."""
    every = [process, *process.children(recursive=True)]
    return sum(one.cpu_times().user + one.cpu_times().system for one in every)


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


def generator_table() -> Iterator[str]:
    """What the generator can send, as Markdown."""
    with do_nothing() as place:
        bare = bare_loop(place[0])
        offered = int(OFFERED_RATE * LENGTH_S)
        most = send(place, float("inf"), MOST_CALLS, 1)
        one, two = send(place, OFFERED_RATE, offered, 1), send(place, 2 * OFFERED_RATE, 2 * offered, 2)
    yield "| requests a second, each | by the clock | by CPU time | of a bare loop | late by itself, p99 | server |"
    yield "|---|---|---|---|---|---|"
    yield f"| bare loop, one connection | - | {bare:,.0f} | 1.00 | - | - |"
    for name, sent in (
        (f"one, {MOST_CALLS:,} at once", most),
        (f"one, {OFFERED_RATE:,} offered", one),
        (f"two, {OFFERED_RATE:,} offered to each", two),
    ):
        lag = "-" if sent is most else f"{sent.lag_p99_ms:,.1f} ms"
        figures = f"{sent.by_clock:,.0f} | {sent.by_cpu:,.0f} | {sent.by_cpu / bare:.2f} | {lag}"
        yield f"| {name} | {figures} | {sent.server_share:.0%} of a core |"
    yield ""
    yield met(f"one process, by the clock: {one.by_clock:,.0f}/s (wanted {WANTED_RATE:,})", one.by_clock >= WANTED_RATE)
    share, cpu = two.by_clock / one.by_clock, two.by_cpu / one.by_cpu
    told = f"each of two, of one: {share:.0%} by the clock, {cpu:.0%} by CPU time (wanted {WANTED_SHARE:.0%})"
    yield met(told, share >= WANTED_SHARE)
    failed = most.failed + one.failed + two.failed
    yield met(f"failed: {failed}", failed == 0)


def met(told: str, is_met: bool) -> str:  # noqa: FBT001 - the one thing to say
    """A line that says whether it is what was wanted."""
    return f"- {'met' if is_met else 'NOT MET'}: {told}"


def disaster(folder: Path) -> Iterator[str]:
    """The disaster profile of 50,000 IDs against one worker of the reference, in processes of their own."""
    port, out = free_port(), folder / "load"
    serve = [*PROGRAM, "serve", "--ids", str(IDS), "--port", str(port), "--quiet"]
    with subprocess.Popen(serve, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:  # noqa: S603
        try:
            wait_for(port, server)
            before_s, began_s = cpu_s(psutil.Process(server.pid)), time.monotonic()
            words = ["--ids", str(IDS), "--until", str(MIX_S), "--target", f"http://127.0.0.1:{port}"]
            press = [*PROGRAM, "load", "--profile", "disaster", *words, "--out", str(out), "--quiet", "--lang", "en"]
            subprocess.run(press, check=False)  # noqa: S603 - our own command
            served_s = cpu_s(psutil.Process(server.pid)) - before_s
            took_s = time.monotonic() - began_s
        finally:
            server.kill()
    if not (out / "load.json").exists():
        raise SystemExit("the load left no report; what it said stands above")
    yield from mix_lines(json.loads((out / "load.json").read_text("utf-8")), served_s, took_s)


def mix_lines(told: dict[str, Any], served_s: float, took_s: float) -> Iterator[str]:
    """What came of it, class by class; what the server and the generator needed for it."""
    yield f"Disaster profile of {IDS:,} IDs, {OPENING}, one worker of the reference:"
    yield ""
    for one in told["classes"]:
        p95_ms = one["latency"]["p95_ms"]
        line = (
            f"{one['name']}: {one['calls']:,} calls, {one['rate']:,.0f}/s, p95 {p95_ms:,.1f} ms, {one['failed']} failed"
        )
        is_judged = one["name"] in ("P0", "P1")
        yield met(f"{line} (wanted p95 <= {WANTED_P95_MS} ms)", p95_ms <= WANTED_P95_MS) if is_judged else f"- {line}"
    calls = sum(one["calls"] for one in told["classes"])
    lag, share = told["generator"]["p99_ms"], told["generator"]["core_share"]
    yield f"- server: {1000 * served_s / calls:.2f} ms of CPU a request, the oracle's too; {took_s:,.0f} s in all"
    yield f"- generator: late by {lag:,.1f} ms (p99), {share:.0%} of a core; verdict: {told['outcome']}"


def wait_for(port: int, server: "subprocess.Popen[bytes]") -> None:
    """Wait until the reference answers."""
    until_s = time.monotonic() + START_S
    ask = Ask("x", "GET", f"http://127.0.0.1:{port}/readyz", {}, "", "")
    while time.monotonic() < until_s and server.poll() is None:
        line = HttpLine(setup_of("http://127.0.0.1", 1), [], 0.0)
        status = line.send(ask).status
        line.close()
        if status == 200:
            return
        time.sleep(0.5)
    raise SystemExit("the server did not start")


def main() -> None:
    """Measure everything and print it."""
    began_s = time.monotonic()
    load = os.getloadavg()[0]
    idle = "idle" if load < IDLE_LOAD else "NOT idle: what is said by the clock is not the generator's"
    click.echo(f"load average at the beginning: {load:.1f} ({idle}); cores: {os.cpu_count()}\n")
    for line in generator_table():
        click.echo(line)
    click.echo(f"\n{time.monotonic() - began_s:,.0f} s so far; the disaster mix takes about four minutes.\n")
    with tempfile.TemporaryDirectory() as name:
        for line in disaster(Path(name)):
            click.echo(line)
    click.echo(f"\n{time.monotonic() - began_s:,.0f} s in all")


if __name__ == "__main__":
    main()
