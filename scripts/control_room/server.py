"""The control room's page, its events and its forms; it listens on loopback, and opens once by the printed link."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, StreamingResponse
from fastapi.staticfiles import StaticFiles

from scripts.control_room.acts import DRILLS, HARMS, Acts
from scripts.control_room.forms import LivePart, add_forms
from scripts.control_room.live import Live
from scripts.control_room.session import COOKIE, Session, content_security_policy, is_loopback_name
from scripts.runbook.sites import Platform
from scripts.runbook.verbs import VERBS

ROOT = Path(__file__).parents[2]
OWN_FILES, APP_FILES, PACKAGES = (
    Path(__file__).parent / "static",
    ROOT / "app" / "static",
    ROOT / ".lifeboat" / "browser" / "node_modules",
)
# The only files of the app and of the packages that the page loads.
SHARED = {"style.css": APP_FILES / "style.css", "icon.svg": APP_FILES / "icon.svg"}


@dataclass(frozen=True)
class RoomSettings:
    """How a room is opened: where the app's page is for a browser, whether the sites are this machine's, who may act."""

    app_url: str
    local: bool
    read_only: bool = False


def create_room(platform: Platform, settings: RoomSettings, session: Session, acts: Acts) -> FastAPI:
    """Return the room's web application."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        app.state.live = live = await Live.open(platform)
        running = asyncio.create_task(live.run())
        yield
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        with suppress(TimeoutError):
            await live.posting.close()

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.mount("/packages", StaticFiles(directory=PACKAGES, check_dir=False))
    _guard(app, session, settings)
    _pages(app, session, settings)
    if not settings.read_only:
        add_forms(app, session, acts, local=settings.local)
    return app


def _guard(app: FastAPI, session: Session, settings: RoomSettings) -> None:
    """Let only this machine's names and the browser that opened the link in; every answer carries the page's policy."""
    policy = content_security_policy(settings.app_url)

    @app.middleware("http")
    async def only_here(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        if not is_loopback_name(request.headers.get("host", "")):
            return HTMLResponse("This address is not the control room's.", 421)
        opens = request.url.path == "/open"
        if not opens and not session.knows(request.cookies.get(COOKIE)):
            return HTMLResponse("Open the control room by the link that the command printed.", 403)
        answer = await call_next(request)
        answer.headers["Content-Security-Policy"] = policy
        answer.headers["X-Content-Type-Options"] = "nosniff"
        answer.headers["Referrer-Policy"] = "no-referrer"
        answer.headers["Cache-Control"] = "no-store"
        return answer


def _pages(app: FastAPI, session: Session, settings: RoomSettings) -> None:
    @app.get("/open")
    async def open_once(token: str) -> Response:
        if not session.redeem(token):
            return HTMLResponse("This link was used already, or is not this room's: start the command again.", 403)
        answer = RedirectResponse("/", 303)
        answer.set_cookie(COOKIE, session.cookie, httponly=True, samesite="strict")
        return answer

    @app.get("/")
    async def page(live: LivePart) -> HTMLResponse:
        values: dict[str, Any] = {
            "cluster": live.platform.cluster, "site_names": live.platform.sites, "parts": live.parts, "verbs": VERBS,
            "harms": HARMS, "drills": DRILLS, "proof": session.proof, "app_url": settings.app_url, "local": settings.local,
            "read_only": settings.read_only,
        }  # fmt: skip
        return HTMLResponse(live.renderer.fill("page", **values))

    @app.get("/static/{name}")
    async def file(name: str) -> FileResponse:
        found = SHARED.get(name) or OWN_FILES / Path(name).name
        if not found.is_file():
            raise HTTPException(404)
        return FileResponse(found)

    @app.get("/events")
    async def events(live: LivePart) -> StreamingResponse:
        return StreamingResponse(_events(live), media_type="text/event-stream")


async def _events(live: Live) -> AsyncIterator[str]:
    async for parts in live.changes():
        for name, part in parts.items():
            lines = "\n".join(f"data: {line}" for line in part.splitlines())
            yield f"event: {name}\n{lines}\n\n"
