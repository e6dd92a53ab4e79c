"""The certified oidc-provider is judged right, and each fault that a proxy adds is found at its clause."""

from collections.abc import Iterator

import pytest
from deviant.proxy.mutating import Mutation, Proxy
from deviant.proxy.mutations import FAULTS, NULL, SIGNED_AGAIN
from foreign_servers import require_node
from judged_provider import judged, provider_behind_proxy

from conformance.contract.requirements import load_requirements
from conformance.verdict import Verdict

LEVELS = {one.id: one.level for one in load_requirements()}


@pytest.fixture(scope="module")
def proxy() -> Iterator[Proxy]:
    """The provider behind the proxy."""
    require_node()
    with provider_behind_proxy() as running:
        yield running


@pytest.mark.parametrize("mutation", [NULL, SIGNED_AGAIN], ids=lambda one: one.name)
def test_a_certified_provider_has_no_must_failure(proxy: Proxy, mutation: Mutation) -> None:
    """Neither as it is nor with its ID tokens signed again; what is not known has a reason."""
    proxy.mutation = mutation
    results = judged(proxy.url, jobs=4)
    wrong = [
        (one.name, one.message.en) for one in results if one.verdict in (Verdict.FAIL, Verdict.ERROR, Verdict.CONFIG)
    ]
    assert wrong == []
    assert sum(one.verdict is Verdict.PASS for one in results) >= 40
    assert all(one.message.en and one.message.ja for one in results if one.verdict is not Verdict.PASS)


@pytest.mark.parametrize("mutation", FAULTS, ids=lambda one: one.name)
def test_a_fault_of_the_proxy_is_found_at_its_clause(proxy: Proxy, mutation: Mutation) -> None:
    """Each requirement that it breaks is judged broken, as its level says."""
    proxy.mutation = mutation
    results = judged(proxy.url, *mutation.breaks)
    broken = {one.requirement.id: one.verdict.value for one in results if one.verdict in (Verdict.FAIL, Verdict.WARN)}
    expected = {name: "fail" if LEVELS[name] == "SHALL" else "warn" for name in mutation.breaks}
    assert broken == expected, [(one.name, one.verdict.value, one.message.en) for one in results]


def test_there_are_enough_faults_and_each_is_named_once() -> None:
    """At least 25, each with requirements that exist."""
    assert len({one.name for one in FAULTS}) == len(FAULTS) >= 25
    assert all(set(one.breaks) <= LEVELS.keys() and one.breaks for one in FAULTS)
