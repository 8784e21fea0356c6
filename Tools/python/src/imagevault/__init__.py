"""Client of ImageVault. :class:`Vault` here, `AsyncVault` in :mod:`imagevault.aio`."""

from . import errors
from ._base import Finding, VaultError
from ._stream import ImageStream
from ._wire import disposition
from .client import Vault
from .errors import *  # noqa: F403
from .models import (
    Content,
    Decision,
    Dropped,
    Erasure,
    Image,
    ImagePage,
    Inspection,
    LimitCheck,
    Receipt,
    ReceiptAttestation,
    ReceiptPage,
    ReceiptWait,
    ServiceState,
    Ticket,
    Verdict,
    Version,
    WhoAmI,
)
from .transport import (
    AnswerNotUnderstood,
    IncompleteAnswer,
    NotModified,
    VaultTimeout,
    VaultUnreachable,
)

__version__ = "0.1.0"

__all__ = [
    "AnswerNotUnderstood",
    "Content",
    "Decision",
    "Dropped",
    "Erasure",
    "Finding",
    "Image",
    "ImagePage",
    "ImageStream",
    "IncompleteAnswer",
    "Inspection",
    "LimitCheck",
    "NotModified",
    "Receipt",
    "ReceiptAttestation",
    "ReceiptPage",
    "ReceiptWait",
    "ServiceState",
    "Ticket",
    "Vault",
    "VaultError",
    "VaultTimeout",
    "VaultUnreachable",
    "Verdict",
    "Version",
    "WhoAmI",
    "disposition",
]
__all__ += errors.__all__
