"""Bundles: the same bytes for the same files, and every change is found."""

import zipfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from made_runs import run_of

from conformance.errors import PlanError
from conformance.report.bundle import MANIFEST, SIGNATURE, verify_bundle, write_bundle
from conformance.report.write import write_results


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Results of a run."""
    write_results(run_of(), tmp_path / "out", "en")
    return tmp_path / "out"


def keys(tmp_path: Path, kind: str) -> tuple[Path, Path]:
    """Files of a private and a public key."""
    private = {
        "ed25519": ed25519.Ed25519PrivateKey.generate,
        "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
        "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
        "rsa": lambda: rsa.generate_private_key(65537, 2048),
    }[kind]()
    secret, public = tmp_path / f"{kind}.pem", tmp_path / f"{kind}.pub"
    secret.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return secret, public


def changed(bundle: Path, name: str, content: bytes | None) -> None:
    """Put another content under a name, or take it out."""
    with zipfile.ZipFile(bundle) as archive:
        members = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    members.pop(name, None)
    if content is not None:
        members[name] = content
    with zipfile.ZipFile(bundle, "w") as archive:
        for known, value in members.items():
            archive.writestr(known, value)


def test_same_files_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    """Two bundles of one folder are equal, signed by Ed25519 too."""
    secret, _ = keys(tmp_path, "ed25519")
    for key in (None, secret):
        one, two = (write_bundle(folder, tmp_path / name, key=key) for name in ("1.zip", "2.zip"))
        assert one.read_bytes() == two.read_bytes()


def test_an_unsigned_bundle_says_what_that_means(folder: Path, tmp_path: Path) -> None:
    """Its hashes hold, and it is told that nobody signed; where a key was demanded that is a fault."""
    bundle = write_bundle(folder, tmp_path / "b.zip")
    report = verify_bundle(bundle)
    assert report.exit_code == 0
    assert "not signed" in report.findings[-1].text.en
    assert verify_bundle(bundle, public_key=keys(tmp_path, "p256")[1]).exit_code == 1


@pytest.mark.parametrize("kind", ["ed25519", "p256"])
def test_a_signature_is_checked_with_either_key(folder: Path, tmp_path: Path, kind: str) -> None:
    """With the public key it is known who signed; with the carried one only that nothing changed; another key fails."""
    secret, public = keys(tmp_path, kind)
    bundle = write_bundle(folder, tmp_path / "b.zip", key=secret)
    given, carried = verify_bundle(bundle, public_key=public), verify_bundle(bundle)
    assert (given.exit_code, carried.exit_code) == (0, 0)
    assert "given key" in given.findings[-1].text.en
    assert "carries itself" in carried.findings[-1].text.en
    (tmp_path / "other").mkdir()
    assert verify_bundle(bundle, public_key=keys(tmp_path / "other", kind)[1]).exit_code == 1


@pytest.mark.parametrize("name", ["results.json", "report.html", MANIFEST, SIGNATURE])
def test_a_changed_or_missing_member_is_found(folder: Path, tmp_path: Path, name: str) -> None:
    """Nothing can be changed or taken out of a signed bundle unseen by who has the key."""
    secret, public = keys(tmp_path, "ed25519")
    bundle = write_bundle(folder, tmp_path / "b.zip", key=secret)
    with zipfile.ZipFile(bundle) as archive:
        content = archive.read(name)
    changed(bundle, name, content.replace(b"e", b"E", 1) if name != SIGNATURE else content[:-9] + b"AAAAAAAA")
    if name == MANIFEST:
        assert _is_refused(bundle, public)
    else:
        assert verify_bundle(bundle, public_key=public).exit_code == 1
    changed(bundle, name, None)
    assert _is_refused(bundle, public)


def _is_refused(bundle: Path, public: Path) -> bool:
    try:
        return verify_bundle(bundle, public_key=public).exit_code == 1
    except PlanError:
        return True


def test_an_extra_member_is_found(folder: Path, tmp_path: Path) -> None:
    """What the manifest does not name does not belong."""
    bundle = write_bundle(folder, tmp_path / "b.zip")
    changed(bundle, "more.txt", b"x")
    report = verify_bundle(bundle)
    assert report.exit_code == 1
    assert "more.txt" in report.findings[0].text.en


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "C:x", "a\\..\\x"])
def test_unsafe_names_are_told(folder: Path, tmp_path: Path, name: str) -> None:
    """A member that would leave the folder is a fault, and nothing is unpacked."""
    bundle = write_bundle(folder, tmp_path / "b.zip")
    changed(bundle, name, b"x")
    assert verify_bundle(bundle).exit_code == 1
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("kind", ["rsa", "p384"])
def test_other_keys_are_refused(folder: Path, tmp_path: Path, kind: str) -> None:
    """A key that signs no bundles is told before anything is written."""
    with pytest.raises(PlanError, match="Ed25519 or P-256"):
        write_bundle(folder, tmp_path / "b.zip", key=keys(tmp_path, kind)[0])


def test_a_public_key_does_not_sign(folder: Path, tmp_path: Path) -> None:
    """The private key is demanded for signing."""
    with pytest.raises(PlanError):
        write_bundle(folder, tmp_path / "b.zip", key=keys(tmp_path, "p256")[1])


@pytest.mark.parametrize("content", [b"", b"PK", b"no zip at all"])
def test_other_files_are_no_bundles(tmp_path: Path, content: bytes) -> None:
    """What is no zip is a usage fault."""
    path = tmp_path / "b.zip"
    path.write_bytes(content)
    with pytest.raises(PlanError):
        verify_bundle(path)
