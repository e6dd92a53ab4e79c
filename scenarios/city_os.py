"""The city OS of a run: none, the reference in this process, or any vendor's over HTTP; and what was said to it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from agents.city_os.calendar import Calendar
from agents.city_os.connect import TIMEOUT_S, check_reached, check_service, reset_sandbox
from agents.city_os.http import HttpTransport
from agents.city_os.paper import PaperCityOS
from agents.city_os.port import CityOS
from agents.city_os.recorder import ExchangeRecorder, Observer
from agents.city_os.rest import RestCityOS
from agents.city_os.service import Service
from agents.city_os.transport import Transport
from scenarios.errors import NoServiceForFaults, UnusableCityOs
from scenarios.faults.form import FaultFile
from scenarios.faults.in_run import FaultsInUse, hear_late, put_faults
from scenarios.faults.told_time import TimedTransport
from scenarios.faults.whereabouts import Whereabouts
from scenarios.options import NONE, REFERENCE
from scenarios.record import OperationCalls
from scenarios.scenario import Scenario
from scenarios.seeding import directory, seeding
from twin.population import Population
from twin.town import Town

EXCHANGES = "exchanges.jsonl"
WRITTEN_AT_ONCE_BYTES = 1 << 20
"""The file of a whole town's exchanges has hundreds of megabytes. Source: none. Confidence C."""


@dataclass
class CityOsInUse:
    """A city OS while a run uses it; ``name`` is what the report calls it."""

    name: str
    city_os: CityOS
    recorder: ExchangeRecorder
    file: BinaryIO | None = None
    on_close: Sequence[Callable[[], None]] = field(default=())
    faults: FaultsInUse | None = None

    def observe(self, observer: Observer) -> None:
        """Show every response from now on to an observer."""
        self.recorder.observe(observer)

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
    return CityOsInUse(NONE, PaperCityOS(), ExchangeRecorder())


def open_city_os(
    asked: str, scenario: Scenario, town: Town, population: Population, folder: Path, faults: FaultFile | None = None
) -> CityOsInUse:
    """The city OS that the user asked for: ``reference``, ``none`` or an address; ``faults`` are put in front of it.

    Raises:
        UnusableCityOs: What was asked for is none of them.
        NoServiceForFaults: There are faults, and no city OS.
        AgentsError: Nobody answers there, or what answers cannot be used for this run.
    """
    if asked not in (REFERENCE, NONE) and not is_address(asked):
        raise UnusableCityOs(asked)
    if asked == NONE and faults is not None:
        raise NoServiceForFaults
    if asked == NONE:
        (folder / EXCHANGES).touch()
        return paper()
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
    put = None
    if faults is not None:
        places = Whereabouts.of(town, population)
        put = put_faults(faults, transport, service, places=places, terms=scenario.city_os, folder=folder)
    file = (folder / EXCHANGES).open("wb", buffering=WRITTEN_AT_ONCE_BYTES)
    recorder = ExchangeRecorder(file)
    who = directory(town, population)
    if put is not None:
        hear_late(put, recorder, who)
    city_os = RestCityOS(
        put.transport if put else transport,
        service,
        who,
        Calendar(scenario.start),
        recorder=recorder,
        latency_factor=scenario.city_os.latency_factor,
    )
    return CityOsInUse(name, city_os, recorder, file, faults=put)
