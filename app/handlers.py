"""Turns every refusal into the answer a client expects: JSON in Mastodon's form."""

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from app.database import DATABASE_ERRORS, refusal
from app.errors import LifeboatError, OAuthError, Unprocessable

log = logging.getLogger(__name__)


def install(app: FastAPI) -> None:
    """Give the app its answers for refusals, database errors and odd parameters."""
    app.add_exception_handler(LifeboatError, _refused)
    app.add_exception_handler(RequestValidationError, _refused)
    for kind in DATABASE_ERRORS:
        app.add_exception_handler(kind, _database_error)


def answer(request: Request, error: LifeboatError) -> JSONResponse:
    """Give the JSON answer of a refusal; an uncertain write gets the idempotency key that makes a retry safe."""
    return JSONResponse(_content(request, error), error.status, headers(request, error))


def headers(request: Request, error: LifeboatError) -> dict[str, str]:
    """Give the headers of a refusal: when to come back, and with which idempotency key."""
    found: dict[str, str] = {}
    if error.retry_after is not None:
        found["Retry-After"] = str(error.retry_after)
        if key := getattr(request.state, "idempotency_key", None):
            found["Idempotency-Key"] = key
    if error.status == 401:
        found["WWW-Authenticate"] = 'Bearer realm="Lifeboat"'
    return found


def told(error: BaseException) -> LifeboatError | None:
    """Give what a person is told of an error; None for a bug."""
    if isinstance(error, RequestValidationError):
        first = error.errors()[0]
        return Unprocessable(f"The parameter {first['loc'][-1]} is invalid: {first['msg']}.")
    return error if isinstance(error, LifeboatError) else refusal(error)


def _content(request: Request, error: LifeboatError) -> dict[str, Any]:
    if isinstance(error, OAuthError):
        return {"error": error.code, "error_description": str(error)}
    content: dict[str, Any] = {"error": str(error)}
    if isinstance(error, Unprocessable) and error.details:
        content["details"] = error.details
    if error.retry_after is not None and (key := getattr(request.state, "idempotency_key", None)):
        content["idempotency_key"] = key
    return content


async def _refused(request: Request, error: Exception) -> JSONResponse:
    refused = told(error)
    assert refused is not None
    return answer(request, refused)


async def _database_error(request: Request, error: Exception) -> JSONResponse:
    refused = refusal(error)
    if refused is None:
        raise error
    log.warning("%s: %s", type(error).__name__, str(error).partition("\n")[0])
    return answer(request, refused)
