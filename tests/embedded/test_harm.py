"""Harm short of death: a process stopped where it stands and let go on, and what can be harmed at all."""

import os
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from scripts.embedded import harm
from scripts.embedded.layout import LocalSettings, decide
from scripts.embedded.links import read_orders
from scripts.embedded.postgres_binaries import find_postgres
from scripts.embedded.remembered import remember
from scripts.embedded.supervisor import Program, Supervisor
from scripts.runbook.errors import AlreadyDead, NoLinks, NothingRunning, UnknownSite
from tests.conftest import free_port

CHILD = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); time.sleep(600)"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Give a folder in which one process of aws runs, with a child."""
    supervisor = Supervisor.load(tmp_path)
    supervisor.start(Program("aws", "app", [sys.executable, "-c", CHILD], {"PATH": os.defpath}))
    yield tmp_path
    Supervisor.load(tmp_path).stop()


def states(folder: Path) -> list[str]:
    root = Supervisor.load(folder).alive("aws")[0].find()
    assert root
    while not root.children():
        pass
    return [process.status() for process in (root, *root.children(recursive=True))]


def test_a_paused_site_stands_still_until_it_is_resumed(folder: Path) -> None:
    """Every process of it is stopped, children too, and all of them go on afterwards."""
    before = states(folder)
    paused = harm.pause(folder, "aws")
    deadline = time.monotonic() + 20
    while (still := states(folder)) != [psutil.STATUS_STOPPED] * 2 and time.monotonic() < deadline:
        time.sleep(0.01)  # the kernel stops a busy process at its next turn
    resumed = harm.resume(folder, "aws")

    assert psutil.STATUS_STOPPED not in before
    assert still == [psutil.STATUS_STOPPED] * 2
    assert (paused, resumed) == (2, 2)
    assert psutil.STATUS_STOPPED not in states(folder)


def test_what_cannot_be_harmed_is_named(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A site there is not, one that is dead already, and a folder in which nothing runs: one sentence each."""
    with pytest.raises(UnknownSite, match="no site mars"):
        harm.pause(folder, "mars")
    with pytest.raises(AlreadyDead, match="gcp is dead already"):
        harm.refuse(folder, "gcp")
    with pytest.raises(NothingRunning):
        harm.pause(tmp_path_factory.mktemp("empty"), "aws")


def test_a_site_without_links_cannot_be_cut_off(folder: Path) -> None:
    """It says with which option the sites have ways that can be cut; with it the order is written and taken back."""
    settings = LocalSettings(folder, edge_port=free_port())
    remember(decide(settings, find_postgres()))
    with pytest.raises(NoLinks, match="local up --links"):
        harm.cut(folder, "aws")
    linked = decide(replace(settings, links=True), find_postgres())
    remember(linked)

    harm.cut(folder, "aws")
    cut = read_orders(linked.link_orders)
    harm.mend(folder, "aws")

    assert (cut, read_orders(linked.link_orders)) == ({"aws": "cut"}, {"aws": "open"})
    assert linked.reached_url("aws", "lease") != linked.store_url("aws", "lease")
