"""Faults of a run: put between the town and its city OS, and told of in the record."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from agents.city_os.asker import Asker, AskerKind
from agents.city_os.caller import Call
from agents.city_os.directory import Directory
from agents.city_os.line import PlainLine
from agents.city_os.recorder import ExchangeRecorder
from agents.city_os.service import Service
from agents.city_os.transport import Request, Response, Transport
from scenarios.faults.callers import Callers
from scenarios.faults.effects import Terms
from scenarios.faults.form import FaultFile
from scenarios.faults.injection import Asked, Injector
from scenarios.faults.line import Askers, FaultyLine, check_for_line
from scenarios.faults.log import FaultLog
from scenarios.faults.paths import Paths
from scenarios.faults.transport import FaultyTransport
from scenarios.faults.whereabouts import Whereabouts
from scenarios.record import InjectedFault
from scenarios.scenario import CityOsTerms
from twin.population import Population
from twin.town import Town

FAULTS_LOG = "faults.jsonl"


@dataclass(frozen=True, slots=True)
class FaultsInUse:
    """Faults while a run uses them."""

    injector: Injector
    file: BinaryIO

    def told(self) -> tuple[InjectedFault, ...]:
        """Each fault as it was in force, and how many calls it hit."""
        return tuple(
            InjectedFault(
                name=one.name,
                kind=one.kind,
                from_s=one.from_s,
                until_s=one.until_s,
                operations=one.operations,
                districts=one.districts,
                share=one.share,
                concerned=self.injector.concerned[one.name],
                hit=self.injector.hit[one.name],
            )
            for one in self.injector.file.fault
        )


def put_faults(
    file: FaultFile,
    inner: Transport,
    service: Service,
    *,
    places: Whereabouts,
    terms: CityOsTerms,
    folder: Path,
) -> tuple[FaultyTransport, FaultsInUse]:
    """Put faults in front of a transport; each one that hits a call is written into ``folder``."""
    in_use = _in_use(file, folder)
    sandbox = service.document.sandbox
    transport = FaultyTransport(
        inner,
        in_use.injector,
        Callers(tuple(sandbox.clients) if sandbox else (), places),
        Paths.of(service.document.api_base, {"token_endpoint": service.token_url}),
        log=FaultLog(in_use.file, file.seed),
        terms=_terms(terms),
    )
    return transport, in_use


def put_faults_on_line(
    file: FaultFile, town: Town, population: Population, *, terms: CityOsTerms, folder: Path
) -> tuple[FaultyLine, FaultsInUse]:
    """Put faults on the line of a modelled city OS; each one that hits a call is written into ``folder``.

    Raises:
        NoTrickleOnLine: there is a fault that no line can have.
    """
    check_for_line(file)
    in_use = _in_use(file, folder)
    askers, log = Askers(town, population), FaultLog(in_use.file, file.seed)
    return FaultyLine(PlainLine(), in_use.injector, askers, log=log, terms=_terms(terms)), in_use


def _in_use(file: FaultFile, folder: Path) -> FaultsInUse:
    return FaultsInUse(Injector(file), (folder / FAULTS_LOG).open("wb"))


def _terms(terms: CityOsTerms) -> Terms:
    return Terms(terms.latency_factor, terms.timeout_s)


def hear_late(transport: FaultyTransport, recorder: ExchangeRecorder, directory: Directory) -> None:
    """Let writes that are sent after a loss be written down as their senders' own."""
    transport.late = partial(_record, recorder, directory)


def _record(
    recorder: ExchangeRecorder, directory: Directory, asked: Asked, request: Request, response: Response
) -> None:
    asker = Asker(AskerKind.CITIZEN, directory.person_row.get(asked.subject, -1))
    call = Call(asked.operation, request.method, request.url, asker, request.at_s, request.body)
    recorder.record(call, request, response, None)
