"""A city OS at the port that does what it is told, with any latency and any failure put in: no HTTP, no consent."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from agents.city_os.port import Answer, Disclosed, Failure, FailureKind, ShelterBoard, ShelterStatus

T = TypeVar("T")
Fails = Callable[[str, float], bool]


def never(verb: str, at_s: float) -> bool:
    """Every verb works at any time."""
    del verb, at_s
    return False


def listed(people: Sequence[int]) -> Disclosed:
    """A list of people."""
    return Disclosed(np.array(people, np.int32))


class AnsweringCityOS:
    """Remembers statuses, reports and messages; ``said`` lists what was asked, by verb and time."""

    name = "answering"
    connected = True

    def __init__(self, shelters: int, people: int, *, latency_s: float = 0.0, fails: Fails = never) -> None:
        self.latency_s = latency_s
        self.fails = fails
        self.said: list[tuple[str, float]] = []
        self.status: list[ShelterStatus | None] = [ShelterStatus.UNOPENED] * shelters
        self.everybody = list(range(people))
        self.reported: list[int] = []

    def answer(self, verb: str, at_s: float, value: T) -> Answer[T]:
        """What comes back for a verb: the value, or no answer where it fails now."""
        self.said.append((verb, at_s))
        if self.fails(verb, at_s):
            return Answer(None, Failure(FailureKind.UNREACHABLE), self.latency_s)
        return Answer(value, None, self.latency_s)

    def times_s(self, verb: str) -> list[float]:
        """When a verb was asked."""
        return [at_s for one, at_s in self.said if one == verb]

    def declare(self, at_s: float, *_: object) -> Answer[None]:
        """Taken."""
        return self.answer("declare", at_s, None)

    def issue_order(self, at_s: float, *_: object) -> Answer[None]:
        """Taken."""
        return self.answer("issue_order", at_s, None)

    def set_shelter_status(self, at_s: float, shelter: int, status: ShelterStatus) -> Answer[None]:
        """Shown on the board from now on."""
        answer = self.answer("set_shelter_status", at_s, None)
        if answer.ok:
            self.status[shelter] = status
        return answer

    def notify(self, at_s: float, *_: object) -> Answer[str]:
        """A message with a name of its own."""
        return self.answer("notify", at_s, f"message-{len(self.said)}")

    def deliveries(self, at_s: float, *_: object) -> Answer[Disclosed]:
        """Everybody has the app and the message."""
        return self.answer("deliveries", at_s, listed(self.everybody))

    def shelter_board(self, at_s: float) -> Answer[ShelterBoard]:
        """The statuses as they were told."""
        board = ShelterBoard(tuple(self.status), np.full(len(self.status), -1, np.int32))
        return self.answer("shelter_board", at_s, board)

    def report_safety(self, at_s: float, person: int, *_: object) -> Answer[None]:
        """Known to the family from now on."""
        answer = self.answer("report_safety", at_s, None)
        if answer.ok:
            self.reported.append(person)
        return answer

    def family_safety(self, at_s: float, *_: object) -> Answer[Disclosed]:
        """Everybody who reported, whosever family it is."""
        return self.answer("family_safety", at_s, listed(self.reported))

    def _done(verb: str) -> Any:  # noqa: N805  (makes the verbs below, when the class is)
        def method(self: "AnsweringCityOS", at_s: float, *_: object) -> Answer[None]:
            return self.answer(verb, at_s, None)

        return method

    def _nobody(verb: str) -> Any:  # noqa: N805
        def method(self: "AnsweringCityOS", at_s: float, *_: object) -> Answer[Disclosed]:
            return self.answer(verb, at_s, listed([]))

        return method

    put_position, check_in, check_out = _done("put_position"), _done("check_in"), _done("check_out")
    confirm_safety = _done("confirm_safety")
    evacuees, known_safe, positions = _nobody("evacuees"), _nobody("known_safe"), _nobody("positions")
    support_list, association_safety = _nobody("support_list"), _nobody("association_safety")
