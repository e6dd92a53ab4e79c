"""Compartment: whose data a token reaches, narrowed by scope, consent and mode.

A ``patient/`` scope reaches the token's subject; ``user/`` the subject and the members of the household who consent;
``system/``, for a client that acts for itself, everybody who consents. What is out of reach looks as if it were not
there. Source: SMART App Launch 2.2.0, scopes; HL7 FHIR R4 4.0.1, compartmentdefinition-patient.html; contract C4.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from reference_api import disclosure
from reference_api.call import Call
from reference_api.errors import ApiError
from reference_api.fhir.categories import PATIENT_CATEGORIES
from reference_api.fhir.outcome import refused
from reference_api.fhir.own_patients import OWN_RECORD, new_number, owned
from reference_api.fhir.search.criteria import Context, Criterion, all_hold, condition, read_criterion
from reference_api.fhir.search.indexed import Indexed
from reference_api.fhir.search.references import patient_id
from reference_api.fhir.smart import SmartScope, smart_scopes
from reference_api.oidc.grants import REVOKED
from reference_api.services import Services

PURPOSES: Mapping[str, str] = {"municipality": "disaster_support"}
"""Consent purpose by recipient. FHIR requests name none, so it is what each recipient is there for.

Source: the consent catalogue: the municipality is no recipient of health_sharing.
"""

DEFAULT_PURPOSE = "health_sharing"
"""Of every other recipient. Source: contract, x-purpose of the FHIR operations."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What one scope opens: ``accounts`` it reaches (None is all), and criteria that a resource meets."""

    accounts: frozenset[int] | None
    criteria: tuple[Criterion, ...] = ()

    def admits(self, indexed: Indexed) -> bool:
        """Whether it opens one resource."""
        reached = self.accounts is None or indexed.account in self.accounts
        return reached and all_hold(self.criteria, indexed)

    def condition(self) -> tuple[str, list[Any]]:
        """The same as a condition on row ``r`` of fhir_resource."""
        text, values = condition(self.criteria)
        if self.accounts is None:
            return text, values
        marks = ", ".join("?" * len(self.accounts))
        return f"r.account_id IN ({marks}) AND {text}", [*sorted(self.accounts), *values]


