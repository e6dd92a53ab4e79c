"""What is still to be asked of a person before an authorization request can be answered: one pure function."""

from collections.abc import Callable
from dataclasses import dataclass

from reference_api.oidc.requests import AuthorizationRequest
from reference_api.oidc.sessions import Session

SIGN_IN, CHOOSE, CONSENT, DONE = "sign_in", "choose", "consent", "done"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a browser and its person stand towards a request.

    ``acrs`` are the authentication classes that the request takes. ``hint_fits``: the login_hint, if any, names who is
    signed in. ``chosen``: the person signed in or chose the account for this request; ``signed_in``: signed in for it.
    ``agreed``: a consent that covers it was given for it, or before and is remembered.
    """

    session: Session | None
    acrs: frozenset[str]
    now_s: float
    hint_fits: bool = True
    chosen: bool = False
    signed_in: bool = False
    agreed: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """What comes next, and the error that says so to a client that lets nobody be asked (prompt none)."""

    name: str
    error: str = ""


_Test = Callable[[AuthorizationRequest, Standing, Session], bool]


def _is_too_old(request: AuthorizationRequest, standing: Standing, session: Session) -> bool:
    """Whether the sign-in is older than max_age; one made for this request is as new as can be."""
    if request.max_age_s is None or standing.signed_in:
        return False
    return request.max_age_s == 0 or standing.now_s - session.auth_time_s > request.max_age_s


_ASKED: tuple[tuple[Step, _Test], ...] = (
    (Step(SIGN_IN, "login_required"), lambda request, at, _: "login" in request.prompt and not at.signed_in),
    (Step(SIGN_IN, "login_required"), _is_too_old),
    (Step(SIGN_IN, "login_required"), lambda request, _, session: request.hinted_sub not in (None, session.sub)),
    (Step(SIGN_IN, "interaction_required"), lambda _request, at, session: session.acr not in at.acrs),
    (
        Step(CHOOSE, "account_selection_required"),
        lambda request, at, _: not at.chosen and ("select_account" in request.prompt or not at.hint_fits),
    ),
    (Step(CONSENT, "consent_required"), lambda _request, at, _: not at.agreed),
)
"""Questions in their order. Source: OpenID Connect Core 1.0 sections 3.1.2.1, 3.1.2.3, 3.1.2.4, 3.1.2.6."""


def next_step(request: AuthorizationRequest, standing: Standing) -> Step:
    """The first question that is open; DONE if there is none."""
    session = standing.session
    if session is None:
        return Step(SIGN_IN, "login_required")
    for step, is_open in _ASKED:
        if is_open(request, standing, session):
            return step
    return Step(DONE)
