"""One family of errors: each says what is wrong and what to do, and knows its exit code and HTTP status.

`code` is the stable name that the API returns (the error format of the API specification); `details` names the field,
file, row, column or value at fault. Messages are one clear sentence and never carry a secret.
"""

from __future__ import annotations

from typing import Any, ClassVar


class TillsightError(Exception):
    """The base: something that the person who asked can understand and act on."""

    code: ClassVar[str] = "FAILED"
    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = {name: value for name, value in details.items() if value is not None}


class QuestionError(TillsightError):
    """The question cannot be answered as it was put: an unknown name, a cut not allowed, a bad date."""

    code = "VALIDATION_ERROR"
    status = 422
    exit_code = 2


class SettingsError(TillsightError):
    """A setting is missing or wrong; the message names it and where it came from."""

    code = "SETTINGS_ERROR"
    exit_code = 2


class NotFoundError(TillsightError):
    """What was asked for by name or number does not exist."""

    code = "NOT_FOUND"
    status = 404
    exit_code = 2


class NotSignedInError(TillsightError):
    """Nobody is signed in, or the token is not valid any more."""

    code = "NOT_SIGNED_IN"
    status = 401


class NotAllowedError(TillsightError):
    """The one who asks may not do this; the message says who can grant it."""

    code = "NOT_ALLOWED"
    status = 403


class TooManyRequestsError(TillsightError):
    """Too many attempts in a short time."""

    code = "TOO_MANY_REQUESTS"
    status = 429


class ConflictError(TillsightError):
    """Somebody else is doing it, or did it first."""

    code = "CONFLICT"
    status = 409


class LoadError(TillsightError):
    """A file cannot be loaded at all (a row that cannot be read is a reject, not an error)."""

    code = "LOAD_FAILED"
    status = 422


class BuildError(TillsightError):
    """A release cannot be built; the last one goes on answering."""

    code = "BUILD_FAILED"


class NoReleaseError(TillsightError):
    """Nothing was built yet, so there is nothing to ask."""

    code = "NO_RELEASE"
    status = 409


class OutdatedReleaseError(NoReleaseError):
    """The release that is asked was built by another version, and lacks what this one reads."""

    code = "RELEASE_OUTDATED"


class WarehouseError(TillsightError):
    """The engine that answers cannot be reached, or refused."""

    code = "WAREHOUSE_ERROR"
    status = 503


class NotBuiltError(TillsightError):
    """What was known at an earlier moment is not kept as a release; a server has it built by a job."""

    code = "BEING_BUILT"
    status = 409


class TooBigError(TillsightError):
    """The question needs more memory or time than a question may take."""

    code = "TOO_BIG"
    status = 422
