"""Wire: talks HTTP to a target within limits, and keeps every exchange."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any
from urllib.parse import urlencode

import httpx2

from conformance.answer import read_json
from conformance.contract.exchange import SECRET_MEMBERS, Exchange
from conformance.errors import NetworkError
from conformance.origins import origin_of
from conformance.outcomes import Unmet, Violation
from conformance.text import Text

CONNECT_S = 5.0
"""Longest wait for a connection. Source: none; far above any round trip on land. Confidence C."""

BODY_BYTES = 8 * 1024 * 1024
"""Greatest body read of an answer; eight times what the contract lets anybody send. Source: contract C6 limits."""

PATIENCE_S = 61.0
"""Longest Retry-After that is waited for, in seconds: quotas are counted by the minute. Source: contract C6."""

PATIENCE_IN_ALL_S = 240.0
"""Longest time that a run waits for a target that puts requests off; then they count as answered. Confidence C."""

PUT_OFF = (429, 503)
"""Statuses by which a service asks for patience. Source: RFC 6585 4, RFC 9110 15.6.4."""

RETRIES = 3
"""How often a request that is put off with 429 or 503 is sent again."""

UNREACHABLE_AFTER = 4
"""Requests in a row without an answer, after which the target counts as gone and nothing more is sent."""

PORTS = 65535
"""Greatest port. Source: RFC 9293 3.1 (16 bits)."""

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Reply:
    """An answer. Names of headers are in lower case; ``headers`` holds repeated ones as they came."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    url: str
    exchange: int

    def header(self, name: str) -> str:
        """A header's value, repeated ones joined by commas (RFC 9110 5.3); empty if there is none."""
        return ", ".join(value for key, value in self.headers if key == name.lower())

    @property
    def media_type(self) -> str:
        """The media type without its parameters, in lower case."""
        return self.header("content-type").partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    @cached_property
    def json(self) -> Any:
        """The body as JSON.

        Raises:
            Violation: It is no JSON.
        """
        try:
            return read_json(self.body)
        except ValueError as reason:
            raise Violation(f"body of {self.url}", expected="JSON", actual=self.text[:200]) from reason

    @property
    def members(self) -> Mapping[str, Any]:
        """The body as a JSON object; empty where it is something else."""
        try:
            found = read_json(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


class Line:
    """The connection to a target that all checks of a run share; safe for several threads.

    ``timeout_s`` is the longest wait for an answer. ``transport`` stands in for the network (tests).
    """

    def __init__(
        self, timeout_s: float = 10.0, *, verify: Any = True, transport: httpx2.BaseTransport | None = None
    ) -> None:
        nothing_kept = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
        self.timeout_s = timeout_s
        self.begin_s = time.monotonic()
        self._silent: Counter[str] = Counter()
        self._trusted: frozenset[str] = frozenset()
        self._patience_s = PATIENCE_IN_ALL_S
        self._lock = threading.Lock()
        self._client = httpx2.Client(
            timeout=httpx2.Timeout(timeout_s, connect=min(CONNECT_S, timeout_s)),
            verify=verify,
            transport=transport,
            cookies=nothing_kept,
            follow_redirects=False,
            trust_env=True,
        )

    def trust(self, urls: Iterable[str]) -> None:
        """Name the addresses whose hosts may be sent credentials; where none was ever named, all may."""
        self._trusted |= {origin for url in urls if (origin := origin_of(url))}

    def keep_credentials_from(self, url: str) -> None:
        """Stop before a credential is sent where neither the plan nor the target's own metadata lead.

        Raises:
            Unmet: The address is at another host.
        """
        if self._trusted and origin_of(url) not in self._trusted:
            text = Text(
                f"an answer leads to {url[:200]}; that host is neither in the plan nor in the metadata,"
                " so no credentials are sent there",
                f"応答が {url[:200]} を指している。計画にもメタデータにもないホストなので、資格情報を送らない",
            )
            raise Unmet(text)

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def waits(self, seconds: float) -> bool:
        """Wait, unless the run has waited long enough in all; whether it did."""
        with self._lock:
            if self._patience_s < seconds:
                return False
            self._patience_s -= seconds
        time.sleep(seconds)
        return True

    def request(self, method: str, url: str, headers: Sequence[tuple[str, str]], body: bytes) -> httpx2.Request:
        """A request that can be sent.

        Raises:
            NetworkError: The address cannot be used.
        """
        try:
            request = self._client.build_request(method, url, headers=list(headers), content=body)
        except (httpx2.InvalidURL, ValueError, TypeError) as reason:
            raise NetworkError(f"{url!r} cannot be asked: {reason}") from reason
        if request.url.scheme not in ("http", "https") or not request.url.host or (request.url.port or 0) > PORTS:
            raise NetworkError(f"{url!r} cannot be asked: it is no address of http or https")
        return request

    def send(self, request: httpx2.Request) -> tuple[httpx2.Response, bytes]:
        """The answer and its body.

        Raises:
            NetworkError: None came, or not in the time and size allowed.
        """
        place = request.url.netloc.decode("ascii", "replace")
        if self._silent[place] >= UNREACHABLE_AFTER:
            raise NetworkError(f"{request.url.host} did not answer {self._silent[place]} requests in a row; given up")
        try:
            answer = self._read(request)
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError, ValueError) as reason:
            self._silent[place] += not isinstance(reason, httpx2.DecodingError)
            raise NetworkError(f"{request.method} {request.url}: {_told(reason)}") from reason
        self._silent[place] = 0
        return answer

    def _read(self, request: httpx2.Request) -> tuple[httpx2.Response, bytes]:
        until_s = time.monotonic() + 2 * self.timeout_s
        response = self._client.send(request, stream=True)
        body = bytearray()
        try:
            for part in response.iter_bytes():
                body += part
                if len(body) > BODY_BYTES:
                    raise NetworkError(f"the answer is longer than {BODY_BYTES} bytes")
                if time.monotonic() > until_s:
                    raise NetworkError(f"the answer was not complete after {2 * self.timeout_s:.0f} s")
        finally:
            response.close()
        return response, bytes(body)


