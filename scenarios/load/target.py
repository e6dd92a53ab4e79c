"""The target: whether it may be loaded, who lives in its sandbox, and the logins by which they speak."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

from agents.city_os.asker import Asker, AskerKind
from agents.city_os.connect import CONTRACT_VERSION, check_reached, reset_sandbox
from agents.city_os.directory import Directory
from agents.city_os.http import HttpTransport
from agents.city_os.messages import CityOsDocument, Seeding
from agents.city_os.port import Failure, FailureKind
from agents.city_os.service import Client, Role, Service, read_document
from agents.city_os.tokens import LOCAL_ID, TOKEN_EXCHANGE, TokenBook, basic
from agents.city_os.transport import Request, Response
from agents.errors import CityOsUnusable, TransportFault
from scenarios.city_os import is_address
from scenarios.defaults import default_parameters, parameters_with_ids
from scenarios.load.calls import Login
from scenarios.load.clock import pause, steady_s
from scenarios.load.errors import NoAddress, OtherContract, OtherPeople, ProductionTarget, RefusedCredentials
from scenarios.load.hosts import check_host
from scenarios.progress import Tell
from scenarios.recipes import existing, find_recipe
from scenarios.seeding import directory, seeding
from twin.population import Population
from twin.randomness import Stream
from twin.sources.people import populate
from twin.sources.recipe import build_town
from twin.town import Town

RECOVERY_S, PAUSE_S = 60.0, 1.0
"""How long a service may take to be itself again after a load, and how often it is asked. Source: contract C7, a change
is to be visible within 60 s. Confidence C."""

NOBODY = Seeding("", 0, 0, "")


@dataclass(frozen=True)
class Target:
    """A sandbox that may be loaded: its address, service, and who lives in it."""

    url: str
    service: Service
    town: Town
    population: Population
    directory: Directory
    transport: HttpTransport

    @property
    def api_base(self) -> str:
        """The address from which paths of the API go on."""
        return self.service.document.api_base.rstrip("/")


@dataclass(frozen=True, slots=True)
class TargetOptions:
    """The target as it was asked for; ``hosts`` are those of which somebody said that they may be loaded."""

    url: str
    hosts: tuple[str, ...] = ()
    town: str = "synthetic"
    data: Path | None = None
    timeout_s: float = 10.0


def open_target(options: TargetOptions, tell: Tell) -> Target:
    """Look at a target, make its people anew, and see whether they can sign in. Nothing of it is changed.

    Raises:
        NoAddress: the address is none.
        ForbiddenHost: it is not this machine, and nobody said that it may be loaded.
        ProductionTarget: it serves real people.
        OtherContract: it keeps another version of the contract.
        OtherPeople: its people cannot be made here.
        RefusedCredentials: its own sandbox's clients or people get no token.
        AgentsError: nobody answers there, or what answers is no sandbox.
    """
    url = options.url.rstrip("/")
    if not is_address(url):
        raise NoAddress(options.url)
    check_host(url, options.hosts)
    transport = HttpTransport(url, timeout_s=options.timeout_s)
    try:
        return _open(url, options, transport, tell)
    except CityOsUnusable as fault:
        transport.close()
        raise type(fault)(f"city OS {url}: {fault}") from fault
    except BaseException:
        transport.close()
        raise


def _open(url: str, options: TargetOptions, transport: HttpTransport, tell: Tell) -> Target:
    document = read_document(transport)
    check_document(url, document)
    there = (document.sandbox and document.sandbox.seeding) or NOBODY
    for address in (document.api_base, document.issuer):
        check_host(address, options.hosts)
    # Refuses what is no sandbox; one that is, is taken at its word here and compared below.
    service = check_reached(transport, there)
    check_host(service.token_url, options.hosts)
    tell("town", 0.0)
    stream = Stream(there.seed)
    town = build_town(find_recipe(options.town), data=existing(options.data), stream=stream)
    tell("people", 0.0)
    population = _people(town, document, there)
    if population is None:
        raise OtherPeople(url, there.town, there.people, there.seed)
    target = Target(url, service, town, population, directory(town, population), transport)
    check_credentials(target)
    return target


def _people(town: Town, document: CityOsDocument, there: Seeding) -> Population | None:
    """The target's people, made anew with the shipped share of IDs, or with as many IDs as it says that it has."""
    ids = document.sandbox.ids if document.sandbox else 0
    choices = [default_parameters(), *([parameters_with_ids(ids, there.people)] if ids else [])]
    for parameters in choices:
        made = populate(town, stream=Stream(there.seed), parameters=parameters, people=there.people)
        if seeding(town, made) == there:
            return made
    return None


