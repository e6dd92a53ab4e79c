"""What a vendor types after a run: reports anew, bundles, and the judgement of a trace."""

import json
import zipfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from made_runs import run_of

from conformance.report.bundle import write_bundle
from conformance.report.write import FILES, write_results
from scenarios.cli import run_command


def typed(*arguments: object) -> int:
    """The exit code of ``citytwin conform``."""
    return run_command(["conform", *map(str, arguments)])


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """results.json of a run, in English."""
    return write_results(run_of(), tmp_path / "run")[0]


def keys(folder: Path) -> tuple[Path, Path]:
    """A private key and its public half, as PEM files."""
    key = Ed25519PrivateKey.generate()
    private, public = folder / "key.pem", folder / "public.pem"
    form, none = serialization.Encoding.PEM, serialization.NoEncryption()
    private.write_bytes(key.private_bytes(form, serialization.PrivateFormat.PKCS8, none))
    public.write_bytes(key.public_key().public_bytes(form, serialization.PublicFormat.SubjectPublicKeyInfo))
    return private, public


def test_reports_are_made_anew_in_the_other_language(results: Path, tmp_path: Path) -> None:
    """All of them, elsewhere or in their place; the verdicts stay."""
    out = tmp_path / "ja"
    assert typed("report", results, "--out", out, "--lang", "ja") == 0
    assert {one.name for one in out.iterdir()} == set(FILES)
    assert '<html lang="ja">' in (out / "report.html").read_text("utf-8")
    old, new = (json.loads((one / "results.json").read_bytes()) for one in (results.parent, out))
    assert old["summary"] == new["summary"]
    assert all(one["title"] == one["titles"]["ja"] for one in new["results"])
    before = results.read_bytes()
    assert typed("report", results, "--lang", "en") == 0
    assert results.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"{}", b"[1", b"\xff\xfe", None])
def test_what_is_no_results_is_3(content: bytes | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty file, other JSON, half a file, no text, no file."""
    path = tmp_path / "results.json"
    if content is not None:
        path.write_bytes(content)
    assert typed("report", path, "--out", tmp_path / "out") == 3
    assert str(path) in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_bundle_is_verified_by_its_key(results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """0 as it was written; 1 where a file was changed, or the key is another's; 3 where it is no bundle."""
    private, public = keys(tmp_path)
    bundle = write_bundle(results.parent, tmp_path / "run.zip", key=private)
    assert typed("verify-bundle", bundle, "--public-key", public) == 0
    (tmp_path / "other").mkdir()
    assert typed("verify-bundle", bundle, "--public-key", keys(tmp_path / "other")[1]) == 1
    capsys.readouterr()
    changed = tmp_path / "changed.zip"
    with zipfile.ZipFile(bundle) as source, zipfile.ZipFile(changed, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, content.replace(b"fail", b"pass") if name == "results.json" else content)
    assert typed("verify-bundle", changed, "--public-key", public) == 1
    assert "results.json was changed" in capsys.readouterr().out
    assert typed("verify-bundle", results) == 3
    assert typed("verify-bundle", tmp_path / "none.zip") == 3
    assert typed("verify-bundle", bundle, "--public-key", private) == 3


@pytest.mark.parametrize("content", [b"", b"{}\n", b"no json\n", b"\x00\xff", b'{"a": 1}\n{"a": 2}\n'])
def test_a_trace_that_is_none_is_3(content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Told with the file's name, and without a traceback."""
    path = tmp_path / "exchanges.jsonl"
    path.write_bytes(content)
    assert typed("judge-trace", path, "--out", tmp_path / "out") == 3
    told = capsys.readouterr().err
    assert str(path) in told
    assert "Traceback" not in told
