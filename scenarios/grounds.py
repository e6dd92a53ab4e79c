"""Grounds: the town, its ways, and the people, made once for runs that follow one another."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from twin.population import Population
from twin.town import Town

if TYPE_CHECKING:  # it brings the movement's compiler, which is not needed where cells are only listed
    from agents.ways import WaysOnFoot

Made = TypeVar("Made")


@dataclass(slots=True)
class Last(Generic[Made]):
    """The last thing that was made, with what it was made of."""

    made_of: object = None
    thing: Made | None = None

    def get(self, made_of: object, make: Callable[[], Made]) -> Made:
        """The thing made of this: the last one if that was made of the same, else a new one, which is then the last."""
        if self.thing is None or self.made_of != made_of:
            self.made_of = self.thing = None  # never two at a time
            self.thing = make()
            self.made_of = made_of
        return self.thing


class Grounds:
    """What the last run of a process was set on; the next one of the same is set on it too.

    A run changes neither town nor people nor what these remember of ways, so it
    makes no difference who made them.
    """

    def __init__(self) -> None:
        self.town: Last[Town] = Last()
        self.people: Last[tuple[Town, Population]] = Last()
        self.ways: Last[WaysOnFoot] = Last()
