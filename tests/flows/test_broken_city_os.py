"""City OSs that are wrong or die in a run: the run ends, and names what is wrong to whoever asks."""

import json
from pathlib import Path

import pytest
from deviant.doubles import ignores_consent, made_up_check_in
from flows.runs import reference_behind, run_drill

from agents.city_os.transport import Request, Response
from agents.errors import NoConnection, NoReplyInTime, TransportFault
from scenarios import connection, run
from scenarios.cli import run_command
from scenarios.language import Language, say
from scenarios.metrics import value_of
from scenarios.record import FindingKind
from scenarios.report.texts import phrase
from scenarios.run import RunResult
from twin.events import EventKind, SafetyChannel
from twin.trace import Trace

HOURS = 4
DEATH_S = 3600.0
"""When the city OS dies: people are on their way, and paper has time left to arrive."""


class DropsCheckIns:
    """Answers to every tenth check-in that it was taken down, and forgets it."""

    def __init__(self) -> None:
        self.asked = 0
        self.dropped = 0

    def __call__(self, request: Request) -> Response | None:
        """The answer to a check-in that is forgotten."""
        if request.method != "POST" or not request.url.endswith("/check-ins"):
            return None
        self.asked += 1
        if self.asked % 10:
            return None
        self.dropped += 1
        return Response(201, {"content-type": "application/json"}, made_up_check_in(self.asked))


def leave_alone(request: Request) -> None:
    """Let every request through."""


@pytest.fixture(scope="module")
def forgetful(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunResult, int]:
    """A run with a city OS that forgets check-ins, and how many."""
    script = DropsCheckIns()
    return run_drill(tmp_path_factory.mktemp("forgetful"), reference_behind(script)), script.dropped


@pytest.fixture(scope="module")
def talkative(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """A run with a city OS that tells everybody everything."""
    return run_drill(tmp_path_factory.mktemp("talkative"), reference_behind(leave_alone, ignores_consent))


def written_metrics(result: RunResult) -> dict[str, float | None]:
    """Values of metrics.json for the whole town."""
    rows = json.loads((result.folder / "metrics.json").read_text())["metrics"]
    return {row["name"]: row["value"] for row in rows if not row["by"]}


def assert_accused_of(result: RunResult, kinds: set[FindingKind]) -> None:
    """The findings are of these kinds and no others, and the report's red box names each in both languages."""
    assert {one.kind for one in result.findings} == kinds
    page = result.report.read_text()
    box = page[page.index('class="verdict bad"') :].partition("</aside>")[0]
    for kind in FindingKind:
        name = phrase(f"finding.{kind}")
        assert (name.ja in box, name.en in box) == (kind in kinds,) * 2


def test_forgotten_check_ins_are_named(forgetful: tuple[RunResult, int]) -> None:
    """Headcounts that are too low and people who are lost are found, as many as were forgotten."""
    result, dropped = forgetful
    assert_accused_of(result, {FindingKind.HEADCOUNT, FindingKind.LOST})
    values = written_metrics(result)
    assert values["lost_people"] == dropped > 0
    assert 0 < (values["headcount_error_max"] or 0) <= dropped
    assert (values["consent_leaks"], values["ghost_people"], values["api_errors"]) == (0, 0, 0)


def test_ignored_consents_are_named(talkative: RunResult) -> None:
    """Whatever is shown without a right is found as a leak, and nothing else is."""
    assert_accused_of(talkative, {FindingKind.LEAK})
    values = written_metrics(talkative)
    assert (values["consent_leaks"] or 0) > 0
    assert (values["headcount_error_max"], values["lost_people"]) == (0, 0)


@pytest.mark.parametrize(
    ("arguments", "code"), [(["--fail-on-findings", "--lang", "ja"], 1), (["--fail-on-findings"], 1), ([], 0)]
)
def test_the_command_names_them_too(
    forgetful: tuple[RunResult, int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
) -> None:
    """The command lists the kinds in words of the language asked for, and ends with exit code 1 if asked to fail."""
    monkeypatch.setattr(run, "run", lambda *_: forgetful[0])
    assert run_command(["run", "drill", "--out", "absent", *arguments]) == code
    out, language = capsys.readouterr().out, Language.JA if "ja" in arguments else Language.EN
    assert all(say(language, f"finding.{kind}") in out for kind in (FindingKind.HEADCOUNT, FindingKind.LOST))


def test_a_command_against_a_broken_city_os_ends_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """From the words typed to the exit code, with a consent decision that permits everything."""
    given = connection.reference_transport
    monkeypatch.setattr(connection, "reference_transport", lambda *of: given(*of, decide=ignores_consent))
    assert run_command(["run", "drill", "--out", str(tmp_path / "o"), "--fail-on-findings", "--lang", "en"]) == 1
    assert FindingKind.LEAK in capsys.readouterr().out
    assert (tmp_path / "o" / "report.html").exists()


@pytest.fixture(scope="module")
def alive(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """A run long enough for paper to reach the city office, with a city OS that lives through it."""
    return run_drill(tmp_path_factory.mktemp("alive"), hours=HOURS)


def dying(request: Request) -> TransportFault | None:
    """After the death nobody answers questions, and what is told gets no reply in time."""
    if request.at_s <= DEATH_S:
        return None
    return NoConnection("gone") if request.method == "GET" else NoReplyInTime("no response within 30 s", 30.0)


def test_a_city_os_that_dies_leaves_people_to_paper(tmp_path: Path, alive: RunResult) -> None:
    """The run ends; until the death all is as it was, afterwards questions stay unanswered and paper takes over."""
    result = run_drill(tmp_path / "o", reference_behind(dying), hours=HOURS)
    assert {one.kind for one in result.findings} == {FindingKind.UNANSWERED}
    assert min(one.at_s for one in result.findings) > DEATH_S
    assert (value_of(result.metrics, "api_errors") or 0) > 0
    assert 'class="verdict bad"' in result.report.read_text()
    ours, theirs = (Trace.read(one.folder / "trace.parquet").columns() for one in (result, alive))
    assert [one for one in ours.events() if one.time_s <= DEATH_S] == [
        one for one in theirs.events() if one.time_s <= DEATH_S
    ]
    assert value_of(result.metrics, "arrived") == value_of(alive.metrics, "arrived")
    confirmed = ours.of(EventKind.SAFETY_CONFIRMED)
    after = confirmed.detail[confirmed.time_s > DEATH_S]
    assert SafetyChannel.SHELTER_LIST_PAPER in after
    assert not {SafetyChannel.APP, SafetyChannel.CHECK_IN} & set(after.tolist())
