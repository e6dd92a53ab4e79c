"""A server that was killed leaves its counts in memory; the next one takes them away, and no living server's."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from reference_api import shared_counts

fcntl = pytest.importorskip("fcntl", reason="Windows has no folders in memory")

OWNER = """
import sys, time
from pathlib import Path
from reference_api import shared_counts
shared_counts.MEMORY_FOLDER = Path(sys.argv[1])
with shared_counts.folder_of_counts() as folder:
    print(folder, flush=True)
    time.sleep(600)
"""


def test_only_the_folders_of_ended_servers_are_taken_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that lives keeps its own, one that was killed does not; what tells no owner stays."""
    monkeypatch.setattr(shared_counts, "MEMORY_FOLDER", tmp_path)
    ownerless, foreign = tmp_path / "citytwin-metrics-old", tmp_path / "else"
    ownerless.mkdir()
    foreign.mkdir()
    command = [sys.executable, "-c", OWNER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 - this Python
        assert server.stdout is not None
        left = Path(server.stdout.readline().strip())
        with shared_counts.folder_of_counts() as folder:
            assert {*tmp_path.iterdir()} == {ownerless, foreign, left, Path(folder)}
            server.send_signal(signal.SIGKILL)
            server.wait()
            shared_counts.forget_ended(tmp_path)
            assert {*tmp_path.iterdir()} == {ownerless, foreign, Path(folder)}
    assert {*tmp_path.iterdir()} == {ownerless, foreign}
