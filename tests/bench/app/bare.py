"""The peer: FastAPI and psycopg alone, by hand, with no model, no middleware, no log and no limits.

It sends the SQL that the app sends (recorded), checks the same token, waits for the same confirmation, and answers the
same bytes. What it leaves out is what a public server needs: this is the floor, not a rival.
"""

import asyncio
import hashlib
import os
import re
import secrets
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from markupsafe import escape as markup
from obstore.store import MemoryStore
from psycopg import AsyncConnection
from psycopg.rows import namedtuple_row
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool

from app.copies import put
from app.database import connect_arguments
from app.pictures import prepare
from tests.bench.app import recording
from tests.bench.app.recording import Template

READERS, WRITERS = 6, 10  # as many as the app has
COMMIT = "COMMIT; SELECT (pg_current_wal_lsn() - '0/0')::bigint FROM lifeboat.fence"
CONFIRMED = "SELECT (confirmed_flush_lsn - '0/0')::bigint FROM pg_replication_slots WHERE slot_name = 'to_gcp'"
PIECES = re.compile(
    r"(?P<link>https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]}])|(?<![\w/@.])@(?P<name>[A-Za-z0-9_]{1,30})(?![\w@])"
    r"|(?<![\w/&#])#(?P<tag>\w*[^\W\d_]\w*)"
)


class Site:
    """What the program holds: two pools, the statements, one poller and two buckets."""

    def __init__(self, url: str, statements: Path) -> None:
        self.sql = recording.read(statements)
        self.reader = _pool(url, READERS, read_only=True)
        self.writer = _pool(url, WRITERS, read_only=False)
        self.stores = (MemoryStore(), MemoryStore())
        self.decoding = asyncio.Semaphore(2)
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._poller: asyncio.Task[None] | None = None

    async def confirmed(self, position: int) -> None:
        """Return when the standby has confirmed a position."""
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((position, done))
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll())
        await done

    async def _poll(self) -> None:
        async with self.reader.connection() as connection:
            while self._waiting:
                (reached,) = await _first(connection, CONFIRMED)
                for waiting in [one for one in self._waiting if one[0] <= reached]:
                    self._waiting.remove(waiting)
                    waiting[1].set_result(None)
                await asyncio.sleep(0.002)


def create() -> FastAPI:
    """Build the program from the environment."""
    site = Site(os.environ["DATABASE_URL"], Path(os.environ["BENCH_STATEMENTS"]))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        async with site.reader, site.writer:
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/api/v1/timelines/home")
    async def home(request: Request) -> Response:
        return await _timeline(site, site.sql["home"], request)

    @app.get("/api/v1/timelines/public")
    async def public(request: Request) -> Response:
        return await _timeline(site, site.sql["public"], request)

    @app.post("/api/v1/statuses")
    async def post(request: Request) -> Response:
        return await _post(site, site.sql["post"], request)

    @app.post("/api/v2/media")
    async def picture(request: Request) -> Response:
        return await _picture(site, site.sql["picture"], request)

    return app


def _pool(url: str, connections: int, *, read_only: bool) -> AsyncConnectionPool:
    kwargs = {"autocommit": True, "row_factory": namedtuple_row, **connect_arguments(read_only=read_only)}
    return AsyncConnectionPool(url, min_size=0, max_size=connections, open=False, kwargs=kwargs)


async def _ask(connection: AsyncConnection, statement: Template, slots: dict[str, Any]) -> Sequence[Any]:
    sql, fill = statement
    cursor = await connection.execute(sql, fill(slots))
    return await cursor.fetchall() if cursor.description else ()


async def _first(connection: AsyncConnection, sql: str) -> Any:
    return await (await connection.execute(sql)).fetchone()


async def _caller(site: Site, statement: Template, request: Request) -> UUID | None:
    token = request.headers["authorization"].removeprefix("Bearer ")
    async with site.reader.connection() as connection:
        rows = await _ask(connection, statement, {"digest": hashlib.sha256(token.encode()).digest()})
    return rows[0].account_id if rows and rows[0].scopes.startswith("read write") else None


def _refused() -> Response:
    return JSONResponse({"error": "The access token is invalid"}, 401)


