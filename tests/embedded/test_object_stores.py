"""The three local stores as processes: what a kill leaves, where they listen, whom they let in."""

import json
import os
import stat
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import obstore
import psutil
import pytest
from obstore.exceptions import PermissionDeniedError, PreconditionError

from app.stores import token_of
from scripts.embedded import azurite_install, npm_packages, object_stores
from scripts.runbook.errors import NpmPackagesNotInstalled, StoreDidNotAnswer
from tests.conftest import free_port
from tests.embedded.running_stores import SITES, TOOLS, MakeStore, RunningStore

BROWSER_LOCKS = Path(__file__).parents[2] / "app" / "browser"
ATTRIBUTES = {"Content-Type": "image/webp", "sha256": "abc"}


@pytest.mark.parametrize("site", ["aws", "gcp"])
def test_acknowledged_objects_survive_a_kill(make_store: MakeStore, site: str) -> None:
    """It holds every object that was acknowledged before SIGKILL, with its attributes and its token."""
    running = make_store(site)
    store = running.open()
    data = {f"kept/{number}": os.urandom(20_000) for number in range(30)}
    tokens = {key: token_of(obstore.put(store, key, value, attributes=ATTRIBUTES)) for key, value in data.items()}
    running.kill()

    running.start()

    store = running.open()
    answers = {key: obstore.get(store, key) for key in data}
    assert {key: bytes(answer.bytes()) for key, answer in answers.items()} == data
    assert {key: token_of(answer.meta) for key, answer in answers.items()} == tokens
    assert all(dict(answer.attributes) == ATTRIBUTES for answer in answers.values())


def test_azurite_keeps_its_objects_when_stopped_politely(make_store: MakeStore) -> None:
    """It holds what it acknowledged after SIGTERM (SIGKILL costs azurite its last seconds: a known limit)."""
    running = make_store("azure")
    obstore.put(running.open(), "kept", b"x", attributes=ATTRIBUTES)
    running.stop()

    running.start()

    answer = obstore.get(running.open(), "kept")
    assert (bytes(answer.bytes()), dict(answer.attributes)) == (b"x", ATTRIBUTES)


@pytest.mark.parametrize("site", ["aws", "gcp"])
def test_token_from_before_a_kill_still_guards(make_store: MakeStore, site: str) -> None:
    """It refuses a token that was outdated before the kill, and accepts the newest one."""
    running = make_store(
        site, **({} if site == "aws" else {"describe": object_stores.gcs_process, "seconds_between_writes": 0.0})
    )
    old = token_of(obstore.put(running.open(), "register", b"1"))
    newest = token_of(obstore.put(running.open(), "register", b"2"))
    running.kill()
    running.start()

    with pytest.raises(PreconditionError):
        obstore.put(running.open(), "register", b"3", mode=old)
    obstore.put(running.open(), "register", b"4", mode=newest)

    assert bytes(obstore.get(running.open(), "register").bytes()) == b"4"


@pytest.mark.parametrize("site", SITES)
def test_buckets_are_made_once_and_again(local_store: Callable[[str], RunningStore], site: str) -> None:
    """It makes the three buckets, and making them again changes nothing."""
    running = local_store(site)
    for bucket in object_stores.BUCKETS:
        obstore.put(running.open(bucket), "there", b"x")

    object_stores.make_buckets(site, running.port, running.credentials)

    assert all(bytes(obstore.get(running.open(bucket), "there").bytes()) == b"x" for bucket in object_stores.BUCKETS)


@pytest.mark.parametrize("site", SITES)
def test_buckets_need_the_right_secret(local_store: Callable[[str], RunningStore], site: str) -> None:
    """It makes no bucket for somebody with other credentials."""
    running = local_store(site)
    stranger = object_stores.make_credentials()

    with pytest.raises(StoreDidNotAnswer, match=r"refused .* with 40[13]"):
        object_stores.make_buckets(site, running.port, stranger, ("stranger",))


def test_silent_store_is_named() -> None:
    """It says in one sentence which port does not answer."""
    port = free_port()

    with pytest.raises(StoreDidNotAnswer, match=rf"on port {port} does not answer"):
        object_stores.make_buckets("aws", port, object_stores.make_credentials())


@pytest.mark.parametrize("site", SITES)
def test_stores_listen_on_loopback_only(local_store: Callable[[str], RunningStore], site: str) -> None:
    """It opens no socket that another machine could reach."""
    running = local_store(site)
    assert running.process

    sockets = psutil.Process(running.process.pid).net_connections("inet")

    assert {listening.laddr.ip for listening in sockets if listening.status == "LISTEN"} == {"127.0.0.1"}


