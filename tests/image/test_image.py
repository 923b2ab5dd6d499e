"""The image without Docker: its steps, what runs in it, the base by its digest, and what a release refuses."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from infra.spec import PROCESSES, WEB
from scripts.deploying.pin_image import NotPinned, pin
from scripts.serve import PORT, UnknownProcess, modules
from tests.conftest import free_port
from tests.infra.recordings import ROOT
from tests.test_cli import waits_until

DOCKERFILE = (ROOT / "Dockerfile").read_text()


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give the folder that the image consists of; with LIFEBOAT_FULL=1 its packages are installed from the lock."""
    folder = tmp_path_factory.mktemp("image") / "lifeboat"
    packages = {} if os.environ.get("LIFEBOAT_FULL") else {"PACKAGES": sysconfig.get_path("purelib")}
    subprocess.run(
        [str(ROOT / "scripts" / "image-root"), str(folder), sys.executable], env={**os.environ, **packages}, check=True
    )
    yield folder
    subprocess.run(["chmod", "-R", "u+w", str(folder)], check=True)


def listing(folder: Path) -> dict[str, tuple[int, int]]:
    found = {path: path.lstat() for path in folder.rglob("*")}
    return {str(path): (stat.st_mtime_ns, stat.st_size) for path, stat in found.items() if not path.is_dir()}


def environment(folder: Path, home: Path) -> dict[str, str]:
    """Return what the Dockerfile sets, and nothing of whoever runs the tests."""
    return {
        "PATH": f"{folder}/bin:/usr/bin:/bin",
        "HOME": str(home),
        "PYTHONDONTWRITEBYTECODE": "1",
        "SITE": "aws",
        "DATABASE_URL": "postgresql://lifeboat_app:nobody@127.0.0.1:1/lifeboat",
        "MEDIA_URL": "s3://pictures?region=eu-west-1",
        "SECRET_KEY": "a-secret-key-of-a-test-and-no-other",
    }


