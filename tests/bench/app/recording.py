"""Listens to what SQL the app sends for each scenario, so that the bare program can send the same.

Each statement is kept as its text and its parameters; those that differ from request to request become a named slot.
"""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from psycopg.types.json import Jsonb

from app import pictures
from app.copies import name_of
from app.ids import from_api
from app.pictures import Picture
from app.security import digest
from app.services import Services
from app.settings import Settings
from tests.bench.app.client import HOST, Ask
from tests.bench.app.community import Reader
from tests.bench.app.served import created
from tests.statements import Sent, heard

Template = tuple[str, Callable[[dict[str, Any]], dict[str, Any]]]
KEY = "the key of the recording"


def record(settings: Settings, asks: dict[str, Ask], reader: Reader, path: Path) -> None:
    """Ask the app once for each scenario and write the statements that it sent, as JSON."""
    path.write_text(json.dumps(asyncio.run(_record(settings, asks, reader))))


async def _record(settings: Settings, asks: dict[str, Ask], reader: Reader) -> dict[str, list[Sent]]:
    app = created(settings)
    services: Services = app.state.services
    headers = {"authorization": f"Bearer {reader.token}", "idempotency-key": KEY}
    found: dict[str, list[Sent]] = {}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url=f"http://{HOST}", headers=headers
    ) as client:
        await services.lease.read()
        for name, ask in asks.items():
            kind = {"content-type": ask.kind}
            # Once before, as a new connection asks for itself.
            first = await client.request(
                ask.method, ask.path, content=ask.bodies[0], headers=kind | {"idempotency-key": "before"}
            )
            first.raise_for_status()
            with heard() as sent:
                answer = await client.request(ask.method, ask.path, content=ask.bodies[0], headers=kind)
            answer.raise_for_status()
            found[name] = _slotted(sent, reader, ask, answer.json())
    await services.close()
    return found


def _slotted(sent: list[Sent], reader: Reader, ask: Ask, answer: Any) -> list[Sent]:
    known: dict[Any, str] = {digest(reader.token): "digest", reader.account_id: "viewer"}
    if isinstance(answer, dict):
        known |= {from_api(answer["id"]): "made", f"media:{KEY}": "key", f"status:{KEY}": "key"}
    if ask.picture:
        known |= {value: name for name, value in picture_slots(pictures.prepare(ask.picture)).items()}
    elif ask.bodies[0]:
        known[json.loads(ask.bodies[0])["status"]] = "text"
    return [(sql, {name: _spelled(value, known) for name, value in fields.items()}) for sql, fields in sent]


def _spelled(value: Any, known: dict[Any, str]) -> Any:
    value = getattr(value, "obj", value) if not isinstance(value, Jsonb) else value  # what psycopg wraps bytes in
    if isinstance(value, list | Jsonb):
        return {"slot": "ids" if isinstance(value, list) else "sizes"}
    if value in known:
        return {"slot": known[value]}
    return {"uuid": str(value)} if isinstance(value, UUID) else value


def picture_slots(picture: Picture) -> dict[str, Any]:
    """Give what differs from picture to picture, by the names of the slots."""
    keys = {f"key{at}": copy.key for at, copy in enumerate(picture.copies)}
    return keys | {"name0": name_of(picture.key), "blurhash": picture.blurhash, "size": len(picture.data)}


def read(path: Path) -> dict[str, list[Template]]:
    """Read a recording back: for each scenario its statements, each with the function that fills its slots."""
    return {
        name: [(sql, _filler(fields)) for sql, fields in statements]
        for name, statements in json.loads(path.read_text()).items()
    }


def _filler(fields: dict[str, Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    kept = {name: UUID(value["uuid"]) if _is(value, "uuid") else value for name, value in fields.items()}
    slots = {name: value["slot"] for name, value in fields.items() if _is(value, "slot")}
    return lambda given: {**kept, **{name: given[slot] for name, slot in slots.items()}}


def _is(value: Any, kind: str) -> bool:
    return isinstance(value, dict) and kind in value
