"""Bundle: a run's files in one zip with their hashes, signed where a key is given, and its verification offline."""

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from conformance.errors import PlanError, PlanFault
from conformance.report.signing import Key, carried_key, is_signed_by, read_key, sha256, sign, thumbprint
from conformance.report.write import RESULTS
from conformance.results_reading import read_results
from conformance.text import Text

MANIFEST, SIGNATURE = "manifest.json", "manifest.jws"

FIXED_TIME = (1980, 1, 1, 0, 0, 0)
"""Time of every member, so that the same files give the same bytes. Source: APPNOTE 4.4.6 (the earliest)."""

READ_ONLY = 0o100644 << 16

GREATEST_BYTES = 512 * 1024 * 1024
"""Most that is read of a bundle, unpacked. Confidence C."""


class ManifestFile(msgspec.Struct, frozen=True):
    """A file's length and hash."""

    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """What a bundle holds: by whom it was judged, what, when, and its files by name."""

    suite: str
    contract: str
    target: str
    begun_at: str
    files: Mapping[str, ManifestFile]
    format: Literal["citytwin-bundle/1"] = "citytwin-bundle/1"


@dataclass(frozen=True)
class BundleFinding:
    """One thing found in a bundle; ``is_fault``: the bundle is not what was written."""

    text: Text
    is_fault: bool = False


@dataclass(frozen=True)
class BundleReport:
    """What verification found: ``exit_code`` is 0 where nothing is wrong, 1 where something is."""

    findings: Sequence[BundleFinding]

    @property
    def exit_code(self) -> int:
        """0 where nothing is wrong, 1 where something is."""
        return int(any(one.is_fault for one in self.findings))


def write_bundle(folder: Path, path: Path, *, key: Path | None = None) -> Path:
    """Put a folder's files into a zip; ``key`` is a private key (PEM or JWK) that signs its manifest.

    The same files give the same bytes, unsigned or signed by Ed25519 (a signature of P-256 is another each time).

    Raises:
        PlanError: The key cannot be used, or the folder holds no results.
    """
    signer = read_key(key, private=True) if key else None
    document = read_results(folder / RESULTS)
    contents = dict(_files(folder, path))
    hashes = {name: ManifestFile(len(content), sha256(content)) for name, content in contents.items()}
    manifest = Manifest(document.suite, document.contract, document.target, document.begun_at, hashes)
    contents[MANIFEST] = msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"
    if signer:
        contents[SIGNATURE] = sign(contents[MANIFEST], signer).encode() + b"\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in contents.items():
            entry = zipfile.ZipInfo(name, FIXED_TIME)
            entry.compress_type, entry.external_attr, entry.create_system = zipfile.ZIP_DEFLATED, READ_ONLY, 3
            archive.writestr(entry, content)
    return path


def _files(folder: Path, path: Path) -> Iterator[tuple[str, bytes]]:
    for entry in sorted(folder.rglob("*"), key=lambda one: one.relative_to(folder).as_posix()):
        own = entry.suffix == ".zip" or entry.resolve() == path.resolve()
        if entry.is_file() and not entry.is_symlink() and not own and entry.name not in (MANIFEST, SIGNATURE):
            yield entry.relative_to(folder).as_posix(), entry.read_bytes()


def verify_bundle(path: Path, *, public_key: Path | None = None) -> BundleReport:
    """Check a bundle's hashes and signature, with a public key (PEM or JWK) or the one that it carries itself.

    Nothing is unpacked to disk.

    Raises:
        PlanError: The file is no bundle, or the key cannot be used.
    """
    key = read_key(public_key, private=False) if public_key else None
    try:
        with zipfile.ZipFile(path) as archive:
            odd = list(_odd_members(archive))
            if odd:
                return BundleReport(odd)
            contents = {entry.filename: archive.read(entry) for entry in archive.infolist()}
        manifest = msgspec.json.decode(contents.get(MANIFEST, b""), type=Manifest)
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as reason:
        raise _no_bundle(path, str(reason)) from reason
    except msgspec.DecodeError as reason:
        raise _no_bundle(path, f"{MANIFEST}: {reason}") from reason
    findings = [*_compared(manifest, contents), *_signature(contents, key)]
    return BundleReport(findings)


def _odd_members(archive: zipfile.ZipFile) -> Iterator[BundleFinding]:
    """Members that nobody should unpack: outside of the folder, twice, links, or too great."""
    seen: set[str] = set()
    for entry in archive.infolist():
        name = entry.orig_filename
        outside = name.startswith("/") or ".." in name.split("/") or "\\" in name or ":" in name or "\0" in name
        is_link = (entry.external_attr >> 16) & 0o170000 == 0o120000
        if outside or is_link or name in seen:
            yield _fault(f"{name!r}: an unsafe or doubled name", f"{name!r}: 危険な名、または重なった名")
        seen.add(name)
    if sum(entry.file_size for entry in archive.infolist()) > GREATEST_BYTES:
        yield _fault("it unpacks to more than 512 MB", "展開すると512MBを超える")


def _compared(manifest: Manifest, contents: Mapping[str, bytes]) -> Iterator[BundleFinding]:
    told, there = set(manifest.files), set(contents) - {MANIFEST, SIGNATURE}
    for name in sorted(told - there):
        yield _fault(f"{name} is missing", f"{name} がない")
    for name in sorted(there - told):
        yield _fault(f"{name} is not in the manifest", f"{name} は目録にない")
    changed = [name for name in sorted(told & there) if sha256(contents[name]) != manifest.files[name].sha256]
    for name in changed:
        yield _fault(f"{name} was changed: its SHA-256 differs", f"{name} が変えられている(SHA-256が異なる)")
    if told == there and not changed:
        count = len(told)
        yield BundleFinding(Text(f"{count} files are as the manifest says", f"{count}個のファイルは目録のとおりである"))


def _signature(contents: Mapping[str, bytes], key: Key | None) -> Iterator[BundleFinding]:
    if SIGNATURE not in contents:
        if key is None:
            yield BundleFinding(
                Text(
                    "not signed: whoever changed it could have changed the hashes too",
                    "署名がない。変えた人はハッシュも変えられる",
                )
            )
        else:
            yield _fault("not signed, though a public key was given", "公開鍵が指定されたが、署名がない")
        return
    yield _checked(contents[SIGNATURE].decode("ascii", "replace").strip(), contents[MANIFEST], key)


def _checked(signature: str, manifest: bytes, key: Key | None) -> BundleFinding:
    try:
        used = key or carried_key(signature)
    except ValueError as reason:
        return _fault(f"the signature cannot be read: {reason}", f"署名が読めない: {reason}")
    if not is_signed_by(signature, manifest, used):
        return _fault("the signature does not verify", "署名が合わない")
    mark = thumbprint(used)
    if key:
        return BundleFinding(Text(f"signed by the given key ({mark})", f"指定の鍵で署名されている({mark})"))
    return BundleFinding(
        Text(
            f"signed by the key that it carries itself ({mark}): unchanged since it was signed, but by whom is known"
            " only to who knows that key; compare it, or give --public-key",
            f"同梱の鍵で署名されている({mark})。署名の後に変わっていないが、誰の署名かはその鍵を知っている場合にだけ"
            "分かる。鍵を照らし合わせるか、--public-keyで指定する",
        )
    )


def _fault(en: str, ja: str) -> BundleFinding:
    return BundleFinding(Text(en, ja), is_fault=True)


def _no_bundle(path: Path, reason: str) -> PlanError:
    text = Text(f"this is no bundle of results: {reason}", f"検査結果のまとまりとして読めない: {reason}")
    return PlanError([PlanFault(str(path), text)])