def test_the_image_serves_web_and_writes_nothing_of_its_own(image: Path, tmp_path: Path) -> None:
    """It answers the health check on the port that it is given and brings htmx along, and no file of the image changes meanwhile."""
    before = listing(image)
    port = free_port()
    web = subprocess.Popen(
        ["lifeboat", *WEB.command[1:]],
        executable=str(image / "bin" / "lifeboat"),
        env=environment(image, tmp_path) | {"PORT": str(port)},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert waits_until(lambda: _answers(f"http://127.0.0.1:{port}/healthz"), 60), _last_words(web)
        assert _answers(f"http://127.0.0.1:{port}/htmx.js")
    finally:
        web.terminate()
        web.communicate(timeout=30)

    assert listing(image) == before
    assert list(tmp_path.iterdir()) == []


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


def _last_words(process: subprocess.Popen[str]) -> str:
    process.kill()
    return process.communicate()[0]


def test_the_image_carries_the_runbook_and_no_cloud(image: Path) -> None:
    """It holds the two seams of the description alone, nothing can be written in it, and its bytecode is there."""
    assert sorted(path.name for path in (image / "infra").glob("*.py")) == ["__init__.py", "outputs.py", "spec.py"]
    assert list((image / "app" / "__pycache__").glob("main.*.pyc"))
    assert not [path for path in image.rglob("*") if not path.is_symlink() and path.stat().st_mode & 0o222]
    done = subprocess.run([str(image / "bin" / "lifeboat"), "failover", "--help"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_dockerfile_runs_these_very_steps() -> None:
    """It has two stages over one base that is an argument, runs the same script, and starts as nobody in particular."""
    assert re.findall(r"^FROM (\S+)", DOCKERFILE, re.M) == ["${BASE}", "${BASE}"]
    assert re.findall(r"^RUN (.+)", DOCKERFILE, re.M) == ["scripts/image-root /opt/lifeboat"]
    assert re.search(r"^USER 10001:10001$", DOCKERFILE, re.M)
    assert not re.search(r"^(ARG BASE=|ADD )", DOCKERFILE, re.M)


def test_every_process_of_a_site_is_served() -> None:
    """It knows all three processes of the description, on the port that the description names."""
    assert all(modules(one.command[-1], {"SITE": "aws"}) for one in PROCESSES)
    assert str(WEB.port) == PORT
    with pytest.raises(UnknownProcess, match="There is no process 'wbe'"):
        modules("wbe", {"SITE": "aws"})
    with pytest.raises(UnknownProcess, match="PORT is 'http'"):
        modules("web", {"SITE": "aws", "PORT": "http"})
    with pytest.raises(UnknownProcess, match="SITE is not set"):
        modules("web", {})


@pytest.fixture
def builder(tmp_path: Path) -> Path:
    """Give a folder with the build script alone."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "build-image", tmp_path / "scripts")
    return tmp_path


def refused(folder: Path, *arguments: str) -> list[str]:
    done = subprocess.run(
        [str(folder / "scripts" / "build-image"), *arguments],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (2, "")
    return done.stderr.splitlines()


def test_a_release_refuses_a_tag_without_a_digest(builder: Path) -> None:
    """It names the base and every certificate that is missing, at once; with all of them only Docker is left to want."""
    (builder / "base-image.txt").write_text("registry.example.org/python:3.13-slim\n")

    lines = refused(builder, "--release", "lifeboat")

    assert lines[0].startswith("build-image: a release needs a base with a digest, not registry.example.org/python")
    assert [line.split()[4] for line in lines[1:]] == [
        f"certificates/{cloud}.pem:" for cloud in ("aws", "gcp", "azure")
    ]


def test_without_a_base_nothing_is_built(builder: Path) -> None:
    """It says how to write one down."""
    assert refused(builder, "lifeboat")[0].startswith("build-image: there is no base: scripts/pin-image")


@pytest.fixture
def registry() -> Iterator[tuple[str, dict[str, Any]]]:
    """Give a loopback registry that wants a token, and what it does: the manifest, the digest that it names, who asked."""
    acts: dict[str, Any] = {"manifest": b'{"schemaVersion": 2}', "asked": []}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            acts["asked"].append(self.path)
            if self.path.startswith("/token"):
                self._say(200, b'{"token": "for-this-image"}')
            elif self.headers["Authorization"] != "Bearer for-this-image":
                realm = (
                    f'Bearer realm="http://{self.headers["Host"]}/token",service="here",scope="repository:python:pull"'
                )
                self._say(401, b"", **{"WWW-Authenticate": realm})
            elif self.path == "/v2/library/python/manifests/3.13-slim":
                named = acts.get("digest", f"sha256:{hashlib.sha256(acts['manifest']).hexdigest()}")
                self._say(200, acts["manifest"], **{"Docker-Content-Digest": named})
            else:
                self._say(404, b"")

        def _say(self, code: int, body: bytes, **headers: str) -> None:
            self.send_response(code)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_port}", acts
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_base_is_pinned_by_what_its_registry_sends(registry: tuple[str, dict[str, Any]], tmp_path: Path) -> None:
    """It fetches a token for the image, and writes the digest of the very manifest that it got."""
    host, acts = registry
    file = tmp_path / "base-image.txt"

    line = pin(f"{host}/library/python:3.13-slim", file, "http")

    assert line == f"{host}/library/python:3.13-slim@sha256:{hashlib.sha256(acts['manifest']).hexdigest()}"
    assert file.read_text() == f"{line}\n"
    assert "/token?service=here&scope=repository%3Apython%3Apull" in acts["asked"]


def test_what_a_registry_does_not_tell_is_not_written(registry: tuple[str, dict[str, Any]], tmp_path: Path) -> None:
    """It writes no digest where the registry does not know the tag, names another digest, does not answer, or is none."""
    host, acts = registry
    file = tmp_path / "base-image.txt"

    def refusal(text: str) -> str:
        with pytest.raises(NotPinned) as refused:
            pin(text, file, "http")
        return str(refused.value)

    assert refusal(f"{host}/library/python:9") == f"{host} answers 404 for {host}/library/python:9."
    acts["digest"] = "sha256:" + "0" * 64
    assert "has not the digest it named" in refusal(f"{host}/library/python:3.13-slim")
    assert refusal("127.0.0.1:1/library/python:3").startswith("127.0.0.1:1 does not answer")
    assert refusal("python:3.13").startswith("'python:3.13' is no image")
    assert not file.exists()
