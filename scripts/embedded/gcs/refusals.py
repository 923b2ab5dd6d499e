"""How the double says no."""

from scripts.runbook.errors import LifeboatError


class Refusal(LifeboatError):
    """The double refuses a request: `status` and `reason` are those that Cloud Storage documents for the case."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason


def invalid(message: str) -> Refusal:
    """Return the refusal of a request that makes no sense."""
    return Refusal(400, "invalid", message)


def not_found(message: str) -> Refusal:
    """Return the refusal of a request for something that is not there."""
    return Refusal(404, "notFound", message)
