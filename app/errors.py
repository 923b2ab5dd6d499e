"""Every way the app says no. The message is the sentence the client reads; the class holds the HTTP answer."""


class LifeboatError(Exception):
    """Base of every refusal; its text is one clear sentence."""

    status = 500
    retry_after: int | None = None


class SettingsError(LifeboatError):
    """The environment lacks a variable or holds an odd one; the text names all of them at once."""


class BadRequest(LifeboatError):
    """The request cannot be read at all, for example a body that is not JSON."""

    status = 400


class Unauthorized(LifeboatError):
    """The request carries no token, or one that is not known."""

    status = 401


class Forbidden(LifeboatError):
    """The token is known, and does not allow this."""

    status = 403


class NotFound(LifeboatError):
    """There is no such record, or the caller may not know of it."""

    status = 404

    def __init__(self, message: str = "Record not found") -> None:
        super().__init__(message)


class TooLarge(LifeboatError):
    """The body is larger than this app takes."""

    status = 413


class Unprocessable(LifeboatError):
    """The request can be read, and what it asks for is not allowed; `details` names each field as Mastodon does."""

    status = 422

    def __init__(self, message: str, details: dict[str, list[dict[str, str]]] | None = None) -> None:
        super().__init__(message)
        self.details = details


class CodeNeeded(Unprocessable):
    """The password is right, and this person's log-in asks for a second factor too."""

    def __init__(self) -> None:
        super().__init__("Enter the code of your authenticator app, or one of your recovery codes.")


class TooMany(LifeboatError):
    """Too many attempts of one kind; `retry_after` (seconds) says when the next one is taken."""

    status = 429

    def __init__(self, seconds: int) -> None:
        super().__init__(f"There were too many attempts; try again in {seconds} seconds.")
        self.retry_after = max(1, seconds)


class OAuthError(LifeboatError):
    """An OAuth 2 refusal: `code` is the machine-readable word of RFC 6749 section 5.2."""

    def __init__(self, code: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.code = code
        self.status = status


class Unavailable(LifeboatError):
    """This site cannot do it now and nothing was saved; the client may try again."""

    status = 503
    retry_after = 1

    def __init__(self, message: str, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NotArrived(Unavailable):
    """A picture that a row names is in no cloud that answers; it may be on its way."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retry_after=5)


class ReadOnly(Unavailable):
    """The fence is closed here, so nothing was saved; another site takes writes, or will soon."""

    def __init__(self) -> None:
        super().__init__("This site is read-only at the moment, so nothing was saved; try again in a second.")


class Unknown(Unavailable):
    """It may or may not be saved in two clouds; the same idempotency key makes a retry safe."""


class BadStoreUrl(LifeboatError):
    """A store URL cannot be understood."""


class BadStoreCredentials(LifeboatError):
    """The store credentials cannot be read or do not open the store."""
