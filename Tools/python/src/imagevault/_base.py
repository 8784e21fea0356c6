"""The exception that every refusal is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule of the inspection, and the place in the upload where it applies."""

    code: str
    offset: int | None = None


class VaultError(Exception):
    """The vault said no, or could not be asked.

    Subclasses have one code each; the class itself stands for a code that this version does
    not know.
    """

    #: The registry's words for the code. Empty for a code that is not known.
    default_code: ClassVar[str] = ""
    default_status: ClassVar[int | None] = None
    default_retry_after: ClassVar[float | None] = None
    default_retryable: ClassVar[bool] = False
    default_title: ClassVar[str] = "The vault refused"
    default_fix: ClassVar[str] = ""

    #: The stable code, such as ``unknown-image``.
    code: str
    #: The HTTP status; None where there was no answer of the vault.
    status: int | None
    #: Whether the same request may succeed later.
    retryable: bool
    #: Seconds to wait before that.
    retry_after: float | None
    #: The request, as the vault's log names it.
    request_id: str | None
    #: What the reader can do.
    fix: str
    #: The rule that an upload broke.
    finding: Finding | None
    title: str
    detail: str | None

    def __init__(
        self,
        code: str | None = None,
        *,
        status: int | None = None,
        retryable: bool | None = None,
        retry_after: float | None = None,
        request_id: str | None = None,
        fix: str | None = None,
        finding: Finding | None = None,
        title: str | None = None,
        detail: str | None = None,
    ) -> None:
        self.code = self.default_code if code is None else code
        self.status = self.default_status if status is None else status
        self.retryable = self.default_retryable if retryable is None else retryable
        self.retry_after = self.default_retry_after if retry_after is None else retry_after
        self.request_id = request_id
        self.fix = self.default_fix if fix is None else fix
        self.finding = finding
        self.title = self.default_title if title is None else title
        self.detail = detail
        super().__init__(self.code)

    def __str__(self) -> str:
        sentences = [self.title.rstrip(".") + "."]
        if self.finding is not None:
            place = "" if self.finding.offset is None else f" at byte {self.finding.offset}"
            sentences.append(f"Finding: {self.finding.code}{place}.")
        if self.detail:
            sentences.append(self.detail)
        if self.fix:
            sentences.append(self.fix)
        request = f", request {self.request_id}" if self.request_id else ""
        return f"{' '.join(sentences)} ({self.code}{request})"

    def __reduce__(self) -> tuple[Any, ...]:
        # Errors cross process borders in task queues; only plain members are carried.
        return _rebuild, (type(self), dict(self.__dict__))


def _rebuild(kind: type[VaultError], members: dict[str, Any]) -> VaultError:
    error = kind.__new__(kind, members["code"])
    error.__dict__.update(members)
    return error
