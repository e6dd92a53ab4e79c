"""The small town behind faults, in process; and what a test needs to make and count them."""

from small_city import SmallCity, in_process, small_people

from agents.city_os.service import discover
from agents.city_os.transport import Transport
from scenarios.faults.callers import Callers
from scenarios.faults.form import AnyFault, FaultFile
from scenarios.faults.injection import CITIZEN, Asked, Injector
from scenarios.faults.paths import Paths
from scenarios.faults.transport import FaultyTransport, Terms
from scenarios.faults.whereabouts import Whereabouts


def asked(operation: str = "reportSafety", subject: str = "c0000001", at_s: float = 0.0, method: str = "POST") -> Asked:
    """A citizen's call."""
    return Asked(method, operation, subject, CITIZEN, "", at_s)


def injector(*faults: AnyFault, seed: int = 1) -> Injector:
    """Decides on some faults."""
    return Injector(FaultFile(seed=seed, fault=faults))


def behind(inner: Transport, *faults: AnyFault, terms: Terms | None = None) -> FaultyTransport:
    """Faults in front of the small town's city OS."""
    town, population = small_people()
    service = discover(inner)
    sandbox = service.document.sandbox
    assert sandbox is not None
    return FaultyTransport(
        inner,
        injector(*faults),
        Callers(tuple(sandbox.clients), Whereabouts.of(town, population)),
        Paths.of(service.document.api_base, {"token_endpoint": service.token_url}),
        terms=terms,
    )


def faulty_city(*faults: AnyFault, terms: Terms | None = None) -> tuple[SmallCity, FaultyTransport]:
    """The small town whose city OS stands behind faults."""
    town, population = small_people()
    transport = behind(in_process(town, population), *faults, terms=terms)
    return SmallCity.over(town, population, transport), transport
