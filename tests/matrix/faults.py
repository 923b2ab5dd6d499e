"""What each fault of the matrix does to three running sites: `old` is primary, `new` takes over, `third` follows."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

import psycopg
from psycopg import sql

from scripts.embedded import programs
from scripts.embedded.layout import SITES
from scripts.embedded.other_dns import find_software
from scripts.embedded.supervisor import NEUTRAL
from tests.bench.deaths.platform_under_test import PlatformUnderTest
from tests.bench.deaths.ways import WAYS


@dataclass(frozen=True)
class Scene:
    """Three running sites, and the part of each in the failover that is to come."""

    platform: PlatformUnderTest
    old: str
    new: str
    third: str

    @classmethod
    def of(cls, platform: PlatformUnderTest) -> "Scene":
        """Give the parts by who is primary now."""
        old = platform.holder()
        new, third = (site for site in SITES if site != old)
        return cls(platform, old, new, third)

    def follow_again(self) -> None:
        """Bring every site back behind the primary, so that the next failover finds what this one found."""
        holder = self.platform.holder()
        for site in (one for one in SITES if one != holder):
            self.platform.start(site)
            if site == self.old or not self.platform.follows(site, holder):
                self.platform.rejoin(site)
        self.platform.wait_for_writes()


Act = Callable[[Scene], object]


def nothing(scene: Scene) -> None:
    """Do nothing."""


def lose_old(scene: Scene) -> None:
    """End the primary's whole site."""
    scene.platform.supervisor.kill(scene.old)


def lose_database(scene: Scene) -> None:
    """End the primary's database alone: its control store goes on, so that another one may be lost as well."""
    scene.platform.supervisor.kill(scene.old, "postgres")


@dataclass(frozen=True)
class Fault:
    """before: what makes the failover needed. strike: at the moment. ease: before the runbook goes on. after: at the end."""

    before: Act = lose_old
    strike: Act = nothing
    ease: Act = nothing
    after: Act = nothing


def old_dies(way: str) -> Act:
    """Return the act that lets the primary die in one of the ways of the deaths bench."""
    return lambda scene: WAYS[way].inflict(scene.platform.folder, scene.old)


def old_ends(way: str) -> Act:
    """Return the act that ends what such a death does."""
    return lambda scene: WAYS[way].end(scene.platform.folder, scene.old)


def third_dies(way: str) -> Act:
    return lambda scene: WAYS[way].inflict(scene.platform.folder, scene.third)


def third_ends(way: str) -> Act:
    return lambda scene: WAYS[way].end(scene.platform.folder, scene.third)


def _signal_agent(scene: Scene, site: str, which: signal.Signals) -> None:
    for one in scene.platform.supervisor.alive(site):
        if one.name == "agent" and (process := one.find()):
            process.send_signal(which)


def _second_operator(scene: Scene) -> None:
    """Another operator wants another site at the same time; he is refused in one sentence that names the winner."""
    folder = str(scene.platform.folder)
    argv = [sys.executable, "-m", "scripts.cli", "--dir", folder, "failover", "--to", scene.third, "--yes"]
    refused = subprocess.run(argv, capture_output=True, text=True, timeout=120)
    assert refused.returncode == 1
    assert scene.new in refused.stderr


def _end_dns(scene: Scene) -> None:
    """Both DNS vendors are gone."""
    supervisor = scene.platform.supervisor
    for one in supervisor.alive(NEUTRAL):
        if "dns" in one.name:
            supervisor.kill(NEUTRAL, one.name)


def _start_dns(scene: Scene) -> None:
    """One of them comes back: it alone must do."""
    scene.platform.supervisor.start(programs.dns_server(scene.platform.layout))


def _start_other_dns(scene: Scene) -> None:
    software = next(iter(find_software()), None)
    scene.platform.supervisor.start(programs.other_dns_server(scene.platform.layout, software))


def _third_comes_back(scene: Scene) -> None:
    scene.platform.start(scene.third)


def _rotate(password: Callable[[Scene], str]) -> Act:
    """Return the act that gives the replication role on the new primary another password."""

    def act(scene: Scene) -> None:
        layout = scene.platform.layout
        with psycopg.connect(
            layout.server(scene.new).url("lifeboat_admin", layout.site_secrets[scene.new].admin)
        ) as admin:
            words = sql.SQL("ALTER ROLE lifeboat_replication PASSWORD {}").format(sql.Literal(password(scene)))
            admin.execute(words)

    return act


def _wipe_store(scene: Scene) -> None:
    """The control store of the third site dies, and comes back empty."""
    scene.platform.supervisor.kill(scene.third, "objects")
    shutil.rmtree(scene.platform.layout.site_folder(scene.third) / "store", ignore_errors=True)


FAULTS = {
    1: Fault(before=old_dies("stopped and continued"), after=old_ends("stopped and continued")),
    2: Fault(before=old_dies("control bucket 403")),
    4: Fault(before=old_dies("partitioned"), after=old_ends("partitioned")),
    5: Fault(before=old_dies("partitioned"), strike=third_dies("partitioned"), ease=third_ends("partitioned"),
             after=old_ends("partitioned")),
    6: Fault(before=lambda scene: _signal_agent(scene, scene.old, signal.SIGSTOP),
             strike=lambda scene: _signal_agent(scene, scene.third, signal.SIGSTOP),
             ease=lambda scene: _signal_agent(scene, scene.third, signal.SIGCONT),
             after=lambda scene: _signal_agent(scene, scene.old, signal.SIGCONT)),
    9: Fault(before=lose_database, strike=third_dies("503 after success"), after=third_ends("503 after success")),
    10: Fault(before=lose_database, strike=_wipe_store, ease=_third_comes_back),
    13: Fault(),
    14: Fault(strike=_second_operator),
    15: Fault(strike=_end_dns, ease=_start_dns, after=_start_other_dns),
    20: Fault(before=lose_database, strike=third_dies("whole site"), ease=_third_comes_back),
    22: Fault(strike=_rotate(lambda scene: "rotated"),
              ease=_rotate(lambda scene: scene.platform.layout.site_secrets[scene.new].passwords.replication)),
}  # fmt: skip
