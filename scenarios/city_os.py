"""The city OS of a run: none, a model, the reference in this process, or any vendor's over HTTP; what it was told."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import urlsplit

from agents.city_os.calendar import Calendar
from agents.city_os.connect import TIMEOUT_S, check_reached, check_service, reset_sandbox
from agents.city_os.http import HttpTransport
from agents.city_os.paper import PaperCityOS
from agents.city_os.port import CityOS
from agents.city_os.recorder import ExchangeRecorder
from agents.city_os.rest import RestCityOS
from agents.city_os.service import Service
from agents.city_os.transport import Transport
from scenarios.errors import NoServiceForFaults, UnusableCityOs
from scenarios.faults.form import FaultFile
from scenarios.faults.in_run import FaultsInUse, hear_late, put_faults, put_faults_on_line
from scenarios.faults.told_time import TimedTransport
from scenarios.faults.whereabouts import Whereabouts
from scenarios.ideal import ideal_city_os
from scenarios.options import IDEAL, NONE, REFERENCE
from scenarios.oracle import Oracle
from scenarios.record import OperationCalls
from scenarios.scenario import Scenario
from scenarios.seeding import directory, seeding
from twin.population import Population
from twin.town import Town

EXCHANGES = "exchanges.jsonl"
WRITTEN_AT_ONCE_BYTES = 1 << 20
"""The file of a whole town's exchanges has hundreds of megabytes. Source: none. Confidence C."""


class CallCounts(Protocol):
    """Counts of what was said to a city OS, by operation."""

    @property
    def calls(self) -> Mapping[str, int]:
        """Number of requests, retries counted."""

    @property
    def errors(self) -> Mapping[str, int]:
        """Number of requests that got no response, or a status of 400 or more."""


@dataclass
class CityOsInUse:
    """A city OS while a run uses it; ``name`` is what the report calls it.

    ``show`` lets an oracle hear from now on what is said. ``is_searched``: that is kept, and searched for personal data
    shown to somebody without a right to them.
    """

    name: str
    city_os: CityOS
    recorder: CallCounts
    show: Callable[[Oracle], None]
    file: BinaryIO | None = None
    on_close: Sequence[Callable[[], None]] = field(default=())
    faults: FaultsInUse | None = None
    is_searched: bool = True

    def calls(self) -> tuple[OperationCalls, ...]:
        """Calls and errors of each operation, by name."""
        return tuple(
            OperationCalls(operation, calls, self.recorder.errors.get(operation, 0))
            for operation, calls in sorted(self.recorder.calls.items())
        )

    def close(self) -> None:
        """End connections and close the file of exchanges."""
        for close in self.on_close:
            close()
        if self.faults is not None:
            self.faults.file.close()
        if self.file is not None:
            self.file.close()


def paper() -> CityOsInUse:
    """No city OS: paper and voice only, nothing to record."""
    return CityOsInUse(NONE, PaperCityOS(), ExchangeRecorder(), _unheard)


def _unheard(oracle: Oracle) -> None:
    """Nothing is said that an oracle could hear."""


def ideal(
    scenario: Scenario, town: Town, population: Population, folder: Path, faults: FaultFile | None = None
) -> CityOsInUse:
    """A model of a city OS that keeps the contract perfectly, perhaps behind faults.

    Its answers hold no texts to keep or to search.

    Raises:
        NoTrickleOnLine: A fault is one that a model cannot have.
    """
    line, put = None, None
    if faults is not None:
        line, put = put_faults_on_line(faults, town, population, terms=scenario.city_os, folder=folder)
    city_os, conversation = ideal_city_os(scenario, town, population, line)
    if line is not None:
        line.late = conversation.record

    def show(oracle: Oracle) -> None:
        city_os.listener = oracle

    return CityOsInUse(IDEAL, city_os, conversation, show, faults=put, is_searched=False)


def open_city_os(
    asked: str, scenario: Scenario, town: Town, population: Population, folder: Path, faults: FaultFile | None = None
) -> CityOsInUse:
    """The city OS that the user asked for: ``reference``, ``ideal``, ``none`` or an address; behind ``faults``, if any.

    Raises:
        UnusableCityOs: What was asked for is none of them.
        NoServiceForFaults: There are faults, and no city OS.
        AgentsError: Nobody answers there, or what answers cannot be used for this run.
    """
    if asked not in (REFERENCE, IDEAL, NONE) and not is_address(asked):
        raise UnusableCityOs(asked)
    if asked == NONE and faults is not None:
        raise NoServiceForFaults
    if asked in (IDEAL, NONE):
        (folder / EXCHANGES).touch()
        return ideal(scenario, town, population, folder, faults) if asked == IDEAL else paper()
    if asked == REFERENCE:
        from scenarios.connection import reference_transport  # noqa: PLC0415 - half a second

        transport = reference_transport(town, population, scenario.start)
        service = check_reached(transport, seeding(town, population))
        return connected(REFERENCE, transport, service, (scenario, town, population), folder, faults)
    timeout_s = scenario.city_os.timeout_s
    service = check_service(asked, seeding(town, population), timeout_s=min(timeout_s, TIMEOUT_S))
    remote = TimedTransport(HttpTransport(asked.rstrip("/"), timeout_s=timeout_s))
    reset_sandbox(remote, service)
    in_use = connected(asked, remote, service, (scenario, town, population), folder, faults)
    in_use.on_close = (remote.close,)
    return in_use


def is_address(text: str) -> bool:
    """Whether a text is the address of an HTTP service, without a name and password in it (RFC 9110, 4.2.4)."""
    try:
        parts = urlsplit(text)
        return (
            parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
        )
    except ValueError:
        return False


def connected(
    name: str,
    transport: Transport,
    service: Service,
    run: tuple[Scenario, Town, Population],
    folder: Path,
    faults: FaultFile | None = None,
) -> CityOsInUse:
    """A city OS behind a transport and perhaps behind faults, with its exchanges recorded in ``folder``."""
    scenario, town, population = run
    file = (folder / EXCHANGES).open("wb", buffering=WRITTEN_AT_ONCE_BYTES)
    recorder = ExchangeRecorder(file)
    who, put = directory(town, population), None
    if faults is not None:
        places, terms = Whereabouts.of(town, population), scenario.city_os
        transport, put = put_faults(faults, transport, service, places=places, terms=terms, folder=folder)
        hear_late(transport, recorder, who)
    city_os = RestCityOS(
        transport,
        service,
        who,
        Calendar(scenario.start),
        recorder=recorder,
        latency_factor=scenario.city_os.latency_factor,
    )
    return CityOsInUse(name, city_os, recorder, lambda oracle: recorder.observe(oracle.watch), file, faults=put)
