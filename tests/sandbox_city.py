"""A sandbox over a small city, and a caller that drives the app without an event loop."""

import base64
import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

from starlette.types import ASGIApp
from stores import Drive, OpenedStore

from conformance.contract.catalogue import load_roles
from reference_api.clock import GivenClock
from reference_api.inline import run_inline
from reference_api.oidc.client_seed import Client, example_clients, sandbox_client
from reference_api.seed import (
    Consent,
    District,
    Neighbourhood,
    RegisterEntry,
    SeedData,
    Shelter,
    User,
)
from reference_api.store.protocol import Row, Store

AT = "2027-01-15T07:00:00+09:00"
LATER = "2027-01-15T08:00:00+09:00"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"


@dataclass(frozen=True)
class Answer:
    """Status, headers and body of a response."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def problem(self) -> str:
        """Last part of the problem's type."""
        assert self.headers["content-type"] == "application/problem+json", self.body
        assert self.json["status"] == self.status
        return str(self.json["type"].rpartition("/")[2])


def send(
    app: ASGIApp,
    method: str,
    url: str,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    *,
    drive: Drive = run_inline,
) -> Answer:
    """One request to the app, answered at once."""
    parts = urlsplit(url)
    pending = iter([{"type": "http.request", "body": body, "more_body": False}])
    sent: list[dict[str, Any]] = []

    async def receive() -> Any:
        return next(pending, {"type": "http.disconnect"})

    async def take(message: Any) -> None:
        sent.append(message)

    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in (headers or {}).items()]
    scope = {
        "type": "http",
        "method": method,
        "path": unquote(parts.path),
        "root_path": "",
        "query_string": parts.query.encode("latin-1"),
        "headers": raw,
    }
    drive(app(scope, receive, take))  # type: ignore[arg-type]  # an ASGI app of ours is a coroutine function
    names = {name.decode("latin-1"): value.decode("latin-1") for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], names, b"".join(message.get("body", b"") for message in sent[1:]))


