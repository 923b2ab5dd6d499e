"""A whole app behind a real socket, on a real database; only its object stores are in memory."""

import dataclasses
import io
import itertools
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, LiteralString

import httpx
import psycopg
import pytest
import uvicorn
from obstore.store import MemoryStore
from PIL import Image
from psycopg import sql

from app.fence import CACHE_SECONDS
from app.main import create_app
from app.media import Media
from app.services import Services
from app.settings import Settings

PASSWORD = "correct horse battery"
CREDENTIALS = {"s3": {"access_key_id": "test", "secret_access_key": "test"}}
STORE_SECONDS = 5.0  # an app that hardly waits for the other databases still waits for its stores
SINGLE_COPY = [{"sync": [], "needed": 0}]
numbers = itertools.count(time.time_ns())


def make_settings(folder: Path, database_url: str, **changes: Any) -> Settings:
    """Give settings as the environment would, with a store that no test reaches."""
    credentials = folder / "credentials.json"
    credentials.write_text(json.dumps(CREDENTIALS))
    values = {
        "site": "aws",
        "database_url": database_url,
        "media_url": "s3://lifeboat-media?region=us-east-1&endpoint=http://127.0.0.1:1",
        "store_credentials": str(credentials),
        "secret_key": "a secret key for tests only",
        "vapid_key": "J-stlK5driwADbTAzAg28xNGtoBTdegXewO2BV_NyHk",  # of these tests alone  # pragma: allowlist secret
        "attempts": 10_000,
        "requests": 1_000_000,
    }
    return Settings.model_validate(values | changes)


@dataclasses.dataclass(frozen=True)
class RunningApp:
    """An app that listens, and the parts it was made of."""

    address: str
    services: Services
    own: MemoryStore
    peers: dict[str, MemoryStore]

    def client(self, **headers: str) -> httpx.Client:
        """Open a new client with its own cookies."""
        return httpx.Client(base_url=self.address, headers=headers, timeout=20, trust_env=False)


@pytest.fixture(scope="session")
def run_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., RunningApp]]:
    """Give a function that starts one more app; all are stopped at the end."""
    stop: list[Callable[[], None]] = []

    def run(database_url: str, **changes: Any) -> RunningApp:
        settings = make_settings(tmp_path_factory.mktemp("app"), database_url, **changes)
        own, peers = MemoryStore(), {"gcp": MemoryStore(), "azure": MemoryStore()}
        services = dataclasses.replace(Services.open(settings), media=Media(own, peers, STORE_SECONDS))
        address, end = _listen(create_app(settings, services))
        stop.append(end)
        return RunningApp(address, services, own, peers)

    yield run
    for end in stop:
        end()


def _listen(app: Any) -> tuple[str, Callable[[], None]]:
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", loop="asyncio", proxy_headers=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        assert thread.is_alive(), "the app did not start"
        assert time.monotonic() < deadline, "the app did not start"
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]

    def end() -> None:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive(), "the app did not stop"

    return f"http://127.0.0.1:{port}", end


@pytest.fixture(scope="session")
def app_server(run_app: Callable[..., RunningApp], app_database: Any) -> RunningApp:
    """Give the app of this session, with the single-copy rule."""
    return run_app(app_database.url)


@pytest.fixture
def anonymous(app_server: RunningApp) -> Iterator[httpx.Client]:
    """Give a client without a token."""
    with app_server.client() as client:
        yield client


@dataclasses.dataclass(frozen=True)
class Api:
    """A registered client of the API, with its own token."""

    client_id: str
    client_secret: str
    token: str

    def secrets(self) -> dict[str, str]:
        """Give what every OAuth request carries."""
        return {"client_id": self.client_id, "client_secret": self.client_secret}


def register(app: RunningApp) -> Api:
    """Register a client, as one does of itself."""
    with app.client() as client:
        made = client.post("/api/v1/apps", data={"client_name": "tests", "scopes": "read write push"}).json()
        secrets = {"client_id": made["client_id"], "client_secret": made["client_secret"]}
        grant = {"grant_type": "client_credentials", "scope": "read write push"}
        token = client.post("/oauth/token", data=secrets | grant).json()["access_token"]
    return Api(made["client_id"], made["client_secret"], token)


