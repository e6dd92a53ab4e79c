"""What the deployment files name is there."""

import re
from pathlib import Path

from reference_api.__main__ import _parser
from reference_api.settings import Settings, settings_to_environment

ROOT = Path(__file__).parents[2]
KNOWN = {f"CITYTWIN_{name.upper()}" for name in Settings.__dataclass_fields__}


def test_variables_of_the_documents_are_settings() -> None:
    """Every variable that guide, unit and container name is a setting, and the guide names the common ones."""
    named: dict[str, set[str]] = {}
    for path in ("docs/guides/operate.md", "docs/deploy/citytwin.service", "docs/deploy/Containerfile"):
        named[path] = set(re.findall(r"CITYTWIN_[A-Z_]+", (ROOT / path).read_text(encoding="utf-8")))
        assert named[path] <= KNOWN, path
    assert (
        named["docs/guides/operate.md"]
        >= set(settings_to_environment(Settings(secret="x" * 32))) & named["docs/deploy/citytwin.service"]
    )


def test_commands_of_the_documents_can_be_read() -> None:
    """The command lines of unit and container are ones that the server understands."""
    unit = (ROOT / "docs/deploy/citytwin.service").read_text(encoding="utf-8")
    command = re.search(r"^ExecStart=\S+ -m reference_api (.+)$", unit, re.MULTILINE)
    assert command is not None
    assert _parser().parse_args(command[1].split()).workers == 4
    container = (ROOT / "docs/deploy/Containerfile").read_text(encoding="utf-8")
    entry = re.search(r'^ENTRYPOINT \["python", "-m", "reference_api", (.+)\]$', container, re.MULTILINE)
    assert entry is not None
    assert _parser().parse_args([word.strip(' "') for word in entry[1].split(",")]).port == 8080