def check_document(url: str, document: CityOsDocument) -> None:
    """Refuse production, and a contract that is not ours.

    Raises:
        ProductionTarget: it serves real people.
        OtherContract: it keeps another version of the contract.
    """
    if document.environment == "production":
        raise ProductionTarget(url)
    if document.contract_version.partition(".")[0] != CONTRACT_VERSION.partition(".")[0]:
        raise OtherContract(url, document.contract_version, CONTRACT_VERSION)


def check_credentials(target: Target) -> None:
    """See whether the city office, a shelter desk and a citizen get a token.

    Raises:
        RefusedCredentials: one does not.
        TransportFault: nobody answers.
    """
    first = int(target.population.has_id.argmax())
    book = token_book(target)
    askers = [Asker(AskerKind.CITY_OFFICE), Asker(AskerKind.SHELTER_DESK), Asker(AskerKind.CITIZEN, first)]
    for asker in askers:
        answer = book.bearer(asker, 0.0, sender(target))
        if isinstance(answer, Failure):
            raise RefusedCredentials(target.url, asker.kind.value, f"{answer.status or answer.kind} {answer.detail}")


def token_book(target: Target) -> TokenBook:
    """Tokens of the target's people and clients for the few calls beside the load."""
    return TokenBook(target.service, target.directory.person_ids, target.directory.neighbourhood_codes)


def sender(target: Target) -> "_Sender":
    """Sends single requests to the target."""
    return _Sender(target.transport)


@dataclass(frozen=True, slots=True)
class _Sender:
    transport: HttpTransport

    def __call__(self, request: Request) -> Response | Failure:
        try:
            return self.transport.send(request)
        except TransportFault as fault:
            return Failure(FailureKind.UNREACHABLE, detail=str(fault))


def reset(target: Target) -> None:
    """Bring the sandbox back to its beginning, so that what is counted is this load's; a busy one gets its time.

    Raises:
        AgentsError: it does not reset itself.
    """
    until_s = steady_s() + RECOVERY_S
    while True:
        try:
            reset_sandbox(target.transport, target.service)
        except CityOsUnusable:
            if steady_s() > until_s:
                raise
            pause(PAUSE_S)
        else:
            return


def wait_for_calm(target: Target) -> float | None:
    """Seconds until the service answers the city office's questions again (at most 60; None: it does not).

    A service may put off what is less urgent while it is loaded, so that asking at once would find nothing.
    """
    book, send, begun_s = token_book(target), sender(target), steady_s()
    query = f"/check-ins?shelter={quote(target.directory.shelter_ids[0], safe='')}&limit=1"
    while steady_s() - begun_s <= RECOVERY_S:
        token = book.bearer(Asker(AskerKind.CITY_OFFICE), 0.0, send)
        if isinstance(token, str):
            headers = {"authorization": f"Bearer {token}", "accept": "application/json"}
            answer = send(Request("GET", target.api_base + query, headers=headers))
            if isinstance(answer, Response) and answer.status == 200:
                return steady_s() - begun_s
        pause(PAUSE_S)
    return None


def logins(target: Target) -> dict[str, Login]:
    """How each kind of actor signs in; ``{}`` stands for a citizen's local ID."""
    service = target.service
    found = {
        kind: _own(client)
        for kind, role in (("city_office", Role.CITY_OFFICE), ("shelter_desk", Role.SHELTER_DESK))
        if (client := service.clients.get(role))
    }
    found |= {f"association:{code}": _own(client) for code, client in service.associations.items()}
    app = service.clients[Role.CITIZEN_APP]
    form = {"grant_type": TOKEN_EXCHANGE, "scope": " ".join(app.scopes), "subject_token_type": LOCAL_ID}
    found["citizen"] = Login(basic(app), urlencode(form) + "&subject_token={}")
    return found


def _own(client: Client) -> Login:
    return Login(basic(client), urlencode({"grant_type": "client_credentials", "scope": " ".join(client.scopes)}))