@dataclass
class City:
    """A server over a small town, its clock, and tokens for everybody."""

    app: ASGIApp
    opened: OpenedStore
    clock: GivenClock
    seed: SeedData
    _tokens: dict[tuple[str, str], str] = field(default_factory=dict)
    _keys: Any = field(default_factory=itertools.count)

    @property
    def store(self) -> Store:
        """The server's store."""
        return self.opened.store

    def rows(self, sql: str, *parameters: Any) -> list[Row]:
        """What the store holds."""
        return self.opened.rows(sql, *parameters)

    def client(self, client_id: str) -> Client:
        """A client of the seed."""
        return next(client for client in self.seed.clients if client.client_id == client_id)

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        """A request as it stands."""
        return send(self.app, method, url, headers, body, drive=self.opened.drive)

    def ask_token(self, client_id: str, secret: str | None = None, **form: str) -> Answer:
        """A token request with client_secret_basic."""
        credential = f"{client_id}:{self.client(client_id).secret if secret is None else secret}"
        basic = base64.b64encode(credential.encode()).decode()
        headers = {"authorization": f"Basic {basic}", "content-type": "application/x-www-form-urlencoded"}
        return send(self.app, "POST", "/token", headers, urlencode(form).encode(), drive=self.opened.drive)

    def token(self, who: str) -> str:
        """An access token for the API: of a client, or of a citizen (c1, c2 ...)."""
        key = (who, str(self.clock.now_s() // 3600))
        if key not in self._tokens:
            self._tokens[key] = self.new_token(who)
        return self._tokens[key]

    def new_token(self, who: str, **form: str) -> str:
        """A fresh access token of a client or a citizen."""
        if any(client.client_id == who for client in self.seed.clients):
            answer = self.ask_token(who, grant_type="client_credentials", **form)
        else:
            subject = {"subject_token": who, "subject_token_type": "urn:citytwin:local-id"}
            answer = self.ask_token("citizen-app", grant_type=EXCHANGE, **subject, **form)
        assert answer.status == 200, answer.body
        return str(answer.json["access_token"])

    def call(self, method: str, url: str, who: str = "", body: Any = None, **headers: str) -> Answer:
        """A request, with a token of ``who`` and a fresh Idempotency-Key unless one is given (None leaves it out)."""
        given = {"authorization": f"Bearer {self.token(who)}"} if who else {}
        if method == "POST":
            given["idempotency-key"] = f"key-{next(self._keys)}"
        raw = b""
        if body is not None:
            given["content-type"] = "application/json"
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        return send(self.app, method, url, given, raw, drive=self.opened.drive)

    def check_in(self, shelter: str, sub: str, **headers: str) -> Answer:
        """A shelter desk receives a person with ID."""
        body = {"sub": sub, "channel": "card", "observed_at": AT}
        return self.call("POST", f"/v1/shelters/{shelter}/check-ins", "shelter-desk", body, **headers)

    def declare(self, mode: str, *areas: str) -> Answer:
        """The city office declares a mode."""
        body = {"mode": mode, "hazard": "earthquake", "areas": list(areas), "declared_at": AT}
        return self.call("POST", "/v1/disaster-events", "city-office", body)

    def everything(self, url: str, who: str) -> list[Any]:
        """Items of all pages of a list."""
        items: list[Any] = []
        cursor = ""
        while True:
            page = self.call("GET", url + cursor, who)
            assert page.status == 200, page.body
            items += page.json["items"]
            assert (page.json["next_cursor"] is None) == ("link" not in page.headers)
            if page.json["next_cursor"] is None:
                return items
            cursor = ("&" if "?" in url else "?") + "cursor=" + page.json["next_cursor"]

    def opens_userinfo(self, token: str) -> bool:
        """Whether an access token is taken at UserInfo."""
        return self.call("GET", "/userinfo", authorization=f"Bearer {token}").status == 200

    def board(self) -> dict[str, Any]:
        """The board of shelters by id."""
        return {item["id"]: item for item in self.call("GET", "/v1/shelters/status").json["items"]}


def small_seed(users: int = 8) -> SeedData:
    """Two districts with two neighbourhoods each; cN lives in n(N%4), households of two, even ones have a device.

    c0 consents to everything for everybody in a disaster, c1 to the municipality in a drill, c2 to the family, c3 to
    the association in a disaster; the others to nothing.
    """
    neighbourhoods = tuple(Neighbourhood(f"n{i}", f"町{i}", f"d{i // 2}") for i in range(4))
    return SeedData(
        municipality="072028",
        town="small",
        people=users,
        seed=1,
        population_sha256="0" * 64,
        districts=(District("d0", "東"), District("d1", "西")),
        neighbourhoods=neighbourhoods,
        shelters=tuple(
            Shelter(f"S{i}", f"小学校{i}", "general", 139.93, 37.49, "d0", 1, hazards={"earthquake": "suited"})
            for i in range(3)
        ),
        users=tuple(_user(number) for number in range(users)),
        consents=(
            Consent("c0", "disaster_support", _ALL, ("municipality", "association"), ("disaster",)),
            Consent("c0", "family_sharing", _ALL, ("family",), ("normal", "drill", "disaster")),
            Consent("c1", "disaster_support", _ALL, ("municipality",), ("drill",)),
            Consent("c2", "family_sharing", ("safety",), ("family",), ("normal",)),
            Consent("c3", "disaster_support", ("safety",), ("association",), ("disaster",)),
        ),
        register=(
            _entry("r1", "n0", temp_id="t1", consent=True),
            _entry("r2", "n0", sub="c4", consent=False),
            _entry("r3", "n1", temp_id="t3", consent=False),
        ),
        clients=(
            *(sandbox_client(role) for role in load_roles() if role not in ("association", "service")),
            *(sandbox_client("association", area.code) for area in neighbourhoods),
            *example_clients(),
        ),
    )


_ALL = ("profile.basic", "profile.contact", "location", "support_flag", "safety", "checkin", "plan")


def _user(number: int) -> User:
    return User(
        sub=f"c{number}",
        name=f"𠮷野󠄁 {number}",
        name_kana=f"ヨシノ {number}",
        birth_date="1950-02-03",
        sex="female",
        address=f"町{number}",
        phone=f"090-{number}",
        email=f"{number}@example.jp",
        household=f"h{number // 2}",
        district=f"d{number % 4 // 2}",
        neighbourhood=f"n{number % 4}",
        support_flag=number == 4,
        push_device=number % 2 == 0,
    )


def _entry(
    number: str, area: str, *, consent: bool, sub: str | None = None, temp_id: str | None = None
) -> RegisterEntry:
    return RegisterEntry(
        number,
        f"登録 {number}",
        "トウロク",
        "1940-01-01",
        "male",
        "住所",
        "0242",
        area,
        "歩行困難",
        consent,
        sub,
        temp_id,
        "計画",
    )
