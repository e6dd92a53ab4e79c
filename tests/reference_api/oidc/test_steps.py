"""What is still to be asked: the pure function against properties of OpenID Connect Core 3.1.2."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reference_api.oidc.assurance import CARD, PASSWORD, acceptable_acrs, offered_acrs
from reference_api.oidc.requests import AuthorizationRequest
from reference_api.oidc.sessions import Session
from reference_api.oidc.steps import CONSENT, DONE, SIGN_IN, Standing, next_step
from reference_api.settings import Settings

NOW_S = 1_800_000_000.0

REQUESTS = st.builds(
    AuthorizationRequest,
    client_id=st.just("a"),
    redirect_uri=st.just("https://a.example/cb"),
    scope=st.just(("openid",)),
    code_challenge=st.just("x" * 43),
    prompt=st.lists(st.sampled_from(["login", "consent", "select_account"]), unique=True).map(tuple),
    max_age_s=st.none() | st.sampled_from([0, 10, 10_000]),
    hinted_sub=st.none() | st.sampled_from(["p", "q"]),
)
SESSIONS = st.builds(
    Session,
    sid=st.just("s"),
    sub=st.sampled_from(["p", "q"]),
    auth_time_s=st.sampled_from([NOW_S, NOW_S - 10, NOW_S - 11, NOW_S - 9_999]),
    acr=st.sampled_from([PASSWORD, CARD]),
    amr=st.just(("pwd",)),
    expires_at_s=st.just(NOW_S + 1),
)
STANDINGS = st.builds(
    Standing,
    session=st.none() | SESSIONS,
    acrs=st.sampled_from([frozenset((PASSWORD, CARD)), frozenset((CARD,))]),
    now_s=st.just(NOW_S),
    hint_fits=st.booleans(),
    chosen=st.booleans(),
    signed_in=st.booleans(),
    agreed=st.booleans(),
)


@given(request=REQUESTS, standing=STANDINGS)
def test_done_means_that_everything_holds(request: AuthorizationRequest, standing: Standing) -> None:
    """A request is answered only for a session of the right person and class, fresh enough, chosen and agreed to."""
    if next_step(request, standing).name != DONE:
        return
    session = standing.session
    assert session is not None
    assert session.acr in standing.acrs
    assert request.hinted_sub in (None, session.sub)
    assert standing.agreed
    assert standing.signed_in or "login" not in request.prompt
    assert standing.signed_in or request.max_age_s is None or NOW_S - session.auth_time_s <= request.max_age_s
    assert standing.chosen or (standing.hint_fits and "select_account" not in request.prompt)


@given(request=REQUESTS, standing=STANDINGS, session=SESSIONS)
def test_a_fresh_sign_in_of_the_right_person_leads_on(
    request: AuthorizationRequest, standing: Standing, session: Session
) -> None:
    """Whoever signed in for the request, as demanded, is asked for consent at most: no question comes twice."""
    signed = replace(session, sub=request.hinted_sub or session.sub, acr=CARD)
    after = replace(standing, session=signed, chosen=True, signed_in=True)
    assert next_step(request, after).name == (DONE if standing.agreed else CONSENT)


@given(request=REQUESTS, standing=STANDINGS)
def test_every_question_has_its_error(request: AuthorizationRequest, standing: Standing) -> None:
    """Whatever is asked has an error of OpenID Connect Core 3.1.2.6 for a client that lets nobody be asked."""
    step = next_step(request, standing)
    assert (step.name == DONE) == (step.error == "")
    assert standing.session is not None or step.name == SIGN_IN


@given(st.lists(st.sampled_from([CARD, PASSWORD, "urn:example:x"]), max_size=3), st.booleans(), st.booleans())
def test_classes_that_a_request_takes(wishes: list[str], essential: bool, sandbox: bool) -> None:  # noqa: FBT001 - drawn
    """An essential class is met exactly or not at all; a wish only ever narrows what is offered, never to nothing."""
    settings = Settings(sandbox=sandbox)
    offered = frozenset(offered_acrs(settings))
    claim = {"id_token": {"acr": {"essential": True, "values": wishes}}}
    taken = acceptable_acrs(settings, asking(claims=claim) if essential else asking(acr_values=tuple(wishes)))
    first = next((wish for wish in wishes if wish in offered), None)
    if essential and wishes:
        assert taken == frozenset(wishes) & offered
    elif first is None:
        assert taken == offered
    else:
        assert taken == ({first, CARD} & offered)


def asking(**changed: Any) -> AuthorizationRequest:
    """A request with some members."""
    return AuthorizationRequest(client_id="a", redirect_uri="", scope=(), code_challenge="", **changed)
