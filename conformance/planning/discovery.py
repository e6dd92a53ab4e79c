"""Discovery: what a service says of itself at an address, and near it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from conformance.errors import NetworkError, PlanError, PlanFault
from conformance.preflight.reach import unreachable
from conformance.target import CITY_OS, OIDC_CONFIGURATION
from conformance.text import Text
from conformance.wire import Line, Reply, Wire

SMART = "/.well-known/smart-configuration"
"""Source: SMART App Launch 2.2.0, Conformance."""

FHIR_PLACES = ("", "/fhir", "/fhir/R4", "/r4", "/baseR4")
"""Where FHIR servers have their base address below their host. Confidence C: Medplum, HAPI and common habit."""

_TAILS = (OIDC_CONFIGURATION, CITY_OS, SMART, "/metadata")


@dataclass(frozen=True)
class Found:
    """What was found; empty where there is none. ``asked`` tells each address and what it said."""

    url: str
    city_os: Mapping[str, Any] = field(default_factory=dict)
    issuer: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    fhir: str = ""
    capability: Mapping[str, Any] = field(default_factory=dict)
    fhir_status: int = 0
    asked: tuple[str, ...] = ()

    @property
    def sandbox(self) -> Mapping[str, Any]:
        """The city OS's sandbox."""
        box = self.city_os.get("sandbox")
        return box if isinstance(box, Mapping) else {}


def discover(url: str, line: Line) -> Found:
    """Ask an address, and what it points to.

    Raises:
        PlanError: It cannot be reached, or is neither city OS, OpenID provider nor FHIR server; each thing that was
            asked is told.
    """
    base = _base_of(url)
    seeker = _Seeker(Wire(line))
    try:
        city_os = seeker.ask(base + CITY_OS, {"contract_version", "api_base", "profiles"})
    except NetworkError as reason:
        raise PlanError([PlanFault("", unreachable(base, reason).text)]) from reason
    smart = seeker.ask_calmly(base + SMART, {"authorization_endpoint", "token_endpoint", "issuer"})
    issuer, metadata = seeker.provider(_issuers(base, city_os, smart))
    fhir, capability = seeker.fhir(_fhir_bases(base, city_os))
    if not (city_os or metadata or capability):
        raise PlanError([PlanFault("", _nothing(base)), *(PlanFault("", Text(told, told)) for told in seeker.asked)])
    status = seeker.status(fhir + "/Patient?_count=1") if capability else 0
    return Found(base, city_os, issuer, metadata, fhir, capability, status, tuple(seeker.asked))


def _base_of(url: str) -> str:
    """The address that a user means: without a slash at its end, and without the tail of a document's address."""
    whole = url if "://" in url else f"https://{url}"
    bare = whole.partition("#")[0].partition("?")[0].rstrip("/")
    for tail in _TAILS:
        bare = bare.removesuffix(tail)
    try:
        sound = urlsplit(bare).scheme in ("http", "https") and bool(urlsplit(bare).hostname)
    except ValueError:
        sound = False
    if not sound:
        text = Text(
            f"{url!r} is no address. Give one such as https://city-os.example.jp.",
            f"{url!r} はアドレスではない。https://city-os.example.jp のように書く。",
        )
        raise PlanError([PlanFault("", text)])
    return bare


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _issuers(base: str, city_os: Mapping[str, Any], smart: Mapping[str, Any]) -> Iterator[str]:
    """Addresses that may be the issuer, the likeliest first, each once."""
    told = (city_os.get("issuer"), base, smart.get("issuer"), _origin(base))
    yield from dict.fromkeys(str(one).rstrip("/") for one in told if isinstance(one, str) and one.startswith("http"))


def _fhir_bases(base: str, city_os: Mapping[str, Any]) -> Iterator[str]:
    told = city_os.get("fhir_base")
    if isinstance(told, str) and told:
        yield told.rstrip("/")
    else:
        yield from (base + place for place in FHIR_PLACES)


@dataclass
class _Seeker:
    """Asks, and remembers what was said."""

    wire: Wire
    asked: list[str] = field(default_factory=list)

    def ask(self, url: str, members: set[str]) -> Mapping[str, Any]:
        """The JSON object at an address if it has one of these members; empty if not."""
        reply = self.wire.send("GET", url, headers={"accept": "application/fhir+json, application/json;q=0.9"})
        fits = reply.status == 200 and bool(members & reply.members.keys())
        self.asked.append(f"GET {url}: {_said(reply, fits=fits)}")
        return reply.members if fits else {}

    def ask_calmly(self, url: str, members: set[str]) -> Mapping[str, Any]:
        """The same; empty too where no answer comes."""
        try:
            return self.ask(url, members)
        except NetworkError as reason:
            self.asked.append(str(reason))
            return {}

    def provider(self, places: Iterable[str]) -> tuple[str, Mapping[str, Any]]:
        """The issuer at the first of these places that is one, by the name that it gives itself."""
        for place in places:
            metadata = self.ask_calmly(place + OIDC_CONFIGURATION, {"authorization_endpoint", "token_endpoint"})
            if not metadata:
                metadata = self._inserted(place)
            if metadata:
                return self._named(place, metadata)
        return "", {}

    def _inserted(self, place: str) -> Mapping[str, Any]:
        """Metadata of an issuer with a path where the path comes last (RFC 8414 3.1)."""
        path = urlsplit(place).path
        if not path:
            return {}
        url = _origin(place) + OIDC_CONFIGURATION + path
        return self.ask_calmly(url, {"authorization_endpoint", "token_endpoint"})

    def _named(self, place: str, metadata: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
        own = metadata.get("issuer")
        if not isinstance(own, str) or not own.startswith("http"):
            return place, metadata
        if own.rstrip("/") == place:
            return own, metadata
        there = self.ask_calmly(own.rstrip("/") + OIDC_CONFIGURATION, {"issuer"})
        return (own, there) if there.get("issuer") == own else (place, metadata)

    def fhir(self, bases: Iterable[str]) -> tuple[str, Mapping[str, Any]]:
        """The first of these bases that gives a capability statement."""
        for base in bases:
            found = self.ask_calmly(base + "/metadata", {"resourceType"})
            if found.get("resourceType") == "CapabilityStatement":
                return base, found
        return "", {}

    def status(self, url: str) -> int:
        """The status of a plain GET; 0 where no answer comes."""
        try:
            return self.wire.send("GET", url, headers={"accept": "application/fhir+json"}).status
        except NetworkError:
            return 0


def _said(reply: Reply, *, fits: bool) -> str:
    kind = "" if fits else f" {reply.media_type or '-'}"
    place = f" -> {reply.header('location')}" if 300 <= reply.status < 400 else ""
    return f"{reply.status}{kind}{place}"


def _nothing(base: str) -> Text:
    return Text(
        f"{base} is neither a city OS, nor an OpenID provider, nor a FHIR server. Give the address before /.well-known,"
        " with its path (an issuer such as https://host/realms/town, a FHIR base such as https://host/fhir/R4). Asked:",
        f"{base} は都市OSでも、OpenID Providerでも、FHIRサーバーでもない。/.well-known の前までのアドレスをパスも含めて"
        "書く(issuerなら https://host/realms/town、FHIRなら https://host/fhir/R4 など)。尋ねた先:",
    )
