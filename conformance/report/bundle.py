"""Bundle: a run's files in one zip with their hashes, signed where a key is given, and its verification."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.text import Text


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

    Raises:
        PlanError: The key cannot be used.
    """
    raise NotImplementedError


def verify_bundle(path: Path, *, public_key: Path | None = None) -> BundleReport:
    """Check a bundle's hashes and signature, with a public key (PEM or JWK) or the one that it carries itself.

    Raises:
        PlanError: The file is no bundle, or the key cannot be used.
    """
    raise NotImplementedError
