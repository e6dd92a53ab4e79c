"""SIGTERM and Ctrl-C: a command ends at once with all its processes, keeps what it has finished, and says so."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from scenarios.stopping import Terminated, exit_code, stoppable

HOLDING = """
import os, signal, sys, tempfile, threading
from scenarios.stopping import exit_code, stoppable
from scenarios.workers import work_through

def hold(folder):
    with tempfile.TemporaryDirectory(dir=folder):
        os.write(1, b"begun\\n")  # at once: what is printed may come in two parts
        threading.Event().wait()

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets jobs in the background ignore it
    try:
        with stoppable():
            list(work_through(hold, sys.argv[1:] * 3, 2))
    except KeyboardInterrupt as stop:
        sys.exit(exit_code(stop))
"""
"""A command whose two processes have begun tasks that never end, each in a folder of its own."""


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_no_process_outlives_its_command(tmp_path: Path, sent: signal.Signals, code: int) -> None:
    """However a command ends, its processes leave what they do, remove what they made, and end."""
    (tmp_path / "work").mkdir()
    script = tmp_path / "holding.py"
    script.write_text(HOLDING)
    typed = [sys.executable, script, tmp_path / "work"]
    with subprocess.Popen(typed, stdout=subprocess.PIPE) as command:  # noqa: S603 - our own words
        assert command.stdout is not None
        begun = [command.stdout.readline() for _ in range(2)]
        command.send_signal(sent)
        # Every process holds the other end: this comes back when the last one has ended.
        rest = command.stdout.read()
    assert (begun, rest) == ([b"begun\n"] * 2, b"")
    assert command.returncode == code
    assert list((tmp_path / "work").iterdir()) == []


def test_sigterm_is_told_from_ctrl_c() -> None:
    """Both end the block as an interruption; a second SIGTERM does not disturb the end; then all is as before."""
    before = signal.getsignal(signal.SIGTERM)
    cleaned: list[bool] = []

    def ended() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            cleaned.append(True)

    with pytest.raises(Terminated) as stopped, stoppable():
        ended()
    assert cleaned
    assert exit_code(stopped.value) == 143
    with pytest.raises(KeyboardInterrupt) as pressed, stoppable():
        raise KeyboardInterrupt
    assert exit_code(pressed.value) == 130
    assert signal.getsignal(signal.SIGTERM) is before
