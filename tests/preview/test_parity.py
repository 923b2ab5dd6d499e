"""The clouds side by side: kept and broken promises, amounts, reasons, on the real programs and on changed ones."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from infra.spec import CAPABILITIES
from scripts.previewing.graph import Graph, read_graph
from scripts.previewing.parity import NOT_DECLARED, Row, parity, values
from scripts.previewing.parity_facts import AMOUNTS, EXCEPTIONS, PROMISES
from scripts.previewing.recordings import CLOUDS
from tests.infra.recordings import recording

Edit = Callable[[dict[str, Any]], None]


def raw(cloud: str) -> dict[str, Any]:
    found = recording(cloud)
    return {"cloud": cloud, "resources": copy.deepcopy(list(found.resources)), "outputs": dict(found.outputs)}


def edited(cloud: str, kind: str, edit: Edit) -> Graph:
    """Return a cloud's real graph with every resource of a type changed."""
    value = raw(cloud)
    chosen = [one for one in value["resources"] if one["type"].endswith(kind)]
    assert chosen
    for one in chosen:
        edit(one)
    return read_graph(value, "edited")


@pytest.fixture(scope="module")
def graphs() -> dict[str, Graph]:
    return {cloud: read_graph(raw(cloud), cloud) for cloud in CLOUDS}


def row(rows: tuple[Row, ...], capability: str, aspect: str) -> Row:
    return next(one for one in rows if (one.capability, one.aspect) == (capability, aspect))


def test_the_committed_programs_are_alike(graphs: dict[str, Graph]) -> None:
    """It finds no difference without a reason between the three programs as they stand."""
    assert [one for one in parity(graphs) if one.broken] == []


def test_every_row_declares_something_in_every_cloud(graphs: dict[str, Graph]) -> None:
    """It finds each promise and amount in all three, so that no row is empty by a wrong path."""
    rows = parity(graphs)

    undeclared = [(one.aspect, cloud) for one in rows for cloud, cell in one.cells.items() if cell == NOT_DECLARED]

    assert undeclared == []
    assert {one.capability for one in rows} >= set(CAPABILITIES)
    assert len(rows) >= len(PROMISES) + len(AMOUNTS)


@pytest.mark.parametrize(
    ("cloud", "kind", "edit", "capability", "aspect", "cell"),
    [
        (
            "aws",
            "rds/instance:Instance",
            lambda one: one["inputs"].update(storageEncrypted=False),
            "database",
            "encrypted with its own key",
            "0 of 1",
        ),
        (
            "gcp",
            "DatabaseInstance",
            lambda one: one["inputs"]["settings"]["ipConfiguration"].update(ipv4Enabled=True),
            "database",
            "no public access",
            "0 of 1",
        ),
        ("azure", ":Server", lambda one: one.update(protect=False), "database", "data protected", "1 of 2"),
        (
            "azure",
            ":Server",
            lambda one: one["inputs"]["backup"].update(backupRetentionDays=7),
            "database",
            "days of backups",
            "7",
        ),
        ("aws", "s3/bucket:Bucket", lambda one: one["inputs"].pop("tags"), "media", "tagged", "1 of 2"),
        ("gcp", "storage/bucket:Bucket", lambda one: one.update(type="gone"), "media", "versioned", NOT_DECLARED),
    ],
)
def test_a_difference_is_named(
    graphs: dict[str, Graph], cloud: str, kind: str, edit: Edit, capability: str, aspect: str, cell: str
) -> None:
    """It breaks the row that a cloud no longer keeps, and names the cloud."""
    found = row(parity(graphs | {cloud: edited(cloud, kind, edit)}), capability, aspect)

    assert found.broken
    assert found.cells[cloud] == cell
    assert cloud in found.note


def test_an_exception_has_a_reason_and_excuses_no_silence(graphs: dict[str, Graph]) -> None:
    """It lets Azure's unlocked policy pass with its reason, but not an account without any policy."""
    aspect = "ledger retention cannot be shortened"

    excused = row(parity(graphs), "control", aspect)
    without = edited("azure", ":StorageAccount", lambda one: one.update(type="gone"))
    silent = row(parity(graphs | {"azure": without}), "control", aspect)

    assert (excused.verdict, EXCEPTIONS["control", aspect, "azure"] in excused.note) == ("excepted", True)
    assert silent.broken


def test_an_output_that_one_cloud_lacks_is_named(graphs: dict[str, Graph]) -> None:
    """It compares the outputs by name."""
    value = raw("gcp")
    del value["outputs"]["media_url"]

    found = row(parity(graphs | {"gcp": read_graph(value, "x")}), "site", "outputs by name")

    assert (found.broken, found.note) == (True, "gcp lacks media_url")


def test_a_path_looks_into_every_entry_of_a_list() -> None:
    """It collects what stands at a path in all entries, and nothing where the path ends early."""
    inputs = {"rules": [{"days": 1}, {"days": 2}, {"other": 3}], "flat": 4}

    assert (values(inputs, "rules.days"), values(inputs, "flat.days")) == ([1, 2], [])
