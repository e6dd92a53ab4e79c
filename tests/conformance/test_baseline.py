"""A baseline: accepted deviations do not fail a run; stale, expired and unknown ones do."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from conformance.baseline import apply_baseline, read_baseline
from conformance.contract.requirements import load_requirements
from conformance.errors import PlanError
from conformance.results import Result
from conformance.verdict import Verdict

TODAY = date(2026, 11, 21)
ENTRY = 'verdict = "fail"\nreason = "known"\nowner = "ID team"\nexpires = 2027-03-31\n'
REQUIREMENTS = {one.id: one for one in load_requirements()}


def written(folder: Path, text: str) -> Path:
    """A baseline's file."""
    path = folder / "known.toml"
    path.write_text(text, encoding="utf-8")
    return path


def result(name: str, verdict: Verdict) -> Result:
    """A result."""
    return Result(name, REQUIREMENTS[name.partition(".")[0]], verdict)


def test_an_accepted_failure_is_marked(tmp_path: Path) -> None:
    """The result keeps its verdict and says who accepted it; others stay as they are."""
    known = read_baseline(written(tmp_path, "[[known]]\ncheck = 'OIDC-007.twice'\n" + ENTRY))
    rows = [result("OIDC-007.twice", Verdict.FAIL), result("OIDC-007.made_up", Verdict.FAIL)]
    applied = apply_baseline(known, rows, TODAY)
    assert applied.faults == ()
    assert applied.results[0].accepted is not None
    assert (applied.results[0].accepted.owner, applied.results[0].accepted.expires) == ("ID team", "2027-03-31")
    assert applied.results[1].accepted is None


def test_a_requirement_accepts_all_of_its_checks(tmp_path: Path) -> None:
    """An entry may name a requirement in place of each check."""
    known = read_baseline(written(tmp_path, "[[known]]\nrequirement = 'OIDC-007'\n" + ENTRY))
    rows = [result("OIDC-007.twice", Verdict.FAIL), result("OIDC-007.made_up", Verdict.PASS)]
    applied = apply_baseline(known, rows, TODAY)
    assert [one.accepted is not None for one in applied.results] == [True, False]
    assert applied.faults == ()


@pytest.mark.parametrize("verdict", [Verdict.PASS, Verdict.WARN])
def test_a_stale_entry_is_a_fault(tmp_path: Path, verdict: Verdict) -> None:
    """What no longer fails, or fails less, is taken off the list."""
    known = read_baseline(written(tmp_path, "\n[[known]]\nrequirement = 'OIDC-011'\n" + ENTRY))
    (fault,) = apply_baseline(known, [result("OIDC-011.success", verdict)], TODAY).faults
    assert fault.where.endswith("known.toml:2")
    assert f"{verdict.value} now" in fault.text.en


@pytest.mark.parametrize("verdict", [Verdict.SKIP, Verdict.OMIT, Verdict.ERROR])
def test_what_is_not_known_makes_nothing_stale(tmp_path: Path, verdict: Verdict) -> None:
    """A check that said nothing this time leaves its entry alone, and so does one that was not held."""
    known = read_baseline(written(tmp_path, "[[known]]\nrequirement = 'OIDC-011'\n" + ENTRY))
    assert apply_baseline(known, [result("OIDC-011.success", verdict)], TODAY).faults == ()
    assert apply_baseline(known, [], TODAY).faults == ()


def test_an_expired_entry_accepts_nothing(tmp_path: Path) -> None:
    """The last day is the last on which it is accepted."""
    known = read_baseline(written(tmp_path, "[[known]]\nrequirement = 'OIDC-011'\n" + ENTRY))
    rows = [result("OIDC-011.success", Verdict.FAIL)]
    last = apply_baseline(known, rows, date(2027, 3, 31))
    assert (last.faults, last.results[0].accepted is not None) == ((), True)
    after = apply_baseline(known, rows, date(2027, 4, 1))
    assert after.results[0].accepted is None
    assert "2027-03-31 only (ID team)" in after.faults[0].text.en


def test_an_unknown_id_is_a_fault(tmp_path: Path) -> None:
    """A slip in an id would accept nothing for ever."""
    known = read_baseline(written(tmp_path, "[[known]]\nrequirement = 'OIDC-0011'\n" + ENTRY))
    (fault,) = apply_baseline(known, [], TODAY).faults
    assert "Did you mean OIDC-011?" in fault.text.en


def test_all_faults_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    """Wrong keys, kinds and dates, each with its line."""
    text = "[[known]]\nchek = 'x'\nverdict = 'pass'\nreason = 'r'\nowner = 'o'\nexpires = 'soon'\n"
    with pytest.raises(PlanError) as caught:
        read_baseline(written(tmp_path, text))
    told = [f"{one.where.rpartition(':')[2]} {one.text.en}" for one in caught.value.faults]
    assert [one.partition(" ")[0] for one in told] == ["2", "3", "6"]
    assert "one of fail, warn" in told[1]
    assert "a date such as 2027-03-31" in told[2]


def test_an_entry_has_a_name_a_reason_and_an_owner(tmp_path: Path) -> None:
    """Empty words, two names or none, and the same name twice are refused."""
    empty = ENTRY.replace('"known"', '" "').replace('"ID team"', '""')
    text = f"[[known]]\n{empty}[[known]]\ncheck='a'\nrequirement='b'\n{ENTRY}[[known]]\ncheck='a'\n{ENTRY}"
    with pytest.raises(PlanError) as caught:
        read_baseline(written(tmp_path, text))
    told = " ".join(one.text.en for one in caught.value.faults)
    assert told.count("either check or requirement") == 2
    assert "reason is empty" in told
    assert "owner is empty" in told
    assert "a is there twice" in told


def test_results_are_told_apart_by_their_own_verdict() -> None:
    """Marking a result changes nothing else of it."""
    one = result("OIDC-011.success", Verdict.FAIL)
    assert replace(one, accepted=None) == one
