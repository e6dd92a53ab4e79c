"""Reading a plan: all faults at once, each with its line, its nearest right word, and in both languages."""

from pathlib import Path

import pytest

from conformance.errors import PlanError
from conformance.plan_reading import narrowed, profile_names, read_plan, unknown_names

SOUND = '[target]\nprofiles = ["core-oidc"]\nissuer = "https://id.example.jp/realms/town"\n'


def written(folder: Path, text: str) -> Path:
    """A plan's file."""
    path = folder / "plan.toml"
    path.write_text(text, encoding="utf-8")
    return path


def faults_of(path: Path) -> list[str]:
    """Faults as ``line: words``."""
    with pytest.raises(PlanError) as caught:
        read_plan(path)
    assert all(one.where.startswith(str(path)) for one in caught.value.faults)
    assert all(one.text.ja and one.text.ja != one.text.en for one in caught.value.faults)
    return [f"{one.where.rpartition(':')[2]}: {one.text.en}" for one in caught.value.faults]


def test_a_sound_plan_is_read(tmp_path: Path) -> None:
    """What is not said has its default."""
    plan = read_plan(written(tmp_path, SOUND))
    assert plan.target.issuer == "https://id.example.jp/realms/town"
    assert plan.client.client_id_env == "CITYTWIN_CLIENT_ID"


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    """Unknown keys, wrong kinds and unknown profiles of one file are told together, each on its line."""
    text = """
[taget]
[target]
profiles = ["core-odic", "payments"]
timeout_s = "five"
[client]
origin = "sandbx"
[[login.steps]]
url = 3
[roles.city_office]
clientid = "x"
"""
    told = faults_of(written(tmp_path, text))
    assert [one.partition(":")[0] for one in told] == ["2", "5", "7", "9", "11", "4", "4"]
    assert "Did you mean target?" in told[0]
    assert "one of plan, sandbox, registration" in told[2]
    assert "Did you mean client_id?" in told[4]
    assert "Did you mean core-oidc?" in told[5]
    assert "for later" in told[6]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "target is missing"),
        ("target = 3", 1, "a table"),
        ("[target]\nprofiles = []", 2, "profiles is empty"),
        ("[target]\nprofiles = 'core-oidc'", 2, "a list in brackets"),
        ('[target]\nprofiles = ["core-oidc"]', 1, "target.issuer is missing"),
        ('[target]\nprofiles = ["health-fhir"]', 1, "target.fhir is missing"),
        (SOUND.replace("core-oidc", "disaster"), 1, "target.city_os is missing"),
        (SOUND + 'ca_file = "none.pem"', 4, "is not there"),
        (SOUND + "timeout_s = 0", 4, "seconds above 0"),
        (SOUND + "timeout_s = 1e9", 4, "at most 120"),
        (SOUND + "timeout_s = nan", 4, "seconds above 0"),
        (SOUND.replace("https:", "htps:"), 3, "is no address"),
        (SOUND.replace("town", "town?x=1"), 3, "without query"),
        (SOUND.replace("id.example.jp", "[::1"), 3, "is no address"),
        (SOUND + '[login]\nkind = "steps"', 5, "[[login.steps]]"),
        (SOUND + '[login]\nkind = "command"', 5, "login.command is missing"),
        (SOUND + '[login]\nkind = "command"\ncommand = ["no-such-program"]', 6, "no program"),
        (SOUND + '[receiver]\nbind = "8765"', 5, "127.0.0.1:8765"),
        (SOUND + '[client]\nredirect_uri = "callback"', 5, "no absolute URI"),
        (SOUND + '[client]\nredirect_uri = "http://[::1"', 5, "no absolute URI"),
        (SOUND + '[fhir]\naccess = "role"', 5, "without target.city_os"),
        (SOUND + "[client", 4, "not TOML"),
        (SOUND + "client = \n", 4, "not TOML"),
    ],
)
def test_each_fault_names_its_line_and_the_fix(tmp_path: Path, text: str, line: int, words: str) -> None:
    """One fault is one line that says what to write."""
    (told,) = faults_of(written(tmp_path, text))
    assert told.startswith(f"{line}: ")
    assert words in told


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """The message says how a plan is made."""
    with pytest.raises(PlanError, match="conform init"):
        read_plan(tmp_path / "none.toml")


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    """A plan is UTF-8."""
    (tmp_path / "plan.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PlanError, match="UTF-8"):
        read_plan(tmp_path / "plan.toml")


def test_certificates_are_looked_for_beside_the_plan(tmp_path: Path) -> None:
    """A relative path starts at the plan, wherever the command is typed."""
    (tmp_path / "ca.pem").write_text("", encoding="utf-8")
    plan = read_plan(written(tmp_path, SOUND + 'ca_file = "ca.pem"'))
    assert Path(plan.target.ca_file) == tmp_path / "ca.pem"


def test_profiles_can_be_narrowed(tmp_path: Path) -> None:
    """--profile takes the place of the plan's profiles, where the plan has what they need."""
    plan = read_plan(written(tmp_path, SOUND))
    assert narrowed(plan, ()).target.profiles == ("core-oidc",)
    with pytest.raises(PlanError, match=r"target\.fhir is missing"):
        narrowed(plan, ["health-fhir"])
    with pytest.raises(PlanError, match="Did you mean core-oidc"):
        narrowed(plan, ["core-oid"])


def test_parts_of_profiles_can_be_named() -> None:
    """JP Core and vital signs are profiles of their own; names for later are not."""
    assert {"core-oidc", "health-fhir", "health-fhir/jp-core"} <= set(profile_names())
    assert "payments" not in profile_names()


def test_unknown_names_lead_to_known_ones() -> None:
    """Requirements and checks are known by their names, and a slip leads to the right one."""
    unknown_names(["OIDC-007", "OIDC-007.twice"])
    with pytest.raises(PlanError) as caught:
        unknown_names(["OIDC-7", "oidc-011", "nothing-like-it"])
    told = [one.text.en for one in caught.value.faults]
    assert "Did you mean OIDC-007?" in told[0]
    assert "Did you mean OIDC-011?" in told[1]
    assert "conform coverage" in told[2]
