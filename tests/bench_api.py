"""The numbers of the reference city OS: in process, by the time that the server's own code takes; then over HTTP.

Run by ``make bench-api``; prints a Markdown table. Seconds differ between machines, so each row has its ratio to the
same read behind a bare Starlette route, measured just before it in the same process.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from itertools import count, repeat
from typing import Any

import click
import msgspec
from bench_http import disaster_mix, reads_over_http
from browser import Browser
from hostile import hostile_city
from sandbox_city import AT, City
from signing_in import ask, secret_of, told
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router

from reference_api.inline import run_inline
from reference_api.oidc.code_redemption import challenge_of

WARM, MOST_S = 300, 3.0
"""Calls before the clock starts, and seconds for which each case runs."""


@dataclass
class Timed:
    """An ASGI app that adds up the time spent in it."""

    app: Any
    spent_s: float = 0.0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer, and count the seconds of this process."""
        began_s = time.process_time()
        try:
            await self.app(scope, receive, send)
        finally:
            self.spent_s += time.process_time() - began_s

    @property
    def services(self) -> Any:
        """Those of the app."""
        return self.app.services


def rate(app: Timed, work: Callable[[], None]) -> float:
    """How often a second the work can be done, by the time that the app itself takes for it."""
    for _ in range(WARM):
        work()
    app.spent_s, count, began_s = 0.0, 0, time.monotonic()
    while time.monotonic() - began_s < MOST_S:
        work()
        count += 1
    return count / app.spent_s


