"""What no route answers: programs get Mastodon's JSON, and people a page in the app's own style."""

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from app.errors import LifeboatError
from app.handlers import answer
from app.routes.shell import explain

# The first part of every path that programs alone ask for.
PROGRAMS = {"api", "oauth", ".well-known", "media", "static", "healthz", "readyz", "metrics", "openapi.json"}
SENTENCES = {404: "There is no page at this address.", 405: "This address does not take what was sent to it."}
BROKEN = "Something is wrong here, and it is not your fault; try again in a moment."


class NoRoute(LifeboatError):
    """Nothing of ours answers this path, or not this way of asking it."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


def install(app: FastAPI) -> None:
    """Give the app its answers for unknown paths, methods that a path does not take, and bugs."""
    app.add_exception_handler(HTTPException, _no_route)
    app.add_exception_handler(Exception, _broken)


async def _no_route(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if _is_for_programs(request):
        sentence = "Record not found" if error.status_code == 404 else str(error.detail)
        response: Response = answer(request, NoRoute(sentence, error.status_code))
    else:
        sentence = SENTENCES.get(error.status_code, str(error.detail))
        response = await explain(request, NoRoute(sentence, error.status_code))
    response.headers.update(error.headers or {})
    return response


async def _broken(request: Request, _error: Exception) -> Response:
    """Answer for a bug; the server writes down what it was."""
    refused = NoRoute(BROKEN, 500)
    return answer(request, refused) if _is_for_programs(request) else await explain(request, refused)


def _is_for_programs(request: Request) -> bool:
    return request.url.path.lstrip("/").partition("/")[0] in PROGRAMS
