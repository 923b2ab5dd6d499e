"""The app, put together. `uvicorn --factory app.main:create_app_from_environment` runs it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib import resources

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from app import handlers
from app.middleware import BodyLimit, PublicAddress, Surroundings
from app.observing import Observed, write_lines
from app.openapi import describe
from app.routes import (
    accounts,
    acts,
    applications,
    assets,
    authorize,
    conversations,
    export,
    filters,
    follow_requests,
    forms,
    health,
    instance,
    interactions,
    invitations,
    lists,
    markers,
    media,
    notifications,
    oauth,
    people_acts,
    people_pages,
    polls,
    post_pages,
    push,
    push_pages,
    reading_pages,
    relationships,
    reports,
    scheduled,
    search,
    security,
    security_pages,
    settings_pages,
    statuses,
    streaming,
    tags,
    timelines,
    unknown,
    web,
)
from app.services import Services
from app.settings import Settings, read_settings
from app.throttle import Throttle

# The first route that fits a path answers it: `/accounts/relationships` comes before `/accounts/{account_id}`. They are
# tried one by one, so those that are asked most come first.
ROUTERS = (
    timelines,
    relationships,
    statuses,
    interactions,
    notifications,
    media,
    streaming,
    health,
    instance,
    applications,
    oauth,
    follow_requests,
    invitations,
    security,
    export,
    accounts,
    polls,
    scheduled,
    lists,
    conversations,
    filters,
    tags,
    markers,
    search,
    reports,
    push,
    assets,
    post_pages,
    people_pages,
    reading_pages,
    settings_pages,
    push_pages,
    security_pages,
    web,
    forms,
    acts,
    people_acts,
    authorize,
)


def create_app(settings: Settings, services: Services | None = None) -> FastAPI:
    """Build the app of one site, around `services` when they are open already; it connects with the first request."""
    app = FastAPI(
        title="Lifeboat",
        version="0.1.0",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
    )
    parts = app.state.services = services or Services.open(settings)
    app.openapi = lambda: describe(app)
    handlers.install(app)
    unknown.install(app)
    for module in ROUTERS:
        app.include_router(module.router)
    app.mount("/static", StaticFiles(directory=str(resources.files("app") / "static")))
    app.add_middleware(BodyLimit, max_bytes=settings.max_upload_bytes)
    app.add_middleware(Throttle, settings=settings, metrics=parts.metrics)
    app.add_middleware(Surroundings, site=settings.site)
    app.add_middleware(Observed, metrics=parts.metrics)
    if settings.app_url:
        app.add_middleware(PublicAddress, url=settings.app_url)
    return app


def create_app_from_environment() -> FastAPI:
    """Build the app from the environment; a missing or odd variable ends the process with one sentence."""
    write_lines()
    return create_app(read_settings())


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncGenerator[None]:
    app.state.services.draining.listen()
    yield
    await app.state.services.close()
