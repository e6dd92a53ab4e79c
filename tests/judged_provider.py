"""Providers that others wrote, judged by the suite's core-oidc profile."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click
from deviant.proxy.mutating import Proxy, mutating_proxy
from deviant.proxy.mutations import FAULTS, NULL, SIGNED_AGAIN
from foreign_servers import free_port, node_server

from conformance.plan import ClientPart, PersonPart, Plan, ReceiverPart, TargetPart
from conformance.results import Result
from conformance.runner import Choice, plan_run, results_of, run_planned
from conformance.survey import survey
from conformance.wire import Line

SECRET = "-secret-of-a-test-0123456789"
ENVIRON = {
    "CITYTWIN_CLIENT_ID": "rp",
    "CITYTWIN_CLIENT_SECRET": "rp" + SECRET,
    "SECOND_ID": "second-rp",
    "SECOND_SECRET": "second-rp" + SECRET,
    "CITYTWIN_USER": "somebody",
    "CITYTWIN_PASSWORD": "anything",
    "SECOND_USER": "somebody-else",
}


def plan_for(issuer: str) -> Plan:
    """A plan for oidc-provider with two clients and two people."""
    return Plan(
        TargetPart(("core-oidc",), issuer=issuer),
        client=_client("rp", "client_secret_basic", "CITYTWIN_CLIENT_ID", "CITYTWIN_CLIENT_SECRET"),
        second_client=_client("second-rp", "client_secret_post", "SECOND_ID", "SECOND_SECRET"),
        second_person=PersonPart(user_env="SECOND_USER"),
        receiver=ReceiverPart(f"http://127.0.0.1:{(port := free_port())}", f"127.0.0.1:{port}"),
    )


def _client(name: str, method: str, id_env: str, secret_env: str) -> ClientPart:
    host = f"https://{name}.citytwin.example"
    return ClientPart(
        client_id_env=id_env,
        client_secret_env=secret_env,
        auth_method=method,  # type: ignore[arg-type]  # one of the two that are written above
        redirect_uri=f"{host}/callback",
        post_logout_redirect_uri=f"{host}/signed-out",
        scope="openid profile email phone address offline_access",
    )


def judged(issuer: str, *names: str, slow: bool = False, seed: int = 1, jobs: int = 1) -> list[Result]:
    """Results of the named requirements, of the whole profile where none is named."""
    line = Line(timeout_s=10.0)
    try:
        target = survey(plan_for(issuer), line, ENVIRON)
        rows = plan_run(target, Choice(names=names, slow=slow))
        return results_of(run_planned(target, rows, seed=seed, jobs=jobs))
    finally:
        line.close()


@contextmanager
def provider_behind_proxy() -> Iterator[Proxy]:
    """oidc-provider behind the mutating proxy, under the proxy's address."""
    outside = free_port()
    with (
        node_server("oidc_provider.mjs", f"http://127.0.0.1:{outside}") as upstream,
        mutating_proxy(outside, upstream) as proxy,
    ):
        yield proxy


def main() -> None:
    """``python -m judged_provider [MUTATION|all|-] [NAMES]``: judge oidc-provider, behind the proxy if one is named."""
    given = sys.argv[1:] or ["-"]
    begin_s = time.monotonic()
    every = {one.name: one for one in (NULL, SIGNED_AGAIN, *FAULTS)}
    with provider_behind_proxy() as proxy:
        for name in every if given[0] == "all" else given[:1]:
            proxy.mutation = every.get(name)
            _tell(name, proxy.mutation.breaks if proxy.mutation else (), judged(proxy.url, *given[1:]))
    click.echo(f"{time.monotonic() - begin_s:.1f} s")


def _tell(name: str, breaks: tuple[str, ...], results: list[Result]) -> None:
    wrong = [one for one in results if one.verdict.value not in ("pass", "omit", "review")]
    caught = {one.requirement.id for one in wrong if one.verdict.value in ("fail", "warn")}
    found = "CAUGHT" if set(breaks) <= caught else "MISSED"
    click.echo(f"== {name}: breaks {breaks}; {found}; others {sorted(caught - set(breaks))}")
    for one in wrong:
        click.echo(f"  {one.name:28} {one.verdict.value:6} {one.duration_s:5.2f}s {one.message.en[:240]}")


if __name__ == "__main__":
    main()
