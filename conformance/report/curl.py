"""Curl lines: each exchange as a command that sends its request again, secrets as variables of the shell."""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from conformance.evidence import Piece
from conformance.masking.found import LABEL, MARK
from conformance.masking.names import plain

LEFT_OUT = ("content-length", "connection", "accept-encoding", "transfer-encoding", "user-agent")
"""Headers that curl sets itself."""

WAIT_S = 30
"""Longest wait of a command, in seconds. Confidence C."""

_NAMED = re.compile(
    rf"(?<![\w.-])([\w.-]{{1,60}})(?:[\"']?\s*[:=]\s*[\"']?(?:urn:[\w.:/-]{{0,80}}:)?)({LABEL.pattern})"
)
_SAFE = re.compile(r"[\w@%+=:,./-]+", re.ASCII)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd]")


class Replay:
    """Curl lines of one result; the same secret has the same variable in all of them."""

    def __init__(self) -> None:
        self._variables: dict[str, str] = {}

    def line(self, piece: Piece) -> str:
        """The command for one exchange; a body that was cut or is no text is read from a file that it names."""
        return " ".join(self._words(piece))

    def _words(self, piece: Piece) -> Iterator[str]:
        exchange = piece.exchange
        self._learn(exchange.request_headers, exchange.url, exchange.request_body)
        yield f"curl -sS -i -g --path-as-is --max-time {WAIT_S}"
        if exchange.method == "HEAD":
            yield "--head"
        elif exchange.method != ("POST" if exchange.request_body else "GET"):
            yield f"-X {self._quoted(exchange.method)}"
        yield self._quoted(exchange.url)
        host = urlsplit(exchange.url).netloc.rpartition("@")[2]
        headers = {name: value for name, value in exchange.request_headers.items() if value != host}
        yield from self._headers(headers, has_body=bool(exchange.request_body))
        yield from self._body(piece)

    def _learn(self, headers: Mapping[str, str], *texts: str) -> None:
        """Give each secret of a request the variable that tells what it is."""
        for name, value in headers.items():
            if MARK not in value:
                continue
            for cookie, label in _NAMED.findall(value) if name.lower() == "cookie" else ():
                self._name(f"COOKIE_{plain(cookie)}", label)
            scheme, _, rest = value.partition(" ")
            if LABEL.fullmatch(rest):
                kind = "BASIC_CREDENTIALS" if scheme.lower() == "basic" else "ACCESS_TOKEN"
                self._name(kind, rest)
            elif LABEL.fullmatch(value):
                self._name(plain(name), value)
        for text in texts:
            if MARK not in text:
                continue
            for name, label in _NAMED.findall(text):
                self._name(_kind_of(plain(name)), label)
            for label in LABEL.findall(text):
                self._name("SECRET", label)

    def _name(self, kind: str, label: str) -> None:
        if label in self._variables:
            return
        wanted = "CITYTWIN_" + (re.sub(r"\W", "_", kind, flags=re.ASCII).upper() or "SECRET")
        taken, name, count = set(self._variables.values()), wanted, 1
        while name in taken:
            count += 1
            name = f"{wanted}_{count}"
        self._variables[label] = name

    def _headers(self, headers: Mapping[str, str], *, has_body: bool) -> Iterator[str]:
        for name, value in headers.items():
            if name.lower() in LEFT_OUT:
                continue
            yield f"-H {self._quoted(f'{name}: {value}' if value else f'{name};')}"
        if has_body and not any(name.lower() == "content-type" for name in headers):
            yield "-H 'content-type:'"

    def _body(self, piece: Piece) -> Iterator[str]:
        body, number = piece.exchange.request_body, piece.exchange.number
        if not body:
            return
        if not piece.request_cut and not _CONTROL.search(body):
            yield f"--data-raw {self._quoted(body)}"
        else:
            yield f"--data-binary @request-{number}.bin"

    def _quoted(self, text: str) -> str:
        """A word of the shell: secrets as variables, everything else as it is."""
        if MARK not in text:
            return (text if _SAFE.fullmatch(text) else _single(text)) or "''"
        parts = []
        for part in re.split(f"({LABEL.pattern})", text):
            if part in self._variables:
                parts.append(f'"${self._variables[part]}"')
            elif part:
                parts.append(part if _SAFE.fullmatch(part) else _single(part))
        return "".join(parts) or "''"


def _single(text: str) -> str:
    return "'" + text.replace("'", "'\"'\"'") + "'"


def _kind_of(name: str) -> str:
    return "ACCESS_TOKEN" if name in ("token", "subject_token") else name
