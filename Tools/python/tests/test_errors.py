"""The exceptions, and the script that makes them."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import imagevault
from imagevault.errors import BY_CODE

HERE = Path(__file__).resolve().parents[1]
GENERATOR = HERE / "generate_errors.py"
REGISTRY = HERE.parents[1] / "Sources/VaultFormat/Errors/ErrorCode.swift"


def generate(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(GENERATOR), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30)


def test_the_exceptions_are_those_of_the_registry() -> None:
    done = generate("--check")
    assert done.returncode == 0, done.stderr


def test_a_stale_file_is_found(tmp_path: Path) -> None:
    target = tmp_path / "errors.py"
    registry = tmp_path / "ErrorCode.swift"
    registry.write_text(REGISTRY.read_text())
    arguments = ("--registry", str(registry), "--target", str(target))
    assert generate("--check", *arguments).returncode == 1
    assert generate(*arguments).returncode == 0
    assert generate("--check", *arguments).returncode == 0
    source = registry.read_text()
    registry.write_text(source.replace("The disk is full", "The disk has no room"))
    done = generate("--check", *arguments)
    assert done.returncode == 1 and "stale" in done.stderr


def test_a_code_without_a_description_is_refused(tmp_path: Path) -> None:
    registry = tmp_path / "ErrorCode.swift"
    added = 'case sealed = "sealed"\n    case brandNew = "brand-new"'
    registry.write_text(REGISTRY.read_text().replace('case sealed = "sealed"', added))
    target = str(tmp_path / "errors.py")
    done = generate("--registry", str(registry), "--target", target)
    assert done.returncode == 2 and "brandNew" in done.stderr


@pytest.mark.parametrize(
    ("code", "kind", "status"),
    [
        ("unknown-image", imagevault.UnknownImage, 404),
        ("image-refused", imagevault.ImageRefused, 422),
        ("blob-damaged", imagevault.ImageDamaged, 500),
        ("sealed", imagevault.VaultSealed, 503),
        ("storage-full", imagevault.StorageFull, 507),
        ("internal-error", imagevault.InternalError, 500),
    ],
)
def test_codes_have_their_classes(
    code: str, kind: type[imagevault.VaultError], status: int
) -> None:
    assert BY_CODE[code] is kind
    assert (kind().code, kind().status) == (code, status)
    assert len(set(BY_CODE.values())) == len(BY_CODE)
    assert kind.__name__ in imagevault.__all__


def test_errors_can_be_pickled() -> None:
    errors = [
        imagevault.ImageRefused(finding=imagevault.Finding("x", 5), request_id="a" * 16),
        imagevault.IncompleteAnswer(5, 10),
        imagevault.VaultTimeout("/run/s"),
    ]
    for error in errors:
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is type(error)
        assert again.__dict__ == error.__dict__
        assert str(again) == str(error)


def test_a_message_says_what_to_do() -> None:
    error = imagevault.ImageRefused(finding=imagevault.Finding("png-crc", 40), request_id="b" * 16)
    for words in ("png-crc at byte 40", "image-refused", "b" * 16, error.fix):
        assert words in str(error)
