"""Clients that a sandbox is filled with, and how its discovery shows them."""

from typing import Any

import msgspec
import pytest

from reference_api.oidc.client_seed import CLIENT_COLUMNS, client_row, example_clients, sandbox_client
from reference_api.oidc.clients import AUTH_METHODS


def test_examples_show_every_method() -> None:
    """There is one client for each way of proving oneself, each with what it needs and nothing more."""
    clients = example_clients()
    assert {client.auth_method for client in clients} == set(AUTH_METHODS)
    for client in clients:
        assert (client.secret is not None) == client.auth_method.startswith("client_secret")
        assert (client.private_jwk is not None) == (client.auth_method == "private_key_jwt")
        # The city's own app acts for the person; everybody else is a recipient who is shown pairwise subjects.
        own = client.role == "citizen_app"
        assert client.recipient == ("family" if own else f"service:{client.client_id}")
        assert (client.sector is None) == own
        assert all(uri.startswith(("http://127.0.0.1", "example.")) for uri in client.redirect_uris)
    assert len({client.sector for client in clients}) == len(clients)


def test_secrets_are_fresh_each_time() -> None:
    """No two sandboxes share a secret or a key."""
    one, other = example_clients(), example_clients()
    for first, second in zip(one, other, strict=True):
        if first.secret or first.private_jwk:
            assert (first.secret, first.private_jwk) != (second.secret, second.private_jwk)


def test_a_private_key_is_not_kept_with_the_client() -> None:
    """Of a key only the public half is stored, of a secret only the hash."""
    for client in (*example_clients(), sandbox_client("city_office")):
        row = dict(zip(CLIENT_COLUMNS, client_row(client), strict=True))
        assert client.secret is None or client.secret not in str(row)
        if client.private_jwk:
            private = msgspec.json.decode(client.private_jwk)["d"]
            assert private not in str(row["jwks"])


def test_discovery_shows_how_to_prove_oneself(city: Any) -> None:
    """Every client of a sandbox is listed with what opens it, and that does open the token endpoint."""
    listed = {one["client_id"]: one for one in city.call("GET", "/.well-known/city-os").json["sandbox"]["clients"]}
    assert set(listed) == {client.client_id for client in city.seed.clients}
    office = listed["city-office"]
    token = city.ask_token("city-office", office["client_secret"], grant_type="client_credentials")
    assert token.status == 200
    assert set(office["scopes"]) == set(token.json["scope"].split())
    assert "client_secret" not in listed["example-app"]
    assert listed["example-app"]["auth_method"] == "none"
    assert listed["example-key-client"]["private_jwk"]["kty"] == "EC"


@pytest.mark.parametrize("role", ["city_office", "shelter_desk", "citizen_app", "sandbox_admin"])
def test_the_citys_own_clients_are_shown_local_ids(role: str) -> None:
    """Roles of the disaster profile join people by the ID that all share (contract C1)."""
    assert sandbox_client(role).sector is None