def _told(reason: Exception) -> str:
    return f"{type(reason).__name__}: {reason}" if str(reason) else type(reason).__name__


class Wire:
    """What one check says and hears: sends over a line, and keeps the exchanges in order.

    ``is_put_off``: the service put a request off (429 or 503 with Retry-After) for longer than a run waits.
    """

    def __init__(self, line: Line, actor: str = "suite") -> None:
        self.line = line
        self.actor = actor
        self.exchanges: list[Exchange] = []
        self.is_put_off = False

    def send(  # noqa: PLR0913 - a request has so many parts
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        body: bytes | None = None,
        form: Mapping[str, Any] | Sequence[tuple[str, str]] | None = None,
        json_body: Any = None,
        cookies: httpx2.Cookies | None = None,
        patient: bool = True,
    ) -> Reply:
        """Send a request and wait for its answer; redirects are not followed.

        ``patient``: a request that is put off (429, 503 with a short Retry-After) is sent again.

        Raises:
            NetworkError: No answer came.
        """
        given, content = _body(headers, body, form, json_body)
        if _holds_credentials(given, content):
            self.line.keep_credentials_from(url)
        reply = self._send_once(method, url, given, content, cookies)
        for _ in range(RETRIES if patient else 0):
            wait_s = _put_off_s(reply)
            if wait_s is None or not self.line.waits(wait_s):
                break
            reply = self._send_once(method, url, given, content, cookies)
        self.is_put_off = self.is_put_off or (patient and bool(reply.header("retry-after")) and reply.status in PUT_OFF)
        return reply

    def get(self, url: str, **headers: str) -> Reply:
        """GET; names of headers with underscores."""
        return self.send("GET", url, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def _send_once(
        self, method: str, url: str, headers: Sequence[tuple[str, str]], body: bytes, cookies: httpx2.Cookies | None
    ) -> Reply:
        request = self.line.request(method, url, headers, body)
        if cookies is not None:
            cookies.set_cookie_header(request)
        begin_s = time.monotonic()
        try:
            response, content = self.line.send(request)
        except NetworkError as reason:
            self._keep(request, body, begin_s, fault=str(reason))
            raise
        if cookies is not None:
            cookies.extract_cookies(response)
            _forget_unsendable(cookies)
        pairs = tuple((name.lower(), value) for name, value in response.headers.multi_items())
        self._keep(request, body, begin_s, status=response.status_code, pairs=pairs, content=content)
        return Reply(response.status_code, pairs, content, str(request.url), len(self.exchanges) - 1)

    def _keep(  # noqa: PLR0913 - an exchange has so many parts
        self,
        request: httpx2.Request,
        body: bytes,
        begin_s: float,
        *,
        status: int = 0,
        pairs: tuple[tuple[str, str], ...] = (),
        content: bytes = b"",
        fault: str = "",
    ) -> None:
        self.exchanges.append(
            Exchange(
                number=len(self.exchanges),
                at_s=begin_s - self.line.begin_s,
                actor=self.actor,
                operation_id="",
                method=request.method,
                url=str(request.url),
                status=status,
                latency_s=time.monotonic() - begin_s,
                request_headers=dict(request.headers),
                request_body=body.decode("utf-8", "replace"),
                response_headers=_joined(pairs),
                response_body=content.decode("utf-8", "replace"),
                fault=fault,
            )
        )


def new_cookies(*, secure_everywhere: bool) -> httpx2.Cookies:
    """An empty cookie jar; ``secure_everywhere``: Secure cookies are sent over http too, as browsers do on loopback."""
    protocols = ("https", "wss", "http") if secure_everywhere else ("https", "wss")
    cookies = httpx2.Cookies()
    cookies.jar.set_policy(DefaultCookiePolicy(secure_protocols=protocols))
    return cookies


def _forget_unsendable(cookies: httpx2.Cookies) -> None:
    """Drop cookies that no header can hold; RFC 6265 4.1.1 lets servers use ASCII alone."""
    for cookie in list(cookies.jar):
        if not f"{cookie.name}{cookie.value}{cookie.path}".isascii():
            cookies.jar.clear(cookie.domain, cookie.path, cookie.name)


def _joined(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined


def _body(
    headers: Mapping[str, str] | Sequence[tuple[str, str]],
    body: bytes | None,
    form: Mapping[str, Any] | Sequence[tuple[str, str]] | None,
    json_body: Any,
) -> tuple[list[tuple[str, str]], bytes]:
    given = list(headers.items() if isinstance(headers, Mapping) else headers)
    names = {name.lower() for name, _ in given}
    kind, content = "", body or b""
    if form is not None:
        kind, content = FORM, urlencode(form, doseq=True, errors="surrogatepass").encode()
    elif json_body is not None:
        kind, content = "application/json", json.dumps(json_body, ensure_ascii=False).encode("utf-8", "surrogatepass")
    if kind and "content-type" not in names:
        given.append(("content-type", kind))
    return given, content


def _holds_credentials(headers: Sequence[tuple[str, str]], content: bytes) -> bool:
    """Whether a request bears a header of authorization, or a form with a secret in it."""
    if any(name.lower() in ("authorization", "proxy-authorization", "cookie", "dpop") for name, _ in headers):
        return True
    return any(pair.partition(b"=")[0].decode("ascii", "replace") in SECRET_MEMBERS for pair in content.split(b"&"))


def _put_off_s(reply: Reply) -> float | None:
    """How long to wait before a request is sent again; None where it is not to be."""
    if reply.status not in PUT_OFF:
        return None
    told = reply.header("retry-after")
    seconds = float(told) if told.isascii() and told.isdigit() else 1.0
    return seconds if seconds <= PATIENCE_S else None