@dataclass(slots=True)
class Asker:
    """Who asks, and what was found out about it within this request. ``own`` is the account of the token's subject."""

    services: Services
    call: Call
    context: Context
    own: int | None
    scopes: tuple[SmartScope, ...]
    _household: frozenset[int] | None = None
    _people: dict[int, disclosure.Person] = field(default_factory=dict)
    _decided: dict[int, disclosure.Decisions] = field(default_factory=dict)
    _is_consent_changed: bool = False

    @property
    def base_url(self) -> str:
        """Where this FHIR server is."""
        return self.context.base_url

    @property
    def purpose(self) -> str:
        """The consent purpose of the asker."""
        return PURPOSES.get(self.call.token.recipient.partition(":")[0], DEFAULT_PURPOSE)

    @property
    def is_the_person(self) -> bool:
        """Whether the subject's own data need no further consent: not through somebody else's service."""
        return not self.call.token.recipient.startswith("service")

    async def grants(self, resource_type: str, letter: str) -> tuple[Grant, ...]:
        """What the token opens of a type for an interaction; one at least.

        Raises:
            ApiError: insufficient-scope.
        """
        scopes = [scope for scope in self.scopes if self._counts(scope) and scope.opens(resource_type, letter)]
        grants = [await self._grant(resource_type, scope) for scope in scopes]
        held = tuple(grant for grant in grants if grant is not None)
        if not held:
            level = "system" if self.own is None else "patient"
            wanted = f"{level}/{resource_type}.{letter}"
            raise ApiError(
                "insufficient-scope",
                f"needs {wanted}",
                headers={"www-authenticate": f'Bearer error="insufficient_scope", scope="{wanted}"'},
            )
        return held

    async def may(self, resource_type: str, letter: str) -> bool:
        """Whether the token opens anything of a type for an interaction."""
        try:
            await self.grants(resource_type, letter)
        except ApiError:
            return False
        return True

    def _counts(self, scope: SmartScope) -> bool:
        """A client for itself has system scopes only, one with a subject the others only."""
        return (scope.level == "system") == (self.own is None)

    async def _grant(self, resource_type: str, scope: SmartScope) -> Grant | None:
        """What a scope opens; None if its restriction is not understood, which must not open more."""
        criteria: list[Criterion] = []
        for name, value in scope.query:
            try:
                criterion = read_criterion(resource_type, name, value, self.context)
            except ApiError:
                return None
            if criterion is None or name.startswith("_lastUpdated"):
                return None
            criteria.append(criterion)
        return Grant(await self._reach(scope.level), tuple(criteria))

    async def _reach(self, level: str) -> frozenset[int] | None:
        if self.own is None:
            return None
        if level == "patient":
            return frozenset((self.own,))
        if self._household is None:
            rows = await self.services.store.all(
                "SELECT id FROM account WHERE household <> ''"
                " AND household = (SELECT household FROM account WHERE id = ?)",
                (self.own,),
            )
            self._household = frozenset((self.own, *(row[0] for row in rows)))
        return self._household

    async def decisions(self, accounts: Collection[int]) -> Mapping[int, disclosure.Decisions]:
        """Decision on each category of FHIR data, by account; an account that is not there is left out."""
        unknown = sorted(set(accounts) - self._decided.keys())
        people = await self._read_people([account for account in unknown if account > 0])
        judged = await disclosure.judge(
            self.services, self.call, list(people.values()), self.purpose, PATIENT_CATEGORIES
        )
        self._decided.update(zip(people, judged, strict=True))
        self._people.update(people)
        if self.own is None:
            without = [account for account in unknown if account < 0]
            self._decided.update(await owned(self.services.store, self.call.token.client_id, without))
        return self._decided

    def adopt(self) -> str:
        """Logical id for a Patient without an account that this request is about to make, as its client's own."""
        number = new_number()
        if self.own is None:
            self._decided[number] = OWN_RECORD
        return patient_id(number)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        """A transaction; afterwards what rested on a consent that was withdrawn in it is known to be void."""
        async with self.services.store.transaction():
            yield
        if self._is_consent_changed:
            self.services.memory.forget(REVOKED)

    def note_consent_change(self) -> None:
        """Say that the transaction under way changes a consent."""
        self._is_consent_changed = True

    async def _read_people(self, accounts: Sequence[int]) -> dict[int, disclosure.Person]:
        if not accounts:
            return {}
        marks = ", ".join("?" * len(accounts))
        rows = await self.services.store.all(
            f"SELECT id, sub, district, neighbourhood FROM account WHERE id IN ({marks})", accounts
        )
        return {
            row[0]: disclosure.Person(
                disclosure.person_key(row[1], None),
                row[1],
                row[2],
                row[3],
                own=row[0] == self.own and self.is_the_person,
            )
            for row in rows
        }

    async def permits(self, account: int, category: str) -> bool:
        """Whether consent, law or ownership lets the asker have a category of a patient's data."""
        if account == self.own and self.is_the_person:
            return True
        decided = (await self.decisions((account,))).get(account)
        return decided is not None and decided[category].permit

    async def log(self, shown: Collection[tuple[int, str]]) -> None:
        """Write down which categories of which patients were shown."""
        by_account: dict[int, set[str]] = {}
        for account, category in shown:
            by_account.setdefault(account, set()).add(category)
        entries = [
            (self._people[account].key, {name: self._decided[account][name] for name in sorted(categories)})
            for account, categories in sorted(by_account.items())
            if account in self._people and not self._people[account].own
        ]
        if entries:
            await disclosure.log(self.services, self.call, self.purpose, entries)


async def open_asker(services: Services, call: Call) -> Asker:
    """Who asks, from the token of the call."""
    own: int | None = None
    if call.token.subject is not None:
        row = await services.store.one("SELECT id FROM account WHERE sub = ?", (call.token.subject,))
        if row is None:
            raise refused("invalid-token", "login", "The token's subject is not known here")
        own = row[0]
    context = Context(services.settings.fhir_base, call.now_s)
    return Asker(services, call, context, own, smart_scopes(call.token.scopes))