@pytest.fixture(scope="session")
def api(app_server: RunningApp) -> Api:
    """Give a client that registered itself."""
    return register(app_server)


@dataclasses.dataclass(frozen=True)
class Member:
    """A signed-up person with a logged-in client."""

    username: str
    token: str
    client: httpx.Client

    def post(self, text: str = "hello", **fields: Any) -> dict[str, Any]:
        """Publish and give the entity."""
        answer = self.client.post("/api/v1/statuses", json={"status": text} | fields)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def read(self, path: str, **query: Any) -> Any:
        """Read something and give it."""
        answer = self.client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def act(self, path: str, **fields: Any) -> Any:
        """Do something and give the entity."""
        answer = self.client.post(path, json=fields)
        assert answer.status_code == 200, answer.text
        return answer.json()

    @property
    def id(self) -> str:
        """Give the person's id."""
        return self.read("/api/v1/accounts/verify_credentials")["id"]

    def follow(self, other: "Member") -> None:
        """Follow another person."""
        self.act(f"/api/v1/accounts/{other.id}/follow")


def sign_up(app: RunningApp, api: Api) -> Member:
    """Sign up one more person; their client is the caller's to close."""
    name = f"u{next(numbers)}"
    form = {"username": name, "email": f"{name}@example.org", "password": PASSWORD, "agreement": "true"}
    with app.client(authorization=f"Bearer {api.token}") as client:
        token = client.post("/api/v1/accounts", data=form).json()["access_token"]
    return Member(name, token, app.client(authorization=f"Bearer {token}"))


@pytest.fixture
def join(app_server: RunningApp, api: Api) -> Iterator[Callable[[], Member]]:
    """Give a function that signs up one more person."""
    people: list[Member] = []

    def make() -> Member:
        people.append(sign_up(app_server, api))
        return people[-1]

    yield make
    for person in people:
        person.client.close()


@pytest.fixture
def member(join: Callable[[], Member]) -> Member:
    """Give one signed-up person."""
    return join()


class FenceControl:
    """Changes the fence row as the agent does, and waits until no app remembers the old one."""

    def __init__(self, url: str) -> None:
        self._url = url

    def set(self, **columns: Any) -> None:
        """Set columns of the fence row."""
        assignments = sql.SQL(", ").join(
            sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in columns
        )
        values = columns | ({"rule": json.dumps(columns["rule"])} if "rule" in columns else {})
        with psycopg.connect(self._url) as connection:
            connection.execute(sql.SQL("UPDATE lifeboat.fence SET {}").format(assignments), values)
        time.sleep(CACHE_SECONDS + 0.05)

    def run(self, statement: LiteralString, *arguments: Any) -> Any:
        """Run one statement as the agent and give its first value."""
        with psycopg.connect(self._url, autocommit=True) as connection:
            row = connection.execute(statement, arguments).fetchone()
            return row[0] if row else None


@pytest.fixture
def fence(app_database: Any) -> Iterator[FenceControl]:
    """Give the fence row to change; it is put back, and every slot dropped, at the end."""
    control = FenceControl(app_database.agent_url)
    yield control
    control.run("SELECT count(pg_drop_replication_slot(slot_name)) FROM pg_replication_slots")
    control.set(rule=SINGLE_COPY, writable=True, epoch=1, valid_until="2100-01-01")


@pytest.fixture
def confirm(fence: FenceControl) -> Callable[[str], None]:
    """Give a function that makes a site's slot if need be, and confirms on it everything written so far."""

    def confirm_all(site: str) -> None:
        slot = f"to_{site}"
        if not fence.run("SELECT 1 FROM pg_replication_slots WHERE slot_name = %s", slot):
            fence.run("SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", slot)
        fence.run("SELECT pg_replication_slot_advance(%s, pg_current_wal_lsn())", slot)

    return confirm_all


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """Encode a picture made in a test."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def noise() -> bytes:
    """Make a small picture that no other test has; one colour alone could be encoded like its neighbour."""
    return encoded(Image.frombytes("RGB", (8, 6), os.urandom(8 * 6 * 3)).resize((64, 48), Image.Resampling.NEAREST))


@pytest.fixture
def picture() -> bytes:
    """Give a small picture that no other test has."""
    return noise()
