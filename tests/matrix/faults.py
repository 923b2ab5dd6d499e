"""What each fault of the matrix does to three running sites: aws is primary, gcp takes over, azure follows."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

import psycopg
from psycopg import sql

from scripts.embedded import programs
from scripts.embedded.supervisor import NEUTRAL
from tests.bench.deaths.platform_under_test import PlatformUnderTest
from tests.bench.deaths.ways import WAYS

OLD, NEW, THIRD = "aws", "gcp", "azure"

Act = Callable[[PlatformUnderTest], object]


def nothing(platform: PlatformUnderTest) -> None:
    """Do nothing."""


def lose_old(platform: PlatformUnderTest) -> None:
    """End the primary's whole site."""
    platform.supervisor.kill(OLD)


def lose_database(platform: PlatformUnderTest) -> None:
    """End the primary's database alone: its control store goes on, so that another one may be lost as well."""
    platform.supervisor.kill(OLD, "postgres")


@dataclass(frozen=True)
class Fault:
    """before: what makes the failover needed. strike: at the moment. ease: before the runbook goes on. after: at the end."""

    before: Act = lose_old
    strike: Act = nothing
    ease: Act = nothing
    after: Act = nothing
    new_primary: str = NEW


def dies(way: str, site: str) -> Act:
    """Return the act that lets a site die in one of the ways of the deaths bench."""
    return lambda platform: WAYS[way].inflict(platform.folder, site)


def ends(way: str, site: str) -> Act:
    """Return the act that ends what such a death does."""
    return lambda platform: WAYS[way].end(platform.folder, site)


def _signal_agent(site: str, which: signal.Signals) -> Act:
    def act(platform: PlatformUnderTest) -> None:
        for one in platform.supervisor.alive(site):
            if one.name == "agent" and (process := one.find()):
                process.send_signal(which)

    return act


def _second_operator(platform: PlatformUnderTest) -> None:
    """Another operator wants another site at the same time; he is refused in one sentence that names the winner."""
    argv = [sys.executable, "-m", "scripts.cli", "--dir", str(platform.folder), "failover", "--to", THIRD, "--yes"]
    refused = subprocess.run(argv, capture_output=True, text=True, timeout=120)
    assert refused.returncode == 1
    assert NEW in refused.stderr


def _end_dns(platform: PlatformUnderTest) -> None:
    """Both DNS vendors are gone."""
    for one in platform.supervisor.alive(NEUTRAL):
        if "dns" in one.name:
            platform.supervisor.kill(NEUTRAL, one.name)


def _start_dns(platform: PlatformUnderTest) -> None:
    """One of them comes back: it alone must do."""
    platform.supervisor.start(programs.dns_server(platform.layout))


def _lose_third(platform: PlatformUnderTest) -> None:
    platform.supervisor.kill(THIRD)


def _third_comes_back(platform: PlatformUnderTest) -> None:
    platform.start(THIRD)


def _rotate(password: Callable[[PlatformUnderTest], str]) -> Act:
    """Return the act that gives the replication role on the new primary another password."""

    def act(platform: PlatformUnderTest) -> None:
        known = platform.layout.site_secrets[NEW]
        with psycopg.connect(platform.layout.server(NEW).url("lifeboat_admin", known.admin)) as admin:
            words = sql.SQL("ALTER ROLE lifeboat_replication PASSWORD {}").format(sql.Literal(password(platform)))
            admin.execute(words)

    return act


def _wipe_store(platform: PlatformUnderTest) -> None:
    """The control store of the third site dies, and comes back empty."""
    platform.supervisor.kill(THIRD, "objects")
    shutil.rmtree(platform.layout.site_folder(THIRD) / "store", ignore_errors=True)


FAULTS = {
    1: Fault(before=dies("stopped and continued", OLD), after=ends("stopped and continued", OLD)),
    2: Fault(before=dies("control bucket 403", OLD)),
    5: Fault(
        before=dies("partitioned", OLD),
        strike=dies("partitioned", THIRD),
        ease=ends("partitioned", THIRD),
        after=ends("partitioned", OLD),
    ),
    6: Fault(
        before=_signal_agent(OLD, signal.SIGSTOP),
        strike=_signal_agent(THIRD, signal.SIGSTOP),
        ease=_signal_agent(THIRD, signal.SIGCONT),
        after=_signal_agent(OLD, signal.SIGCONT),
    ),
    9: Fault(before=lose_database, strike=dies("503 after success", THIRD), after=ends("503 after success", THIRD)),
    10: Fault(before=lose_database, strike=_wipe_store, ease=_third_comes_back),
    13: Fault(),
    14: Fault(strike=_second_operator),
    15: Fault(strike=_end_dns, ease=_start_dns),
    20: Fault(before=lose_database, strike=_lose_third, ease=_third_comes_back),
    22: Fault(strike=_rotate(lambda platform: "rotated"),
              ease=_rotate(lambda platform: platform.layout.site_secrets[NEW].passwords.replication)),
}  # fmt: skip
