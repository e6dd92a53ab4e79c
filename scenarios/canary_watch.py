"""CanaryWatch: every response of a city OS is searched for markers, and every marker judged by the rights."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from agents.city_os.asker import Asker, AskerKind
from agents.city_os.recorder import Observation
from scenarios.language import Text
from scenarios.record import Finding, FindingKind
from scenarios.rights import RECIPIENT_OF_ASKER, Rights
from twin.canaries import Canary, scan
from twin.population import Mode, PersonalField

ASKER_NAME: Mapping[AskerKind, Text] = {
    AskerKind.ANYBODY: Text("誰でも", "anybody"),
    AskerKind.CITY_OFFICE: Text("市役所", "the city office"),
    AskerKind.SHELTER_DESK: Text("避難所受付", "a shelter desk"),
    AskerKind.ASSOCIATION: Text("町内会", "an association"),
    AskerKind.CITIZEN: Text("住民", "a citizen"),
}
FIELD_NAME: Mapping[PersonalField, Text] = {
    PersonalField.NAME: Text("氏名", "name"),
    PersonalField.NAME_KANA: Text("氏名カナ", "name in kana"),
    PersonalField.PHONE: Text("電話番号", "phone number"),
    PersonalField.EMAIL: Text("メールアドレス", "e-mail address"),
    PersonalField.ADDRESS: Text("住所", "address"),
    PersonalField.PLAN_NOTE: Text("個別避難計画", "evacuation plan"),
}


ACCEPTED = (200, 201)
"""Answers to a declaration that now holds; 200 where it was made before. Source: the contract, declareDisaster."""


class _Declaration(msgspec.Struct):
    """What the city office says when it declares; schema DisasterDeclaration of the contract."""

    mode: Mode
    areas: list[str]


@dataclass(slots=True)
class _Leak:
    first_s: float
    people: set[int] = field(default_factory=set)


class CanaryWatch:
    """An observer of every response. ``seed`` is the population's, ``districts`` rows of districts by code.

    The modes in force are those that the city office declared and the service accepted; where it has not answered well,
    what was declared may hold or not, so that nobody is accused of what ``sent`` permits: the rights if it does. What
    an office, desk or association has told a service it knows already; desks and city office are one, as parts of the
    municipality.
    """

    def __init__(self, rights: Rights, sent: Rights, *, seed: int, districts: Mapping[str, int]) -> None:
        self._rights = rights
        self._sent = sent
        self._seed = seed
        self._districts = districts
        self._told: dict[object, set[Canary]] = defaultdict(set)
        self._leaks: dict[tuple[AskerKind, PersonalField, str], _Leak] = {}
        self._leaked: set[tuple[AskerKind, int, PersonalField]] = set()
        self._permitted: dict[tuple[object, str], set[Canary]] = defaultdict(set)
        self.markers_seen = 0
        """Markers found in responses so far, those seen by right included."""

    def __call__(self, seen: Observation) -> None:
        """Look at one response."""
        # Citizens speak of themselves only, and most of what is said is said by them.
        if seen.sent and seen.asker.kind is not AskerKind.CITIZEN:
            self._told[_knower(seen.asker)] |= scan(self._seed, seen.sent)
        if seen.operation == "declareDisaster":
            self._hear(seen)
        if seen.body:
            self._judge(seen)

    def _hear(self, seen: Observation) -> None:
        declared = msgspec.json.decode(seen.sent, type=_Declaration)
        self._permitted.clear()
        for rights in (self._sent, self._rights) if seen.status in ACCEPTED else (self._sent,):
            rights.declare(declared.mode, [self._districts[code] for code in declared.areas])

    def _may_see(self, seen: Observation, canary: Canary) -> bool:
        asked = (seen.asker, *canary, seen.operation)
        return self._rights.may_see(*asked) or self._sent.may_see(*asked)

    def _judge(self, seen: Observation) -> None:
        found = scan(self._seed, seen.body)
        if not found:
            return
        self.markers_seen += len(found)
        knower = _knower(seen.asker)
        # Whoever stays on a list is shown as often as the list is, and judged once: until the next declaration.
        permitted = self._permitted[knower, seen.operation]
        for canary in found - self._told[knower] - permitted:
            if self._may_see(seen, canary):
                permitted.add(canary)
            else:
                self._note(seen, canary)

    def _note(self, seen: Observation, canary: Canary) -> None:
        person, personal_field = canary
        if (seen.asker.kind, person, personal_field) in self._leaked:
            return
        self._leaked.add((seen.asker.kind, person, personal_field))
        key = (seen.asker.kind, personal_field, seen.operation)
        self._leaks.setdefault(key, _Leak(seen.at_s)).people.add(person)

    def findings(self) -> tuple[Finding, ...]:
        """One finding for each kind of asker, field and operation; each person counts once for an asker and field."""
        return tuple(_finding(*key, leak) for key, leak in sorted(self._leaks.items()))


def _knower(asker: Asker) -> object:
    recipient = RECIPIENT_OF_ASKER.get(asker.kind)
    return recipient if asker.kind in (AskerKind.CITY_OFFICE, AskerKind.SHELTER_DESK) else asker


def _finding(kind: AskerKind, personal_field: PersonalField, operation: str, leak: _Leak) -> Finding:
    asker, name = ASKER_NAME[kind], FIELD_NAME[personal_field]
    return Finding(
        FindingKind.LEAK,
        leak.first_s,
        Text(f"{asker.ja}に見えた{name.ja}", f"{name.en} shown to {asker.en}"),
        expected="0",
        actual=str(len(leak.people)),
        operation=operation,
        people=tuple(sorted(leak.people)),
        cases=len(leak.people),
    )
