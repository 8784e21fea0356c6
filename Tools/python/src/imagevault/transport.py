"""What can go wrong between the client and the vault; none of it is an answer of the vault."""

from __future__ import annotations

import errno
import os
import stat

from ._base import VaultError
from .errors import ImageDamaged


class VaultUnreachable(VaultError):
    """There was no answer: no socket, nobody behind it, no permission, or a broken connection."""

    default_code = "unreachable"
    default_retryable = True
    default_title = "The vault did not answer"

    #: The socket that was tried.
    path: str

    def __init__(self, path: str, code: str, title: str, fix: str, *, retryable: bool) -> None:
        super().__init__(code, title=title, fix=fix, retryable=retryable)
        self.path = path


class VaultTimeout(VaultUnreachable):
    """The vault was reached, and did not answer in time."""

    def __init__(self, path: str) -> None:
        super().__init__(
            path, "timed-out", f"No answer in time from {path}", "Try again later.", retryable=True
        )


class IncompleteAnswer(ImageDamaged):
    """An image's bytes ended early: the vault met damage and cut them, or the connection broke.

    The two cannot be told apart from one answer. If a second one ends at the same place, the
    image is damaged.
    """

    default_code = "answer-incomplete"
    default_retryable = True
    default_title = "The image ended early"
    default_fix = "Try once more; if it ends there again, it is damaged: tell an admin."

    received: int
    expected: int

    def __init__(self, received: int, expected: int) -> None:
        super().__init__(detail=f"{received} of {expected} bytes came; none may be kept.")
        self.status = None
        self.received = received
        self.expected = expected


class NotModified(VaultError):
    """`if_none_match` names the image as it is: there is nothing to send. Not a failure."""

    default_code = "not-modified"
    default_status = 304
    default_title = "The image is the one that the caller holds"


class AnswerNotUnderstood(VaultError):
    """The answer is not in the contract: the other side is no vault, or a far newer one."""

    default_code = "answer-not-understood"
    default_title = "The answer is not a vault's"
    default_fix = "Check the socket and the versions of both sides."

    def __init__(self, detail: str, status: int | None = None) -> None:
        super().__init__(detail=detail, status=status)


def unreachable(path: str, error: BaseException | None = None) -> VaultUnreachable:
    """The exception for a failed system call on the socket at `path`."""
    if isinstance(error, TimeoutError):
        return VaultTimeout(path)
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.ENOENT, errno.ENOTDIR):
        return VaultUnreachable(
            path,
            "socket-missing",
            f"There is no socket at {path}",
            "Start vaultd, or name the right socket: Vault(path) or IMAGEVAULT_DIR.",
            retryable=True,
        )
    if number in (errno.EACCES, errno.EPERM):
        return VaultUnreachable(
            path,
            "socket-forbidden",
            f"This user may not open {path}",
            "Ask an admin to add it to the socket's group.",
            retryable=False,
        )
    if number == errno.ECONNREFUSED and not _is_socket(path):
        return VaultUnreachable(
            path, "not-a-socket", f"{path} is not a socket", "Name the socket.", retryable=False
        )
    if number == errno.ECONNREFUSED:
        return VaultUnreachable(
            path,
            "socket-refused",
            f"Nothing listens at {path}",
            "Start vaultd; the file is left from one that died.",
            retryable=True,
        )
    return VaultUnreachable(
        path,
        "connection-broken",
        f"The connection to {path} broke",
        "Try again; see vaultd's log if it breaks again.",
        retryable=True,
    )


def path_too_long(path: str) -> VaultUnreachable:
    """The exception for a path that no Unix socket can have."""
    return VaultUnreachable(
        path,
        "socket-path-too-long",
        f"The socket's path must have 1 to 107 bytes: {path}",
        "Use a shorter path.",
        retryable=False,
    )


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:
        return False
