"""PaperCityOS."""

from agents.city_os.paper import PaperCityOS
from agents.city_os.port import CityOS, FailureKind


def test_every_verb_of_the_port_answers_that_there_is_no_city_os() -> None:
    """No verb is forgotten, and each says ABSENT without waiting."""
    paper: CityOS = PaperCityOS()
    verbs = [name for name in vars(CityOS) if not name.startswith("_") and name not in ("name", "connected")]
    assert len(verbs) == 17
    for verb in verbs:
        answer = getattr(paper, verb)(0.0)
        assert answer.failure is not None
        assert (answer.failure.kind, answer.value, answer.latency_s) == (FailureKind.ABSENT, None, 0.0)
    assert not paper.connected
