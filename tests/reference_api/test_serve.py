"""What a server process asks of the machine before it serves."""

import pytest

from reference_api.serve import OPEN_FILES, allow_open_files

resource = pytest.importorskip("resource", reason="Windows has no such limit")


def test_a_server_may_hold_as_many_connections_as_it_can() -> None:
    """The soft limit of open files is raised as far as nobody need be asked, and never lowered."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most - 1, hard))
        for _ in range(2):
            allow_open_files()
            assert resource.getrlimit(resource.RLIMIT_NOFILE) == (most, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
