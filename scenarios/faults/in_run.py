"""Faults of a run: put between the town and its city OS, and told of in the record."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from agents.city_os.asker import Asker, AskerKind
from agents.city_os.caller import Call
from agents.city_os.directory import Directory
from agents.city_os.recorder import ExchangeRecorder
from agents.city_os.service import Service
from agents.city_os.transport import Request, Response, Transport
from scenarios.faults.callers import Callers
from scenarios.faults.form import FaultFile
from scenarios.faults.injection import Asked, Injector
from scenarios.faults.log import FaultLog
from scenarios.faults.paths import Paths
from scenarios.faults.transport import FaultyTransport, Terms
from scenarios.faults.whereabouts import Whereabouts
from scenarios.record import InjectedFault
from scenarios.scenario import CityOsTerms

FAULTS_LOG = "faults.jsonl"


@dataclass(frozen=True, slots=True)
class FaultsInUse:
    """Faults while a run uses them."""

    injector: Injector
    transport: FaultyTransport
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
) -> FaultsInUse:
    """Put faults in front of a transport; each one that hits a call is written into ``folder``."""
    injector = Injector(file)
    sandbox = service.document.sandbox
    log = (folder / FAULTS_LOG).open("wb")
    transport = FaultyTransport(
        inner,
        injector,
        Callers(tuple(sandbox.clients) if sandbox else (), places),
        Paths.of(service.document.api_base, {"token_endpoint": service.token_url}),
        log=FaultLog(log, file.seed),
        terms=Terms(terms.latency_factor, terms.timeout_s),
    )
    return FaultsInUse(injector, transport, log)


def hear_late(in_use: FaultsInUse, recorder: ExchangeRecorder, directory: Directory) -> None:
    """Let writes that are sent after a loss be written down as their senders' own."""
    in_use.transport.late = partial(_record, recorder, directory)


def _record(
    recorder: ExchangeRecorder, directory: Directory, asked: Asked, request: Request, response: Response
) -> None:
    asker = Asker(AskerKind.CITIZEN, directory.person_row.get(asked.subject, -1))
    call = Call(asked.operation, request.method, request.url, asker, request.at_s, request.body)
    recorder.record(call, request, response, None)
