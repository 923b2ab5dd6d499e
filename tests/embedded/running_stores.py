"""Real object stores for tests: the processes that the supervisor starts, started here by pid and ended by pid."""

import http.client
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from app.stores import Store, open_store
from scripts.embedded.azurite_install import install_azurite
from scripts.embedded.object_stores import (
    AZURE_ACCOUNT,
    Process,
    make_buckets,
    make_credentials,
    prepare,
    store_process,
)
from tests.conftest import free_port

TOOLS = Path(__file__).parents[2] / ".lifeboat" / "node"
SITES = ("aws", "gcp", "azure")


@dataclass
class RunningStore:
    """The store of one local site."""

    site: str
    folder: Path
    credentials: dict[str, dict[str, Any]]
    describe: Callable[[int], Process]
    port: int = 0
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self, *, buckets: bool = True) -> "RunningStore":
        """Start it on a free port and make its buckets."""
        self.port = free_port()
        described = self.describe(self.port)
        prepare(described)
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                described.argv, env=dict(described.environment), stdout=log, stderr=log, cwd="/", process_group=0
            )
        self._wait(described)
        if buckets:
            make_buckets(self.site, self.port, self.credentials)
        return self

    def kill(self) -> None:
        """End it at once, as a lost account would."""
        assert self.process
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> None:
        """End it politely."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def url(self, bucket: str = "lifeboat-media") -> str:
        return {
            "aws": f"s3://{bucket}?region=us-east-1&endpoint={self.endpoint}",
            "gcp": f"gs://{bucket}?endpoint={self.endpoint}",
            "azure": f"az://{AZURE_ACCOUNT}/{bucket}?endpoint={self.endpoint}/{AZURE_ACCOUNT}",
        }[self.site]

    def open(self, bucket: str = "lifeboat-media", **settings: Any) -> Store:
        """Open a bucket as the app does; without retries, so that every refusal is seen."""
        return open_store(self.url(bucket), self.credentials, **{"retries": 0, **settings})

    def _wait(self, described: Process) -> None:
        assert self.process
        deadline = time.monotonic() + 30
        while not _answers(self.port):
            if self.process.poll() is not None or time.monotonic() > deadline:
                pytest.fail((self.folder / "log").read_text())
            time.sleep(0.02)


MakeStore = Callable[..., RunningStore]


@pytest.fixture(scope="session")
def make_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeStore]:
    """Give a function that starts one more store of a site; all are ended when the worker ends."""
    made: list[RunningStore] = []

    def make(site: str, describe: Callable[..., Process] = store_process, **options: Any) -> RunningStore:
        folder, credentials = tmp_path_factory.mktemp(f"store-{site}"), make_credentials()
        if site == "azure":
            install_azurite(TOOLS)
        arguments = (site,) if describe is store_process else ()
        tools = (TOOLS,) if describe is store_process else ()
        store = RunningStore(
            site, folder, credentials, lambda port: describe(*arguments, folder, port, credentials, *tools, **options)
        )
        made.append(store)
        return store.start()

    yield make
    for store in made:
        store.stop()


@pytest.fixture(scope="session")
def local_store(make_store: MakeStore) -> Callable[[str], RunningStore]:
    """Give a function that returns the worker's one running store of a site, started when first asked for."""
    running: dict[str, RunningStore] = {}

    def of(site: str) -> RunningStore:
        if site not in running:
            running[site] = make_store(site)
        return running[site]

    return of


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status < 500
    except OSError:
        return False
    finally:
        connection.close()
