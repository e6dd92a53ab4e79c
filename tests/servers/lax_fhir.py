"""A lax FHIR server: it stores any JSON, checks nothing, and claims a lot in its CapabilityStatement."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlsplit

JSON = "application/json"
INTERACTIONS = ("read", "vread", "update", "delete", "history-instance", "create", "search-type")
PARAMETERS = ("_id", "identifier", "patient", "subject", "category", "code", "date", "status", "family", "given")


def _statement() -> dict[str, Any]:
    kinds = ("Patient", "Observation", "MedicationRequest", "DiagnosticReport")
    claims = {
        "interaction": [{"code": code} for code in INTERACTIONS],
        "versioning": "versioned-update",
        "readHistory": True,
        "updateCreate": False,
        "conditionalCreate": True,
        "conditionalRead": "full-support",
        "conditionalUpdate": True,
        "referencePolicy": ["literal", "enforced"],
        "searchInclude": ["Observation:patient"],
        "searchParam": [{"name": name, "type": "token"} for name in PARAMETERS],
    }
    rest = {
        "mode": "server",
        "security": {"service": [{"coding": [{"code": "SMART-on-FHIR"}]}]},
        "resource": [{"type": kind, **claims} for kind in kinds],
        "interaction": [{"code": "transaction"}, {"code": "batch"}],
    }
    about = {"status": "active", "date": "2026-11-21", "kind": "capability", "fhirVersion": "4.0.1", "format": ["json"]}
    return {"resourceType": "CapabilityStatement", **about, "rest": [rest]}


class _Lax(BaseHTTPRequestHandler):
    """One request, taken as it comes."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer in one packet
    disable_nagle_algorithm = True
    store: dict[str, dict[str, Any]]
    numbers: "count[int]"

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _say(self, status: int, value: Any, **headers: str) -> None:
        body = json.dumps(value).encode()
        self.send_response_only(status)
        for name, text in {"content-type": JSON, "content-length": str(len(body)), **headers}.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)

    def _body(self) -> Any:
        text = self.rfile.read(int(self.headers.get("content-length") or 0))
        try:
            return json.loads(text)
        except ValueError:
            return {}

    @property
    def _place(self) -> list[str]:
        return [part for part in urlsplit(self.path).path.split("/") if part]

    def _keep(self, kind: str, resource: Any) -> dict[str, Any]:
        kept = resource if isinstance(resource, dict) else {"content": resource}
        kept.setdefault("id", str(next(self.numbers)))
        self.store[f"{kind}/{kept['id']}"] = kept
        return kept

    def do_GET(self) -> None:
        """Read or search."""
        place = self._place
        if place == ["metadata"]:
            self._say(200, _statement())
        elif len(place) > 1:
            found = self.store.get("/".join(place[:2]))
            self._say(200 if found else 404, found or {"error": "not found"})
        else:
            self._say(200, self._search(place[0] if place else "", dict(parse_qsl(urlsplit(self.path).query))))

    def _search(self, kind: str, query: Mapping[str, str]) -> dict[str, Any]:
        """Whatever holds the values of the query somewhere in its text."""
        words = [value.rpartition("|")[2] for name, value in query.items() if not name.startswith("_")]
        rows = [one for name, one in self.store.items() if name.startswith(f"{kind}/")]
        found = [one for one in rows if all(word in json.dumps(one, ensure_ascii=False) for word in words)]
        return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": one} for one in found]}

    def do_POST(self) -> None:
        """Create, or take a bundle entry by entry."""
        body, place = self._body(), self._place
        if place and place[-1] == "_search":
            self._say(200, self._search(place[0], {}))
        elif place:
            self._say(201, self._keep(place[0], body))
        else:
            rows = [self._keep(str(one["request"]["url"]), one.get("resource", {})) for one in body.get("entry", [])]
            entries = [{"resource": one, "response": {"status": "201"}} for one in rows]
            self._say(200, {"resourceType": "Bundle", "type": "batch-response", "entry": entries})

    def do_PUT(self) -> None:
        """Put whatever comes wherever it is sent."""
        body, place = self._body(), self._place
        kept = self._keep(place[0], body)
        self.store["/".join(place[:2])] = kept
        self._say(200, kept)

    def do_DELETE(self) -> None:
        """Forget."""
        self.store.pop("/".join(self._place[:2]), None)
        self._say(200, {})


@contextmanager
def lax_server() -> Iterator[str]:
    """Base address of an empty lax server."""
    handler = type("Lax", (_Lax,), {"store": {}, "numbers": count(1)})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
