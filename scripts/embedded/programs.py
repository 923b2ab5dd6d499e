"""The command line and environment of every process of the local sites."""

import json
import os
import sys
from pathlib import Path

from scripts.embedded.layout import RECORD, ROOM_NAME, SITES, ZONE, Layout
from scripts.embedded.other_dns import DnsSoftware
from scripts.embedded.postgres import server_environment
from scripts.embedded.postgres_binaries import run_as
from scripts.embedded.supervisor import NEUTRAL, Program


def postgres(layout: Layout, site: str) -> Program:
    return Program(site, "postgres", layout.server(site).argv(), server_environment(), run_as().arguments)


def app(layout: Layout, site: str) -> Program:
    argv = _python("uvicorn", "--factory", "app.main:create_app_from_environment", "--host", "127.0.0.1",
                   "--port", str(layout.ports[site].app), "--log-level", "warning", "--no-access-log", "--no-proxy-headers",
                   "--timeout-graceful-shutdown", "10")  # fmt: skip
    return Program(site, "app", argv, _app_environment(layout, site))


def worker(layout: Layout, site: str) -> Program:
    return Program(site, "worker", _python("app.worker"), _app_environment(layout, site))


def agent(layout: Layout, site: str) -> Program:
    return Program(
        site, "agent", _python("scripts.runbook.agent", "--dir", str(layout.folder), "--site", site), _environment()
    )


def links(layout: Layout) -> Program:
    ways = [link.spelled() for link in layout.links]
    return Program(
        NEUTRAL, "links", _python("scripts.embedded.links", "--orders", str(layout.link_orders), *ways), _environment()
    )


def dns_server(layout: Layout) -> Program:
    return _our_dns(layout, "dns", layout.zone_file, layout.dns_port)


def other_dns_server(layout: Layout, software: DnsSoftware | None) -> Program:
    """Return the second vendor's server: other software where there is any, else one more of ours on its own zone."""
    if software is None:
        return _our_dns(layout, "other-dns", layout.other_zone_file, layout.other_dns_port)
    return Program(NEUTRAL, f"dns-{software.name}", software.argv(layout.other_dns_folder), _environment())


def _our_dns(layout: Layout, name: str, zone_file: Path, port: int) -> Program:
    argv = _python("scripts.embedded.dns_server", "--zone-file", str(zone_file), "--origin", ZONE,
                   "--port", str(port), "--key-file", str(layout.tsig_file))  # fmt: skip
    return Program(NEUTRAL, name, argv, _environment())


def edge(layout: Layout) -> Program:
    argv = _python(
        "scripts.embedded.edge",
        "--listen",
        str(layout.settings.edge_port),
        "--name",
        RECORD,
        "--dns",
        f"127.0.0.1:{layout.dns_port}",
        "--dns",
        f"127.0.0.1:{layout.other_dns_port}",
    )
    return Program(NEUTRAL, "edge", argv, _environment())


def _app_environment(layout: Layout, site: str) -> dict[str, str]:
    return {
        **_environment(),
        "SITE": site,
        "DATABASE_URL": layout.server(site).url("lifeboat_app", layout.site_secrets[site].passwords.app),
        "MEDIA_URL": layout.store_url(site, "media"),
        "MEDIA_PEERS": json.dumps({other: layout.reached_url(other, "media") for other in SITES if other != site}),
        "STORE_CREDENTIALS": str(layout.credentials_file),
        "SECRET_KEY": layout.secret_key,
        "VAPID_KEY": layout.vapid_key,
        # Everybody comes from one address here, and tests and benches are a crowd.
        "ATTEMPTS": "100000",
        "REQUESTS": "10000000",
        "METRICS_TOKEN": layout.secret_key,
        "FRAMED_BY": f"http://{ROOM_NAME}:*",
    }


def _python(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", module, *arguments]


def _environment() -> dict[str, str]:
    """Return what a Python process of ours needs: the caller's proxies, PYTHONPATH and clouds' keys stay out of it."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.environ.get("HOME", "/"),
        "LC_ALL": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        # Each thread would keep a heap of its own: a tenth more memory for three sites on one machine.
        "MALLOC_ARENA_MAX": "1",
    }