async def _timeline(site: Site, statements: list[Template], request: Request) -> Response:
    token, page, everything, pictures = statements
    viewer = await _caller(site, token, request)
    if viewer is None:
        return _refused()
    async with site.reader.connection() as connection:
        listed = await _ask(connection, page, {"viewer": viewer})
        wanted = [row.id for row in listed] + [row.reblog_of_id for row in listed if row.reblog_of_id]
        slots = {"viewer": viewer, "ids": list(dict.fromkeys(wanted))}
        rows = {row.id: row for row in await _ask(connection, everything, slots)}
        media = await _ask(connection, pictures, slots)
    base = f"http://{request.headers['host']}"
    shown = {row.id: _status(row, rows, media, base) for row in rows.values()}
    first, last = listed[0].id.int, listed[-1].id.int
    url = f"{base}{request.url.path}"
    link = f'<{url}?max_id={last}>; rel="next", <{url}?min_id={first}>; rel="prev"'
    return JSONResponse([shown[row.id] for row in listed], headers={"Link": link})


async def _post(site: Site, statements: list[Template], request: Request) -> Response:
    viewer = await _caller(site, statements[0], request)
    if viewer is None:
        return _refused()
    made, text = _new_id(), (await request.json())["status"]
    key = request.headers.get("idempotency-key") or secrets.token_urlsafe(16)
    slots = {"viewer": viewer, "made": made, "key": f"status:{key}", "text": text, "ids": [made]}
    found = await _write(site, statements[1:], slots)
    return JSONResponse(_status(found[-2][0], {}, found[-1], f"http://{request.headers['host']}"))


async def _picture(site: Site, statements: list[Template], request: Request) -> Response:
    viewer = await _caller(site, statements[0], request)
    if viewer is None:
        return _refused()
    form = await request.form()
    data = await form["file"].read()  # ty: ignore[unresolved-attribute]
    async with site.decoding:
        picture = await asyncio.to_thread(prepare, data)
    smaller = {
        name: {"key": copy.key, "width": copy.width, "height": copy.height, "bytes": len(copy.data)}
        for name, copy in picture.smaller.items()
    }
    slots = recording.picture_slots(picture) | {"viewer": viewer, "made": _new_id(), "sizes": Jsonb(smaller)}
    async with site.reader.connection() as connection:
        if await _ask(connection, statements[1], slots):
            return JSONResponse({"error": "removed"}, 422)
    await asyncio.gather(*(put(store, copy.key, copy.data) for copy in picture.copies for store in site.stores))
    found = await _write(site, statements[2:], slots | {"key": f"media:{secrets.token_urlsafe(16)}"})
    return JSONResponse(_media(found[-1][0], f"http://{request.headers['host']}"))


async def _write(site: Site, statements: list[Template], slots: dict[str, Any]) -> list[Sequence[Any]]:
    async with site.writer.connection() as connection:
        found = [await _ask(connection, statement, slots) for statement in statements]
        cursor = await connection.execute(COMMIT)
        cursor.nextset()
        (position,) = await cursor.fetchone()  # ty: ignore[not-iterable]
    await site.confirmed(position)
    return found


def _new_id() -> UUID:
    milliseconds = time.time_ns() // 1_000_000
    return UUID(int=milliseconds << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62))


def _status(row: Any, others: dict[UUID, Any], media: Sequence[Any], base: str) -> dict[str, Any]:
    original = _status(others[row.reblog_of_id], others, media, base) if row.reblog_of_id else None
    shown = others[row.reblog_of_id] if original else row
    return {
        "id": str(row.id.int),
        "created_at": _moment(row.created_at),
        "in_reply_to_id": str(row.in_reply_to_id.int) if row.in_reply_to_id else None,
        "in_reply_to_account_id": str(row.in_reply_to_account_id.int) if row.in_reply_to_account_id else None,
        "sensitive": shown.sensitive,
        "spoiler_text": shown.spoiler_text,
        "visibility": row.visibility,
        "language": shown.language,
        "uri": f"{base}/users/{row.author_username}/statuses/{row.id.int}",
        "url": original["url"] if original else f"{base}/@{row.author_username}/{row.id.int}",
        "replies_count": shown.replies,
        "reblogs_count": shown.boosts,
        "favourites_count": shown.favourites,
        "edited_at": None,
        "content": original["content"] if original else _html(row.text, row.names, row.tags, base),
        "reblog": original,
        "application": {"name": row.application, "website": None} if row.application else None,
        "account": _account(row, base),
        "media_attachments": [_media(picture, base) for picture in media if picture.status_id == row.id],
        "mentions": original["mentions"] if original else [_mention(*named, base) for named in row.names],
        "tags": original["tags"] if original else [{"name": name, "url": f"{base}/tags/{name}"} for name in row.tags],
        "emojis": [],
        "card": None,
        "poll": None,
        "favourited": shown.favourited,
        "reblogged": shown.reblogged,
        "muted": False,
        "bookmarked": shown.bookmarked,
        "pinned": shown.pinned,
        "filtered": [],
    }


