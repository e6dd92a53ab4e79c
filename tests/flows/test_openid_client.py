"""The certified client openid-client (npm) at the reference city OS: a client that none of us wrote."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sandbox_city import small_seed
from serving import listening, served

from reference_api.app import create_app
from reference_api.clock import WallClock
from reference_api.inline import run_inline
from reference_api.oidc.clients import AUTH_METHODS, PUBLIC
from reference_api.seed import load_into
from reference_api.settings import Settings
from reference_api.store.sqlite import SqliteStore

FOLDER = Path(__file__).parents[1] / "javascript"
TIMEOUT_S = 120.0


@pytest.fixture(scope="module")
def trials() -> Iterator[dict[str, Any]]:
    """What openid-client reports for each kind of client."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node.js is not installed")
    if not (FOLDER / "node_modules" / "openid-client").is_dir():
        pytest.skip(f"openid-client is not installed: npm install --no-package-lock --prefix {FOLDER}")
    store = SqliteStore()
    run_inline(load_into(store, small_seed(), sandbox=True))
    with (
        listening() as (bound, issuer),
        served(create_app(Settings(sandbox=True, issuer=issuer), store, WallClock()), bound),
    ):
        done = subprocess.run(  # noqa: S603 - our own script
            [node, str(FOLDER / "openid_client.mjs"), issuer],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    yield {told["client_id"]: told for told in json.loads(done.stdout)}
    run_inline(store.close())


def test_every_kind_of_client_signs_its_person_in(trials: dict[str, Any]) -> None:
    """Basic, post, public and private_key_jwt: login with PKCE, state, nonce, iss and max_age, and UserInfo."""
    assert {told["auth_method"] for told in trials.values()} == set(AUTH_METHODS)
    for told in trials.values():
        assert told["sub"] == told["userinfo_sub"]
        assert told["name"]
    assert len({told["sub"] for told in trials.values()}) == len(trials)


def test_refreshed_tokens_are_introspected_and_revoked(trials: dict[str, Any]) -> None:
    """What was refreshed is active, and is refused once it is revoked; public clients cannot introspect."""
    for told in trials.values():
        assert told["active"] is (None if told["auth_method"] == PUBLIC else True)
        assert told["after_revocation"] == "invalid_token"


def test_signing_out_ends_in_the_client(trials: dict[str, Any]) -> None:
    """The browser comes back with the state, and the refresh token of the session has ended."""
    for told in trials.values():
        assert told["logout"].endswith("/signed-out?state=bye")
        assert told["after_logout"] == "invalid_grant"
