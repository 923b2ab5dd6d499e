"""What makes the pages an app that can be installed: the manifest, the service worker, the page without a network; htmx."""

from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.responses import FileResponse, JSONResponse

from app.errors import NotFound
from app.routes.shell import Asks, FormRoute, View, show
from app.services import Parts

router = APIRouter(tags=["page"], route_class=FormRoute, include_in_schema=False)

HERE = Path(__file__).parents[1]
HTMX = HERE.parent / ".lifeboat" / "browser" / "node_modules" / "htmx.org" / "dist" / "htmx.min.js"
SCRIPT = "text/javascript; charset=utf-8"
ICONS = (
    ("icon-192.png", "192x192", "any"),
    ("icon-512.png", "512x512", "any"),
    ("icon-512.png", "512x512", "maskable"),
)


@router.get("/manifest.webmanifest")
async def manifest() -> Response:
    """Describe the app to a browser that installs it (https://www.w3.org/TR/appmanifest/)."""
    described: dict[str, Any] = {
        "id": "/",
        "name": "Lifeboat",
        "short_name": "Lifeboat",
        "description": "A social app on three clouds: when one of them ends, it goes on.",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#f4f1ea",
        "theme_color": "#0f5c70",
        "icons": [
            {"src": f"/static/{name}", "sizes": sizes, "type": "image/png", "purpose": purpose}
            for name, sizes, purpose in ICONS
        ],
    }
    return JSONResponse(described, media_type="application/manifest+json")


@router.get("/service-worker.js")
async def service_worker() -> Response:
    """Give the service worker from the root, so that it serves every page; a browser looks for a newer one each day."""
    return FileResponse(HERE / "static" / "service-worker.js", media_type=SCRIPT, headers={"Cache-Control": "no-cache"})


@router.get("/htmx.js")
async def htmx() -> Response:
    """Give htmx, which scripts/setup and the image bring along from its package."""
    if not HTMX.exists():
        raise NotFound("htmx is not installed here; scripts/setup brings it.")
    return FileResponse(HTMX, media_type=SCRIPT, headers={"Cache-Control": "public, max-age=31536000, immutable"})


@router.get("/offline")
async def offline(request: Request, parts: Parts, who: Asks) -> Response:
    """Show the page that a browser keeps for when it reaches nobody."""
    return await show(request, parts, who, View(heading="You are offline"), template="offline.html")