@pytest.mark.parametrize("site", SITES)
def test_stores_write_into_their_own_folder(local_store: Callable[[str], RunningStore], site: str) -> None:
    """It points every folder that a store is told about below its own, and keeps secrets from other users."""
    running = local_store(site)
    described = running.describe(running.port)

    folders = [Path(described.environment[name]) for name in ("HOME", "TMPDIR")]

    assert all(folder.is_relative_to(running.folder) for folder in folders)
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path, _ in described.files)


def test_description_is_the_same_every_time(tmp_path: Path) -> None:
    """It describes the same process for the same folder, port and credentials."""
    credentials = object_stores.make_credentials()

    described = [
        object_stores.store_process(site, tmp_path, 1, credentials, TOOLS) for site in SITES[:2] for _ in range(2)
    ]

    assert described[0] == described[1]
    assert described[2] == described[3]


def test_credentials_are_fresh_json() -> None:
    """It makes other credentials each time, in the shape of the credentials file."""
    first, second = object_stores.make_credentials(), object_stores.make_credentials()

    assert set(json.loads(json.dumps(first))) == {"s3", "gs", "az"}
    assert all(first[scheme] != second[scheme] for scheme in first)


def test_azurite_that_is_not_installed_is_named(tmp_path: Path) -> None:
    """It says that azurite is missing and what to run."""
    with pytest.raises(NpmPackagesNotInstalled, match="run scripts/setup"):
        object_stores.store_process("azure", tmp_path, 1, object_stores.make_credentials(), tmp_path)


def test_azurite_of_the_same_lock_is_not_installed_again(tmp_path: Path) -> None:
    """It does nothing when the folder holds what today's lock names, and sees a folder from another lock."""
    program = tmp_path / "node_modules/azurite/dist/src/blob/main.js"
    program.parent.mkdir(parents=True)
    program.touch()
    (tmp_path / "installed-lock.sha256").write_text("another lock")
    other = npm_packages.is_installed(azurite_install.LOCKS, tmp_path)
    azurite_install.install_azurite(TOOLS)
    (tmp_path / "installed-lock.sha256").write_text((TOOLS / "installed-lock.sha256").read_text())

    assert (other, azurite_install.install_azurite(tmp_path)) == (False, False)


def test_failed_install_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It passes on npm's words when nothing can be fetched, and leaves no stamp of success."""
    monkeypatch.setenv("npm_config_registry", f"http://127.0.0.1:{free_port()}/")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    monkeypatch.setenv("npm_config_fetch_retries", "0")

    with pytest.raises(NpmPackagesNotInstalled, match="ECONNREFUSED"):
        azurite_install.install_azurite(tmp_path / "tools")

    assert not npm_packages.is_installed(azurite_install.LOCKS, tmp_path / "tools")


@pytest.mark.parametrize("locks", [azurite_install.LOCKS, BROWSER_LOCKS], ids=["azurite", "browser"])
def test_the_lock_names_no_host(locks: Path) -> None:
    """It pins every package by digest and says nothing of where it came from."""
    lock = json.loads((locks / "package-lock.json").read_text())
    packages = [package for path, package in lock["packages"].items() if path]

    assert len(packages) >= 3
    assert all(package["integrity"].startswith("sha512-") and "resolved" not in package for package in packages)


@pytest.mark.parametrize("site", SITES)
def test_closed_account_refuses_everything(make_refusing: Callable[[str], RunningStore], site: str) -> None:
    """It answers 403 to reads and writes, which the client reports as a permission, never as a missing object."""
    store = make_refusing(site).open()

    for request in (obstore.get, obstore.head, lambda store, key: obstore.put(store, key, b"x" * 3_000_000)):
        with pytest.raises(PermissionDeniedError):
            request(store, "key")


@pytest.fixture
def make_refusing(tmp_path: Path) -> Iterator[Callable[[str], RunningStore]]:
    """Give a function that puts a closed account in the place of a site's store."""
    made: list[RunningStore] = []

    def make(site: str) -> RunningStore:
        describe = partial(object_stores.refusing_process, tmp_path)
        made.append(RunningStore(site, tmp_path, object_stores.make_credentials(), describe).start(buckets=False))
        return made[-1]

    yield make
    for running in made:
        running.stop()