def _account(row: Any, base: str) -> dict[str, Any]:
    avatar = f"{base}/{row.author_avatar_key or 'static/avatar.png'}"
    header = f"{base}/{row.author_header_key or 'static/header.png'}"
    return {
        "id": str(row.author_id.int),
        "username": row.author_username,
        "acct": row.author_username,
        "display_name": row.author_display_name,
        "locked": row.author_locked,
        "bot": row.author_bot,
        "discoverable": row.author_discoverable,
        "group": False,
        "created_at": _moment(row.author_created_at),
        "note": _html(row.author_note, (), (), base),
        "url": f"{base}/@{row.author_username}",
        "uri": f"{base}/users/{row.author_username}",
        "avatar": avatar,
        "avatar_static": avatar,
        "header": header,
        "header_static": header,
        "followers_count": row.author_followers,
        "following_count": row.author_following,
        "statuses_count": row.author_statuses,
        "last_status_at": row.author_last_status_at.date().isoformat() if row.author_last_status_at else None,
        "emojis": [],
        "fields": row.author_fields,
        "roles": [],
    }


def _mention(key: str, name: str, base: str) -> dict[str, Any]:
    return {"id": str(UUID(key).int), "username": name, "acct": name, "url": f"{base}/@{name}"}


def _media(row: Any, base: str) -> dict[str, Any]:
    small = row.sizes.get("small", {"key": row.key, "width": row.width, "height": row.height})
    return {
        "id": str(row.id.int),
        "type": "image",
        "url": f"{base}/{row.key}",
        "preview_url": f"{base}/{small['key']}",
        "remote_url": None,
        "preview_remote_url": None,
        "text_url": None,
        "meta": {
            "focus": {"x": row.focus_x, "y": row.focus_y},
            "original": _size(row.width, row.height),
            "small": _size(small["width"], small["height"]),
        },
        "description": row.description,
        "blurhash": row.blurhash,
    }


def _size(width: int, height: int) -> dict[str, Any]:
    return {"width": width, "height": height, "size": f"{width}x{height}", "aspect": round(width / height, 6)}


def _moment(when: Any) -> str:
    return f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03d}Z"


def _html(text: str, names: Sequence[Any], tags: Sequence[str], base: str) -> str:
    known = {name for _, name in names}

    def line(text: str) -> str:
        found, end = "", 0
        for match in PIECES.finditer(text):
            found += escape(text[end : match.start()]) + _piece(match, known, tags, base)
            end = match.end()
        return found + escape(text[end:])

    paragraphs = [part for part in re.split(r"\n{2,}", text.replace("\r\n", "\n").strip("\n")) if part]
    return "".join(f"<p>{'<br>'.join(line(text) for text in part.split(chr(10)))}</p>" for part in paragraphs)


def escape(text: str) -> str:
    return str(markup(text))


def _piece(match: re.Match[str], names: set[str], tags: Sequence[str], base: str) -> str:
    if url := match["link"]:
        return f'<a href="{escape(url)}" rel="nofollow noopener noreferrer" target="_blank">{escape(url)}</a>'
    if (name := match["name"]) and name.lower() in names:
        return f'<a href="{base}/@{name.lower()}" class="u-url mention">@{name}</a>'
    if (tag := match["tag"]) and tag.lower() in tags:
        return f'<a href="{base}/tags/{tag.lower()}" class="mention hashtag" rel="tag">#{tag}</a>'
    return escape(match.group())
