"""Environments of the peers, each its own: installed when first needed, skipped where there is no registry."""

import subprocess
import sys
from pathlib import Path

PACKAGES = {"sumo": ("eclipse-sumo",), "uxsim": ("uxsim",), "simpy": ("simpy", "numpy"), "mesa": ("mesa", "numpy")}


def programs_of(peer: str, folder: Path) -> Path | None:
    """The folder of a peer's programs, None if it cannot be installed."""
    programs = folder / peer / "bin"
    if (folder / peer / ".ready").is_file():
        return programs
    make = [sys.executable, "-m", "venv", str(folder / peer)]
    fill = [str(programs / "pip"), "install", "-q", *PACKAGES[peer]]
    for command in (make, fill):
        if subprocess.run(command, check=False, capture_output=True).returncode != 0:  # noqa: S603 - our own commands
            return None
    (folder / peer / ".ready").touch()
    return programs


def version_of(peer: str, folder: Path) -> str:
    """Name and version of what is installed."""
    package = PACKAGES[peer][0]
    command = [str(folder / peer / "bin" / "pip"), "show", package]
    shown = subprocess.run(command, check=False, capture_output=True, text=True).stdout  # noqa: S603 - our own command
    versions = [line.split(": ")[1] for line in shown.splitlines() if line.startswith("Version: ")]
    return f"{package} {versions[0]}" if versions else package
