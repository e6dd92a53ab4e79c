"""The mutating proxy: passes requests on to an OpenID provider, and alters one thing in what goes in or out."""

import base64
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.cookiejar import DefaultCookiePolicy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
from joserfc import jwt
from joserfc.jwk import RSAKey

Pairs = tuple[tuple[str, str], ...]
Claims = dict[str, Any]

KID = "of-the-proxy"
HOP_BY_HOP = ("connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding", "host")
"""Fields that are for one connection only, or that the proxy writes anew. Source: RFC 9110 7.6.1."""


@dataclass(frozen=True)
class Message:
    """A request or an answer; ``url`` is path and query, ``status`` 0 for a request."""

    url: str
    method: str
    headers: Pairs
    body: bytes
    status: int = 0

    @property
    def path(self) -> str:
        """The path that was asked."""
        return urlsplit(self.url).path

    @property
    def json(self) -> Any:
        """The body as JSON, None if it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def form(self) -> dict[str, str]:
        """The body as a form."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    @property
    def query(self) -> dict[str, str]:
        """The parameters of the query."""
        return dict(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))

    def header(self, name: str) -> str:
        """A field's value, empty if there is none."""
        return next((value for key, value in self.headers if key == name), "")

    def with_header(self, name: str, value: str | None) -> "Message":
        """The same with a field set, or without it."""
        kept = tuple(pair for pair in self.headers if pair[0] != name)
        return replace(self, headers=kept if value is None else (*kept, (name, value)))

    def with_json(self, value: Any) -> "Message":
        """The same with another body."""
        return replace(self, body=json.dumps(value, ensure_ascii=False).encode())

    def with_form(self, form: Mapping[str, str]) -> "Message":
        """The same with another form."""
        told = parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True)
        return replace(self, body=urlencode(_merged(told, form)).encode())

    def with_query(self, query: Mapping[str, str]) -> "Message":
        """The same with other parameters in the query."""
        told = parse_qsl(urlsplit(self.url).query, keep_blank_values=True)
        return replace(self, url=f"{self.path}?{urlencode(_merged(told, query))}")


def _merged(told: Sequence[tuple[str, str]], changed: Mapping[str, str]) -> list[tuple[str, str]]:
    """Parameters with some changed, left out or added; what was sent twice is still sent twice."""
    before = dict(told)
    kept = [
        (name, value if changed[name] == before[name] else changed[name]) for name, value in told if name in changed
    ]
    return kept + [(name, value) for name, value in changed.items() if name not in before]


@dataclass
class Mutation:
    """One thing that the proxy alters.

    ``answer`` is given the request as it came and the answer; ``claims`` alters ID tokens, which are signed again then.
    ``instead`` may answer a request without passing it on. ``breaks`` are the requirements that are broken thereby.
    """

    name: str
    text: str
    breaks: tuple[str, ...]
    request: Callable[[Message], Message] | None = None
    answer: Callable[[Message, Message], Message] | None = None
    claims: Callable[[Claims], Claims] | None = None
    header: Callable[[Claims], Claims] | None = None
    instead: Callable[[Message], Message | None] | None = None
    signs_again: bool = False


@dataclass
class Proxy:
    """A running proxy: where it listens, and what it alters now (None: nothing)."""

    url: str
    upstream: str
    mutation: Mutation | None = None
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": KID, "use": "sig", "alg": "RS256"}))
    originals: dict[str, str] = field(default_factory=dict)

    def pass_on(self, client: httpx2.Client, request: Message) -> Message:
        """The answer to a request."""
        mutation = self.mutation
        if mutation is None:
            return self._ask(client, request)
        early = mutation.instead(request) if mutation.instead else None
        if early is not None:
            return early
        sent = mutation.request(request) if mutation.request else request
        answer = self._signed_again(mutation, request, self._ask(client, self._with_originals(sent)))
        return mutation.answer(request, answer) if mutation.answer else answer

    def _ask(self, client: httpx2.Client, request: Message) -> Message:
        host = urlsplit(self.url).netloc
        headers = [(name, value) for name, value in request.headers if name not in (*HOP_BY_HOP, "accept-encoding")]
        headers += [("host", host), ("accept-encoding", "identity")]
        found = client.request(request.method, self.upstream + request.url, headers=headers, content=request.body)
        pairs = tuple((name.lower(), value) for name, value in found.headers.multi_items())
        return Message(request.url, request.method, pairs, found.content, found.status_code)

    def _with_originals(self, request: Message) -> Message:
        """ID tokens that the proxy signed are unknown to the provider: give it its own ones back."""
        query, form = request.query, request.form
        changed = request
        if query.get("id_token_hint") in self.originals:
            changed = changed.with_query({**query, "id_token_hint": self.originals[query["id_token_hint"]]})
        if form.get("id_token_hint") in self.originals:
            changed = changed.with_form({**form, "id_token_hint": self.originals[form["id_token_hint"]]})
        return changed

    def _signed_again(self, mutation: Mutation, request: Message, answer: Message) -> Message:
        if not (mutation.signs_again or mutation.claims or mutation.header):
            return answer
        content = answer.json
        if isinstance(content, dict) and "keys" in content:
            return answer.with_json({"keys": [*content["keys"], self.key.as_dict(private=False)]})
        if isinstance(content, dict) and isinstance(content.get("id_token"), str):
            return answer.with_json({**content, "id_token": self._token(mutation, content["id_token"])})
        return answer

    def _token(self, mutation: Mutation, text: str) -> str:
        claims = read_claims(text)
        header = {"alg": "RS256", "kid": KID}
        altered = mutation.claims(dict(claims)) if mutation.claims else claims
        header = mutation.header(header) if mutation.header else header
        signed = jwt.encode(header, altered, self.key, algorithms=["RS256"])
        self.originals[signed] = text
        return signed


def read_claims(text: str) -> Claims:
    """Claims of a token, unverified."""
    part = text.split(".")[1]
    found: Claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


@contextmanager
def mutating_proxy(port: int, upstream: str) -> Iterator[Proxy]:
    """A proxy on a port of this machine before a server, until the context ends."""
    proxy = Proxy(f"http://127.0.0.1:{port}", upstream)
    client = httpx2.Client(follow_redirects=False, timeout=20.0)
    client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # an answer in one packet: two of them wait for an acknowledgement of 40 ms
        disable_nagle_algorithm = True

        def answer(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            pairs = tuple((name.lower(), value) for name, value in self.headers.items())
            request = Message(self.path, self.command, pairs, self.rfile.read(length))
            answer = proxy.pass_on(client, request)
            self.send_response_only(answer.status)
            for name, value in answer.headers:
                if name not in HOP_BY_HOP:
                    self.send_header(name, value)
            self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_OPTIONS = answer  # noqa: N815 - http.server's names

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        client.close()
