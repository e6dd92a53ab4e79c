"""check_service: is there a city OS at an address, and is it one that this run may speak to?"""

from urllib.parse import urlsplit

from agents.city_os.http import HttpTransport
from agents.city_os.messages import CityOsDocument, Seeding
from agents.city_os.service import Role, Service, discover
from agents.city_os.tokens import basic
from agents.city_os.transport import Request, Transport
from agents.errors import CityOsMismatch, CityOsUnreachable, CityOsUnusable, NoCityOs, TransportFault

CONTRACT_VERSION = "1.0"
"""Version of the contract that the adapters speak. Source: conformance/contract/openapi/about.yaml, info.version."""

TIMEOUT_S = 10.0
"""How long a service may take to say what it is. Source: none; twice what people wait for a page. Confidence C."""


def check_service(url: str, expected: Seeding, *, timeout_s: float = TIMEOUT_S) -> Service:
    """Read what a city OS says of itself and hold it against the town and people of a run.

    Raises:
        CityOsUnreachable: nobody answers at ``url``, or not in time.
        NoCityOs: what answers is no city OS, or one of another contract version.
        CityOsMismatch: it is in production, no sandbox, or filled with other people.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise CityOsUnreachable(f"{url!r} is no address of a city OS; give one like http://127.0.0.1:8080")
    transport = HttpTransport(url.rstrip("/"), timeout_s=timeout_s)
    try:
        return check_reached(transport, expected)
    except CityOsUnusable as fault:
        raise type(fault)(f"city OS {url}: {fault}") from fault
    finally:
        transport.close()


def check_reached(transport: Transport, expected: Seeding) -> Service:
    """As ``check_service``, through a transport."""
    service = discover(transport)
    document = service.document
    _check_version(document)
    _check_sandbox(document)
    _check_seeding(document, expected)
    missing = [role.value for role in Role if role not in (Role.ASSOCIATION, *service.clients)]
    if missing:
        raise CityOsMismatch(f"its sandbox names no client of role {', '.join(missing)}; seed it anew")
    return service


def reset_sandbox(transport: Transport, service: Service) -> None:
    """Bring a sandbox back to its seeded state, so that a run does not meet what an earlier one left behind.

    Raises:
        CityOsUnreachable: nobody answers, or not in time.
        CityOsMismatch: the service does not reset itself.
    """
    admin = service.clients[Role.SANDBOX_ADMIN]
    form = b"grant_type=client_credentials&scope=" + "+".join(admin.scopes).encode()
    headers = {"authorization": basic(admin), "content-type": "application/x-www-form-urlencoded"}
    try:
        token = service.read_token(transport.send(Request("POST", service.token_url, headers=headers, body=form)))
        url = service.document.api_base.rstrip("/") + "/sandbox/reset"
        answer = transport.send(Request("POST", url, headers={"authorization": f"Bearer {token}"}))
    except TransportFault as fault:
        raise CityOsUnreachable(f"the sandbox could not be reset: {fault}") from fault
    if answer.status != 204:
        raise CityOsMismatch(f"the sandbox could not be reset: it answered {answer.status}, not 204; restart it")


def _check_version(document: CityOsDocument) -> None:
    major = CONTRACT_VERSION.partition(".")[0]
    if document.contract_version.partition(".")[0] != major:
        raise NoCityOs(
            f"it keeps contract version {document.contract_version!r}, this run speaks {CONTRACT_VERSION}; "
            f"use a city OS of version {major}"
        )


def _check_sandbox(document: CityOsDocument) -> None:
    if document.environment == "production":
        raise CityOsMismatch("it is in production; a run must never speak to one that serves real people")
    if document.sandbox is None or document.sandbox.seeding is None:
        raise CityOsMismatch(
            "it is no sandbox filled with a synthetic town; serve one with: citytwin serve --town TOWN --port PORT"
        )


def _check_seeding(document: CityOsDocument, expected: Seeding) -> None:
    seeding = document.sandbox.seeding if document.sandbox else None
    if seeding is None or seeding == expected:
        return
    differing = [
        f"{name} {getattr(seeding, name)!r} (this run: {getattr(expected, name)!r})"
        for name in ("town", "people", "seed", "population_sha256")
        if getattr(seeding, name) != getattr(expected, name)
    ]
    raise CityOsMismatch(
        f"it holds other people than this run: {'; '.join(differing)}; serve the same, with this "
        f"run's --town and --data: citytwin serve --people {expected.people} --seed {expected.seed}"
    )
