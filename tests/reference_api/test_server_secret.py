"""The server's secret: given or kept, the same in every worker, another one for each purpose."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stores import OpenedStore

from reference_api.errors import StoreFault
from reference_api.server_secret import ServerSecret


def test_nothing_is_derived_before_the_secret_is_known() -> None:
    """Without a given secret the database is asked first."""
    secret = ServerSecret()
    assert not secret.is_known
    with pytest.raises(StoreFault, match="learn"):
        secret.derive("cursor")


def test_workers_and_restarts_agree(two_over_one: tuple[OpenedStore, OpenedStore]) -> None:
    """The secret that the first worker makes is everybody's, now and later."""
    derived = set()
    for opened in (*two_over_one, *two_over_one):
        secret = ServerSecret()
        opened.drive(secret.learn(opened.store))
        derived.add(secret.derive("cursor"))
    assert len(derived) == 1
    assert len(two_over_one[0].rows("SELECT secret FROM server_secret")) == 1


def test_a_given_secret_is_not_kept(two_over_one: tuple[OpenedStore, OpenedStore]) -> None:
    """What the environment gives is used, and does not lie in the database."""
    opened = two_over_one[0]
    secret = ServerSecret("s" * 32)
    opened.drive(secret.learn(opened.store))
    assert secret.derive("cursor") == ServerSecret("s" * 32).derive("cursor")
    assert opened.rows("SELECT secret FROM server_secret") == []


@given(st.text(max_size=30), st.text(max_size=30), st.sampled_from([16, 32, 64]))
def test_purposes_know_nothing_of_one_another(one: str, other: str, length: int) -> None:
    """The same purpose gives the same bytes, as many as asked for; another purpose others."""
    secret = ServerSecret("s" * 32)
    assert len(secret.derive(one, length)) == length
    assert (secret.derive(one, length) == secret.derive(other, length)) == (one == other)
    assert secret.derive(one) != ServerSecret("t" * 32).derive(one)
