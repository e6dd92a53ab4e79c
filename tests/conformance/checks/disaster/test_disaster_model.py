"""The model of a disaster keeps the contract's rules by itself."""

from conformance.machines.disaster_model import Modes, Reports, Stays


def test_the_newest_observation_says_where_somebody_is() -> None:
    """Later ones move, older ones change nothing, and a departure noted first makes an older arrival history."""
    stays = Stays()
    assert stays.arrive("a", "S0", 10)
    assert stays.arrive("a", "S1", 20)
    assert not stays.arrive("a", "S0", 15)
    assert (stays.headcount("S0"), stays.headcount("S1")) == (0, 1)
    assert stays.leave("b", 30)
    assert not stays.arrive("b", "S0", 25)
    stays.link("a", "r")
    assert stays.where("a") == stays.where("r") == "S1"


def test_a_drill_contradicts_a_disaster() -> None:
    """And what was said of just these areas, and still holds, is not declared again."""
    modes = Modes()
    modes.declare("disaster", ["n0", "n1"], "1")
    assert modes.refuses("drill", ["n1", "n2"])
    assert modes.already("disaster", ["n0", "n1"]) == "1"
    assert modes.already("disaster", ["n0"]) == ""
    modes.end("1")
    assert modes.mode("n0") == "normal"


def test_the_newest_report_holds() -> None:
    """Whatever came in last."""
    reports = Reports()
    reports.report("a", 20, "new")
    reports.report("a", 10, "old")
    assert reports.holding() == {"a": "new"}
