"""Town: the areas of a city OS's sandbox, and the modes that the city declares for them. Nothing here judges."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from conformance.accounts import PersonAccount
from conformance.city.caller import City
from conformance.city.consents import Consents, Question, needed
from conformance.outcomes import NotApplicable
from conformance.text import Text

LAWFUL = ("disaster_support", "safety")
"""Purpose and category that the law opens to the municipality in a disaster. Source: 災対法 86-15(3), contract C4."""


@dataclass(frozen=True)
class Declaration:
    """A declared mode, as the city OS answered it."""

    event: Mapping[str, Any]
    etag: str

    @property
    def id(self) -> str:
        """Its number."""
        return str(self.event.get("id", ""))


class Town:
    """The areas of a town and the modes that hold there; the city office declares."""

    def __init__(self, city: City) -> None:
        self.city = city
        self._areas: tuple[str, ...] = ()

    @property
    def areas(self) -> tuple[str, ...]:
        """Codes of all areas that the city OS tells of: the districts of its shelters, else its associations' areas.

        Raises:
            NotApplicable: It tells of none.
        """
        self._areas = self._areas or self._districts() or self._neighbourhoods()
        if self._areas:
            return self._areas
        raise NotApplicable(
            Text(
                "no code of an area is known: neither listShelters nor a sandbox client of role association names one",
                "地区の符号が分からない(listShelters にも試験環境の町内会クライアントにもない)",
            )
        )

    def _districts(self) -> tuple[str, ...]:
        reply = self.city.call("listShelters", query={"limit": 500})
        items = reply.members.get("items", ()) if reply.status == 200 else ()
        return tuple(sorted({str(one["district"]) for one in items if isinstance(one, dict) and one.get("district")}))

    def _neighbourhoods(self) -> tuple[str, ...]:
        parts = (account.recipient.partition(":") for account in self.city.target.of_role("association"))
        return tuple(sorted({code for kind, _, code in parts if kind == "association" and code}))

    def now(self) -> str:
        """The time that the city OS goes by, as far as that is known."""
        if self.city.target.has_sandbox:
            reply = self.city.call("getSandboxClock", "sandbox_admin")
            if reply.status == 200:
                return str(reply.members["now"])
        return datetime.now(UTC).isoformat()

    def declare(self, mode: str, areas: Sequence[str] = ()) -> Declaration:
        """Declare a mode, everywhere unless areas are named.

        Raises:
            Unmet: It was refused.
        """
        body = {"mode": mode, "hazard": "earthquake", "areas": list(areas or self.areas), "declared_at": self.now()}
        reply = self.city.call("declareDisaster", "city_office", body)
        return Declaration(needed(reply, f"declareDisaster {mode}", 200, 201), reply.header("etag"))

    def end(self, declared: Declaration) -> None:
        """End a declaration.

        Raises:
            Unmet: It was refused.
        """
        reply = self.city.call(
            "updateDisasterEvent",
            "city_office",
            {"mode": "normal"},
            headers={"if-match": declared.etag},
            path={"event_id": declared.id},
        )
        needed(reply, "updateDisasterEvent", 200)

    def reached(self, people: Sequence[PersonAccount]) -> list[PersonAccount]:
        """Of people, those whose home lies in the town's areas: the law opens them where a disaster is declared.

        Raises:
            Unmet: A disaster cannot be declared and ended.
        """
        purpose, category = LAWFUL
        declared = self.declare("disaster")
        asked = [Question(one.user, purpose, category) for one in people]
        answers = Consents(self.city).decide("city_office", asked)
        self.end(declared)
        return [one for one, answer in zip(people, answers, strict=True) if answer.permit]
