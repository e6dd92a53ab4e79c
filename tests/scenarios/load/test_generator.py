"""What the generator's processes are given, and what is read back."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from load_values import measured

from scenarios.load.calls import CHECK_IN, DueCall, Measured, Setup, read_records, write_records
from scenarios.load.errors import WorkerLost
from scenarios.load.generator import Generator, Sending, prepare
from scenarios.load.generator import measured as read_measured

SETUP = Setup("http://t", "http://t/token", "k", {}, 1.0, 10)


def parts(folder: Path, calls: list[DueCall], processes: int) -> list[list[DueCall]]:
    """The calls of each process."""
    prepare(folder, msgspec.structs.replace(SETUP, processes=processes), calls)
    return [list(read_records(folder / f"calls.{part}", DueCall)) for part in range(processes)]


@given(st.lists(st.integers(0, 9), max_size=60), st.integers(1, 4))
def test_every_call_goes_to_one_process_with_all_that_belongs_to_it(
    tmp_path_factory: pytest.TempPathFactory, people: list[int], processes: int
) -> None:
    """Nothing is lost; a citizen signs in at one process only; who needs an answer is where it comes."""
    folder = tmp_path_factory.mktemp("calls")
    calls = [DueCall(row, float(row), "op", "GET", "u", f"citizen:{who}") for row, who in enumerate(people)]
    first = len(calls)
    calls.append(DueCall(first, 100.0, "checkIn", "POST", "u", "shelter_desk:0", gives=CHECK_IN))
    calls.append(DueCall(first + 1, 101.0, "checkOut", "POST", "u", "shelter_desk:0", after=first, takes=CHECK_IN))
    given_out = parts(folder, calls, processes)
    assert sorted(call.number for part in given_out for call in part) == list(range(len(calls)))
    assert all([call.number for call in part] == sorted(call.number for call in part) for part in given_out)
    whose = [{call.actor for call in part if call.actor.startswith("citizen")} for part in given_out]
    assert sum(map(len, whose)) == len(set().union(*whose))
    assert sum({first, first + 1} <= {call.number for call in part} for part in given_out) == 1


def test_a_record_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    """A process that was killed leaves what it had written."""
    path = tmp_path / "measured.0"
    with path.open("wb") as file:
        write_records(file, [measured(0), measured(1)])
    path.write_bytes(path.read_bytes()[:-3])
    assert [one.call for one in read_records(path, Measured)] == [0]


def test_long_bodies_come_back_and_answers_stand_in_their_order(tmp_path: Path) -> None:
    """Of every process, by the time of their answers."""
    for part, done_s in ((0, 0.3), (1, 0.2)):
        with (tmp_path / f"measured.{part}").open("wb") as file:
            write_records(
                file, [measured(part, done_s=done_s, body=b"long" * 99), measured(part, done_s=0.4 + part, same_as=0)]
            )
    rows = read_measured(tmp_path, 2)
    assert [one.done_s for one in rows] == [0.2, 0.3, 0.4, 1.4]
    assert {one.body for one in rows} == {b"long" * 99}


def test_a_generator_that_fails_says_why_at_once(tmp_path: Path) -> None:
    """Nobody waits for calls that will not leave."""
    prepare(tmp_path, SETUP, [])
    (tmp_path / "calls.0").write_bytes(b"\x01\0\0\0\xc1")

    def silent(stage: str, share: float) -> None:
        """Tell nobody."""

    with Generator(tmp_path, Sending("http://127.0.0.1:1")) as generator:
        generator.begin()
        with pytest.raises(WorkerLost, match=r"failed: .*Error"):
            generator.wait(1.0, silent)


KILLED_PARENT = """
import sys, time
from pathlib import Path
from scenarios.load.generator import Generator, Sending
generator = Generator(Path(sys.argv[1]), Sending("http://127.0.0.1:9"))
generator.begin()
print(generator.process, flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="waits for a process that is not its child by Linux's pidfd")
def test_a_generator_ends_with_the_process_that_began_it(tmp_path: Path) -> None:
    """Whoever is killed without a word leaves no generator behind that goes on pressing a service."""
    late = DueCall(0, 500.0, "op", "GET", "http://127.0.0.1:9/", "anybody")
    prepare(tmp_path, SETUP, [late])
    command = [sys.executable, "-c", KILLED_PARENT, tmp_path]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE)  # noqa: S603 - our own arguments
    with parent:
        assert parent.stdout is not None
        generator = os.pidfd_open(int(parent.stdout.readline()))
        parent.send_signal(signal.SIGKILL)
    try:
        assert select.select([generator], [], [], 60)[0], "the generator outlived its parent by a minute"
    finally:
        os.close(generator)
