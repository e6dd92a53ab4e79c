"""What travels between a master and its workers, without locust between them."""

from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from typing import Any

import msgspec
import pytest

from scenarios.load import courier
from scenarios.load.calls import GO, LOST, STOP, DueCall, Lost, Progress, Setup
from scenarios.load.courier import HELLO, REFUSED, MasterCourier, Refused, WorkerCourier
from scenarios.load.generator import prepare

SETUP = Setup("http://127.0.0.1:1", "http://127.0.0.1:1/token", "k", {}, 1.0, 10, processes=2)


@dataclass
class Net:
    """A master and the queues of its workers' answers."""

    folder: Path
    parts: int = 2
    queues: dict[str, deque[tuple[str, dict[str, Any]]]] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir()
        self.master = MasterCourier(self.folder, self.parts, "1", self._to_worker)

    def _to_worker(self, kind: str, data: dict[str, Any], client: str | None) -> None:
        self.said.append(kind)
        for one in self.queues if client is None else [client]:
            self.queues[one].append((kind, data))

    def worker(self, name: str) -> WorkerCourier:
        """A worker with a folder of its own beside the master's."""
        folder = self.folder.parent / name
        folder.mkdir()
        self.queues[name] = deque()
        queue = self.queues[name]

        class Replies:
            def get(self, *, timeout: float | None = None) -> tuple[str, dict[str, Any]]:
                if not queue:
                    raise Empty
                return queue.popleft()

        return WorkerCourier(
            folder, lambda kind, data, _: self.master.hear(kind, data, name), Replies(), lambda _: None
        )


def calls(count: int) -> list[DueCall]:
    """So many calls of as many citizens."""
    return [DueCall(row, float(row), "op", "GET", "u", f"citizen:{row}") for row in range(count)]


def test_each_worker_gets_its_part_and_gives_back_what_it_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Byte for byte, however many pieces that takes."""
    monkeypatch.setattr(courier, "PIECE_BYTES", 100)
    net = Net(tmp_path / "master")
    prepare(net.folder, SETUP, calls(50))
    for part, name in enumerate(("a", "b")):
        worker = net.worker(name)
        assert worker.join("1", "h") == part
        worker.fetch(part, [])
        (tmp_path / name / f"measured.{part}").write_bytes(bytes(range(256)) * 3)
        worker.give(part)
        worker.tell(Progress(done=True))
        for file in (f"calls.{part}", "setup.json", f"measured.{part}"):
            assert (net.folder / file).read_bytes() == (tmp_path / name / file).read_bytes()
        assert msgspec.json.decode((net.folder / f"progress.{part}").read_bytes(), type=Progress).done


def test_who_says_hello_twice_keeps_their_part(tmp_path: Path) -> None:
    """A welcome that came late costs nobody a part; somebody too many has none, and somebody of another version."""
    net = Net(tmp_path / "master", parts=1)
    worker = net.worker("a")
    assert (worker.join("1", "h"), worker.join("1", "h")) == (0, 0)
    for name, version, key in (("b", "1", "load_worker_spare"), ("c", "2", "load_worker_version")):
        with pytest.raises(Refused, match=key):
            net.worker(name).join(version, "h")
        assert key in (tmp_path / name / REFUSED).read_text("utf-8")


def test_another_machine_must_be_spelled_out_at_the_worker_too(tmp_path: Path) -> None:
    """A master's word is not enough: nothing is sent, and both sides are told what to type."""
    net = Net(tmp_path / "master")
    far = msgspec.structs.replace(SETUP, target="http://test.city.example")
    prepare(net.folder, far, calls(2))
    worker = net.worker("a")
    part = worker.join("1", "h")
    with pytest.raises(Refused, match="load_forbidden_host"):
        worker.fetch(part, ["other.example"])
    lost = msgspec.json.decode((net.folder / LOST).read_bytes(), type=Lost)
    assert (lost.reason, lost.told) == ("refused", "--i-may-load-this-host test.city.example")
    worker = net.worker("b")
    worker.fetch(worker.join("1", "h"), ["test.city.example"])


def test_a_worker_that_is_gone_before_its_end_is_told(tmp_path: Path) -> None:
    """One that is done may go."""
    net = Net(tmp_path / "master")
    for name in ("a", "b"):
        net.worker(name).join("1", name)
    net.master.hear(courier.TELL, msgspec.to_builtins(Progress(done=True)), "a")
    net.master.look(lambda client: client != "a")
    assert not (net.folder / LOST).exists()
    net.master.look(lambda client: client != "b")
    assert msgspec.json.decode((net.folder / LOST).read_bytes(), type=Lost) == Lost(1, "b", "silent")


def test_the_beginning_is_told_once_and_counted_on_the_workers_own_clock(tmp_path: Path) -> None:
    """By how long it is until then, so that clocks of machines need not agree."""
    net = Net(tmp_path / "master")
    worker = net.worker("a")
    worker.join("1", "h")
    (net.folder / GO).write_text("0.0", "ascii")
    (net.folder / STOP).touch()
    net.master.look(lambda _: True)
    net.master.look(lambda _: True)
    begin, end = net.queues["a"]
    assert (begin[0], end[0], begin[1]["in_s"] < 0.0) == (courier.BEGIN, courier.END, True)
    worker.hear(*begin)
    worker.hear(*end)
    assert abs(float((tmp_path / "a" / GO).read_text("ascii"))) < 60.0
    assert (tmp_path / "a" / STOP).exists()


def test_what_strangers_say_is_not_heard(tmp_path: Path) -> None:
    """Who was not welcomed gives nothing and is given nothing."""
    net = Net(tmp_path / "master")
    for kind in courier.TO_MASTER:
        if kind != HELLO:
            net.master.hear(kind, {"name": "calls", "at": 0, "bytes": b"x", "reason": "failed", "told": ""}, "stranger")
    assert (net.said, list(net.folder.iterdir())) == ([], [])


def test_a_worker_that_fails_says_why(tmp_path: Path) -> None:
    """The first word on it stands."""
    net = Net(tmp_path / "master")
    worker = net.worker("a")
    worker.join("1", "h")
    worker.fail("ValueError: x")
    net.master.look(lambda _: False)
    lost = msgspec.json.decode((net.folder / LOST).read_bytes(), type=Lost)
    assert lost == Lost(0, "h", "failed", "ValueError: x")
