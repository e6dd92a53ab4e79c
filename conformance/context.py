"""Context: what a check works with. It acts through the drivers, and says here what it expects."""

from collections.abc import Callable, Container, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NoReturn

from conformance.city.caller import City, Sandbox
from conformance.draws import Draws, fresh
from conformance.errors import SuiteError
from conformance.fhir.server import FhirServer
from conformance.oidc.receiver import Receiver, receiver
from conformance.oidc.relying_party import RelyingParty
from conformance.outcomes import Misconfigured, NeedsReview, NotApplicable, Unmet, Violation
from conformance.target import Target, with_sandbox, with_second_client
from conformance.text import Text, both
from conformance.wire import Reply, Wire


@dataclass
class Context:
    """What a check works with: the target, a wire of its own, choices of its own, and its expectations.

    ``fhir_token`` is the bearer token that the plan gives for FHIR, empty where there is none.
    """

    target: Target
    wire: Wire
    draws: Draws
    fhir_token: str = field(default="", repr=False)
    _afterwards: ExitStack = field(default_factory=ExitStack, repr=False)
    _controls: int = 0
    _expectations: int = 0
    _inside_control: bool = False

    @cached_property
    def rp(self) -> RelyingParty:
        """The suite's client at the OpenID provider.

        Raises:
            NotApplicable: The plan names no provider.
            Unmet: Its metadata could not be read.
        """
        if not self.target.issuer:
            self.omit("the plan names no OpenID provider", "計画にOpenID Providerがない")
        if self.target.client is None:
            self.skip("the metadata of the OpenID provider could not be read", "OpenID Providerのメタデータを読めない")
        return RelyingParty(self.target, self.wire, self.target.client)

    @cached_property
    def second_rp(self) -> RelyingParty:
        """The suite's second client at the provider, with the same person at the browser."""
        reason = with_second_client(self.target)
        if reason or self.target.second_client is None:
            raise NotApplicable(reason or "")
        return self.rp.as_client(self.target.second_client)

    @cached_property
    def city(self) -> City:
        """The city OS."""
        return City(self.target, self.wire)

    @cached_property
    def sandbox(self) -> Sandbox:
        """The city OS's sandbox; what is changed there is set back when the check ends.

        Raises:
            NotApplicable: There is none.
        """
        reason = with_sandbox(self.target)
        if reason:
            raise NotApplicable(reason)
        box = Sandbox(self.city)
        self.afterwards(box.reset)
        return box

    @cached_property
    def fhir(self) -> FhirServer:
        """The FHIR server."""
        return FhirServer(self.target, self.wire, self.city, self.fhir_token)

    def receiver(self, at: str = "") -> AbstractContextManager[Receiver]:
        """Listen for what the target sends; ``at``: an address that it already sends to, else ``url`` is told to it.

        Raises:
            Unmet: The target cannot reach the suite there.
            Misconfigured: The port cannot be had.
        """
        return receiver(self.target.plan.receiver, at)

    def expect(self, what: Text | str, *, expected: object, actual: object) -> None:
        """Demand that something seen is equal to what is demanded.

        Raises:
            Violation: It is not.
        """
        self.require(what, actual == expected, expected=expected, actual=actual)

    def expect_in(self, what: Text | str, *, expected: Container[Any], actual: object) -> None:
        """Demand that something seen is one of several."""
        self.require(what, actual in expected, expected=f"one of {expected}", actual=actual)

    def expect_status(self, what: Text | str, reply: Reply, *expected: int) -> None:
        """Demand the status of an answer; what was answered is told."""
        actual = f"{reply.status} {reply.text[:200]}".strip()
        self.require(what, reply.status in expected, expected=" or ".join(map(str, expected)), actual=actual)

    def require(self, what: Text | str, holds: object, *, expected: object, actual: object) -> None:
        """Demand that something holds; ``expected`` and ``actual`` are told where it does not."""
        if not self._inside_control:
            self._expectations += 1
        if not holds:
            raise Violation(what, expected=expected, actual=actual)

    def refused(self, what: Text | str, holds: object, *, expected: object, actual: object) -> None:
        """Demand that something wrong was refused; the check must have seen before that what is right is accepted.

        Raises:
            Violation: It was not refused.
            SuiteError: The check has no positive control.
        """
        if not self._controls:
            raise SuiteError(f"{both(what).en}: a refusal proves nothing before its positive control has passed")
        self.require(what, holds, expected=expected, actual=actual)

    def refused_status(self, what: Text | str, reply: Reply, *expected: int) -> None:
        """Demand that something wrong was refused with one of these statuses."""
        actual = f"{reply.status} {reply.text[:200]}".strip()
        told = " or ".join(map(str, expected))
        self.refused(what, reply.status in expected, expected=told, actual=actual)

    @contextmanager
    def control(self, what: Text | str) -> Iterator[None]:
        """A positive control: what is right is accepted; where it is not, nothing is known, and the verdict is skip."""
        self._inside_control = True
        try:
            yield
        except Violation as seen:
            name = both(what)
            raise Unmet(
                Text(
                    f"positive control failed: {name.en}: {seen.text.en}: expected {seen.expected}, got {seen.actual}",
                    f"正しい要求が通らない: {name.ja}: {seen.text.ja}: 期待 {seen.expected}、実際 {seen.actual}",
                )
            ) from seen
        finally:
            self._inside_control = False
        self._controls += 1

    def omit(self, en: str, ja: str) -> NoReturn:
        """The requirement does not apply to this target, for a reason that only the check could find."""
        raise NotApplicable(Text(en, ja))

    def review(self, en: str, ja: str) -> NoReturn:
        """A person must look."""
        raise NeedsReview(Text(en, ja))

    def skip(self, en: str, ja: str) -> NoReturn:
        """A precondition failed."""
        raise Unmet(Text(en, ja))

    def misconfigured(self, en: str, ja: str) -> NoReturn:
        """The plan does not fit the target."""
        raise Misconfigured(Text(en, ja))

    def afterwards(self, undo: Callable[[], object]) -> None:
        """Do something when the check has ended, however it ended; the last entered comes first."""
        self._afterwards.callback(undo)

    def fresh(self, length_bytes: int = 12) -> str:
        """A string that was never used before."""
        return fresh(length_bytes)

    def close(self) -> None:
        """Undo what the check did to the target."""
        self._afterwards.close()

    @property
    def expectations(self) -> int:
        """How many demands were made outside of controls: a check without any proves nothing."""
        return self._expectations
