"""The app as the bench serves it: whole, with every middleware and its log; only its buckets are in memory."""

import dataclasses

from fastapi import FastAPI
from obstore.store import MemoryStore

from app.main import create_app
from app.media import Media
from app.observing import write_lines
from app.services import Services
from app.settings import Settings, read_settings


def create() -> FastAPI:
    """Build the app from the environment, as a site does."""
    write_lines()
    return created(read_settings())


def created(settings: Settings) -> FastAPI:
    """Build the app with an own bucket and a standby's, both in memory."""
    media = Media(MemoryStore(), {"gcp": MemoryStore()}, settings.acknowledge_timeout)
    return create_app(settings, dataclasses.replace(Services.open(settings), media=media))