def request_to(
    app: Timed, method: str, path: str, token: str, bodies: Iterator[bytes] | None = None, media_type: str = ""
) -> Callable[[], None]:
    """A request that is put together once and sent many times, without what a client library would cost."""
    headers = [(b"authorization", b"Bearer " + token.encode()), (b"accept", b"*/*")]
    headers += [(b"content-type", media_type.encode())] if media_type else []
    scope = {"type": "http", "method": method, "path": path, "root_path": "", "query_string": b"", "headers": headers}
    status: list[int] = []
    bodies = bodies or repeat(b"")

    async def receive() -> Any:
        return {"type": "http.request", "body": next(bodies), "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            status[:] = [message["status"]]

    def work() -> None:
        run_inline(app(dict(scope), receive, send))
        assert status[0] < 300, status

    return work


def bare_route(city: City) -> Timed:
    """The same read behind a bare Starlette route: no token, no quota, no headers."""

    async def read(request: Request) -> Response:
        number = int(request.path_params["check_in_id"])
        row: Any = await city.store.one(
            "SELECT id, shelter_id, channel, observed_at_s, checked_out_at_s FROM check_in WHERE id = ?", (number,)
        )
        shown = {"id": str(row[0]), "shelter_id": row[1], "channel": row[2], "observed_at": row[3], "state": "in"}
        return Response(msgspec.json.encode(shown), media_type="application/json")

    return Timed(Router(routes=[Route("/v1/check-ins/{check_in_id}", read)]))


def read_cases(city: City, app: Timed) -> dict[str, float]:
    """Reads a second of one thing behind a token: here, and behind a bare route."""
    path = f"/v1/check-ins/{city.check_in('S0', 'c0').json['id']}"
    token = city.token("shelter-desk")
    bare = bare_route(city)
    return {
        "bare Starlette route": rate(bare, request_to(bare, "GET", path, token)),
        "token-checked read": rate(app, request_to(app, "GET", path, token)),
        "user data with consent decisions": rate(app, request_to(app, "GET", "/v1/users/c0", city.token("c0"))),
        "shelter board": rate(app, request_to(app, "GET", "/v1/shelters/status", token)),
    }


def position_rows(city: City, app: Timed) -> float:
    """Rows of positions a second that are newer than what is known, in batches of 100."""

    def bodies() -> Iterator[bytes]:
        for number in count():
            at = (datetime.fromisoformat(AT) + timedelta(seconds=number)).isoformat()
            rows = [[f"c{person}", 139.9, 37.4, at, 10.0] for person in range(100)]
            yield msgspec.json.encode({"ttl_s": 900, "rows": rows})

    token = city.new_token("position-gateway")
    work = request_to(app, "POST", "/v1/locations/batch", token, bodies(), "application/json")
    return 100 * rate(app, work)


@dataclass
class Service:
    """A client of the sandbox whose users sign in and consent in a new browser, again and again."""

    city: City
    client_id: str = "example-service"
    verifier: str = "v" * 64

    def parameters(self, **changed: str) -> dict[str, str]:
        """An authorization request."""
        (redirect_uri, *_) = self.city.client(self.client_id).redirect_uris
        asked = {
            "client_id": self.client_id,
            "response_type": "code",
            "redirect_uri": redirect_uri,
            "nonce": "n",
            "code_challenge": challenge_of(self.verifier),
            "code_challenge_method": "S256",
            "prompt": "consent",
        }
        return {**asked, **changed}

    def log_in(self, password: str) -> None:
        """Request, sign-in page, consent page, code, and the tokens for it with a signed ID token."""
        browser = Browser(self.city)
        ask(browser, self)
        browser.submit("password", name="c0", password=password)
        code = told(browser.submit())["code"]
        redirect_uri = self.parameters()["redirect_uri"]
        answer = self.city.ask_token(
            self.client_id,
            grant_type="authorization_code",
            code=code,
            redirect_uri=redirect_uri,
            code_verifier=self.verifier,
        )
        assert "id_token" in answer.json, answer.body


def logins(city: City, app: Timed) -> float:
    """Whole logins a second, by the password of the sandbox (256 random bits, so no slow hash)."""
    service, password = Service(city), secret_of(city)
    return rate(app, lambda: service.log_in(password))


def observation_creates(city: City, app: Timed) -> float:
    """FHIR Observations created a second, validated against R4 and the profiles that they claim."""
    folder = files("conformance.contract.fhir").joinpath("examples")
    resource = json.loads(folder.joinpath("pulse-rate.json").read_text(encoding="utf-8"))
    resource.pop("id", None)
    token = city.token("c0")
    found = city.send("GET", "/fhir/Patient", {"authorization": f"Bearer {token}"}).json
    resource["subject"] = {"reference": f"Patient/{found['entry'][0]['resource']['id']}"}
    body = msgspec.json.encode(resource)
    return rate(app, request_to(app, "POST", "/fhir/Observation", token, repeat(body), "application/fhir+json"))


def in_process() -> dict[str, float]:
    """All rates in process."""
    city = hostile_city(users=100)
    app = Timed(city.app)
    city.app = app  # type: ignore[assignment]  # answers as the app does
    rates = read_cases(city, app)
    rates["rows of positions, in batches of 100"] = position_rows(city, app)
    rates["whole logins"] = logins(city, app)
    rates["FHIR Observation creates with validation"] = observation_creates(city, app)
    return rates


WANTED = {
    "token-checked read": 30_000,
    "rows of positions, in batches of 100": 400_000,
    "whole logins": 300,
    "FHIR Observation creates with validation": 3_000,
    "token-checked reads over HTTP, one worker": 6_000,
}


def main() -> None:
    """Measure everything and print the table."""
    rates = in_process()
    bare = rates["bare Starlette route"]
    by_clock, by_cpu = reads_over_http()
    rates["token-checked reads over HTTP, one worker"] = by_clock
    rates["the same by the worker's CPU time"] = by_cpu
    click.echo("| what, a second | rate | of a bare Starlette route | wanted |")
    click.echo("|---|---|---|---|")
    for name, value in rates.items():
        wanted = f"{WANTED[name]:,}" if name in WANTED else "-"
        click.echo(f"| {name} | {value:,.0f} | {value / bare:.2f} | {wanted} |")
    click.echo("")
    click.echo(disaster_mix())


if __name__ == "__main__":
    main()
