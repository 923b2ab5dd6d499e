"""What no resource of a stack is: restart, lock and approve on Azure, against its API in the documented forms."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from scripts import acts
from scripts.embedded.layout import LocalSettings, decide, write_platform
from scripts.embedded.postgres_binaries import find_postgres
from scripts.runbook import azure_management, retention
from scripts.runbook.azure_management import Management
from scripts.runbook.errors import AzureRefused, UsageError
from scripts.runbook.lease import LeaseRecord
from scripts.runbook.rule import Rule
from tests.conftest import free_port
from tests.runbook.acme_double import serving
from tests.runbook.azure_double import SUBSCRIPTION, Subscription


@pytest.fixture
def azure(monkeypatch: pytest.MonkeyPatch) -> Iterator[Subscription]:
    with serving(Subscription()) as server:
        assert isinstance(server, Subscription)
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"{server.url}/identity")
        monkeypatch.setenv("IDENTITY_HEADER", Subscription.HEADER)
        monkeypatch.setenv("AZURE_CLIENT_ID", "operator")
        yield server


@pytest.fixture
def management(azure: Subscription) -> Management:
    return Management(SUBSCRIPTION, azure.url)


def test_a_retention_is_locked_once_and_keeps_what_it_had(azure: Subscription, management: Management) -> None:
    """It changes the state alone, finds a locked one done, and asks for a token of this very API."""
    management.lock("lbaudit")
    management.lock("lbaudit")

    assert azure.retained["lbaudit"] == {
        "state": "Locked",
        "immutabilityPeriodSinceCreationInDays": 365,
        "allowProtectedAppendWrites": True,
    }
    assert management.retention("lbledger") == "Unlocked"
    assert set(azure.asked) == {azure.url}


def test_a_lock_that_did_not_take_is_an_error(azure: Subscription, management: Management) -> None:
    """It believes what the store says afterwards, and names a store that is not there or keeps nothing."""
    azure.deaf = True
    with pytest.raises(AzureRefused, match="took the lock and says Unlocked"):
        management.lock("lbledger")
    azure.retained["lbledger"] = {}
    with pytest.raises(AzureRefused, match="no retention that could be locked"):
        management.lock("lbledger")
    with pytest.raises(AzureRefused, match="no store lbother; is `az` in another one"):
        management.lock("lbother")


def test_only_what_waits_is_approved(azure: Subscription, management: Management) -> None:
    """It approves the link that waits, leaves the other, and says so where one goes on waiting."""
    azure.links["edge-3"] = "Rejected"
    azure.deaf = True
    with pytest.raises(AzureRefused, match="1 private links still wait"):
        management.approve("azure")
    azure.deaf = False
    management.approve("azure")
    management.approve("azure")

    assert azure.links == {"edge-1": "Approved", "edge-2": "Approved", "edge-3": "Rejected"}


def test_the_one_database_of_the_site_is_restarted(azure: Subscription, management: Management) -> None:
    """It finds it by its tag, and refuses to choose among two."""
    management.restart("azure")
    azure.servers.append(azure.servers[0])

    assert azure.restarts == 1
    with pytest.raises(AzureRefused, match="has 2 database servers"):
        management.restart("azure")


def test_no_token_is_sent_where_an_answer_points_to(
    azure: Subscription, management: Management, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stops at a next page that lies with somebody else, and says what Azure itself refused."""
    elsewhere = {"value": [], "nextLink": "https://elsewhere.example/"}
    monkeypatch.setattr(azure, "_listed", lambda query: elsewhere)
    with pytest.raises(AzureRefused, match=r"which is not .* no token is sent there"):
        management.restart("azure")
    with pytest.raises(AzureRefused, match="answered 404 to GET"):
        dataclasses.replace(management, url=f"{azure.url}/nowhere").restart("azure")


def test_the_agent_reads_from_the_store_whether_it_is_locked(azure: Subscription) -> None:
    """It says what the first blob shows, nothing of an empty ledger, and why when the store does not answer."""
    url = "az://lbledger/ledger"
    open_ = retention.mode(url, azure.url)
    azure.retained["lbledger"]["state"] = "Locked"
    locked = retention.mode(url, azure.url)
    azure.holds = False
    empty = retention.mode(url, azure.url)

    assert (open_, locked, empty) == ("unlocked", "locked", "")
    with pytest.raises(AzureRefused, match="does not say how its retention stands"):
        retention.mode("az://lbledger/absent", azure.url)


@pytest.fixture
def folder(tmp_path: Path, azure: Subscription, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a platform whose site azure is on Azure, with stores of these names."""
    layout = decide(LocalSettings(tmp_path / "local", edge_port=free_port()), find_postgres())
    write_platform(layout)
    file = layout.folder / "outputs" / "azure.json"
    known = json.loads(file.read_text()) | {"ledger_url": "az://lbledger/ledger", "audit_url": "az://lbaudit/log"}
    file.write_text(json.dumps(known))
    monkeypatch.setattr(azure_management, "URL", azure.url)
    monkeypatch.setattr(acts, "Management", lambda subscription: Management(subscription, azure.url))
    return layout.folder


def told(folder: Path) -> tuple[SimpleNamespace, list[str]]:
    said: list[str] = []
    return SimpleNamespace(obj=SimpleNamespace(folder=folder, tell=said.append)), said


def test_the_command_says_first_and_acts_with_yes(folder: Path, azure: Subscription) -> None:
    """Without --yes it only says how both stores stand; with it both are locked, and what comes next is said."""
    context, said = told(folder)
    acts.lock(context, "azure", SUBSCRIPTION)  # ty: ignore[invalid-argument-type]
    unchanged = {one["state"] for one in azure.retained.values()}
    acts.lock(context, "azure", SUBSCRIPTION, yes=True)  # ty: ignore[invalid-argument-type]

    assert said[:3] == [
        "lbaudit: unlocked.",
        "lbledger: unlocked.",
        "Nothing was changed. --yes locks what is unlocked, and nobody can take that back.",
    ]
    assert said[3:5] == ["lbaudit: locked for good.", "lbledger: locked for good."]
    assert "retention_locked true --stack azure" in said[5]
    assert unchanged == {"Unlocked"}
    assert {one["state"] for one in azure.retained.values()} == {"Locked"}


def test_the_command_approves(folder: Path, azure: Subscription) -> None:
    """It names what waits, and approves it with --yes; afterwards nothing waits."""
    context, said = told(folder)
    for yes in (False, True, False):
        acts.approve(context, "azure", SUBSCRIPTION, yes=yes)  # ty: ignore[invalid-argument-type]

    assert said[0] == "azure: waits for approval: edge-1"
    assert said[-1] == "azure: no private link waits for approval."
    assert azure.links["edge-1"] == "Approved"


def test_other_clouds_have_no_such_acts(folder: Path) -> None:
    """It refuses a site that is not on Azure in one sentence, and one whose agent says nothing."""
    context, _ = told(folder)
    with pytest.raises(UsageError, match="aws is not on Azure"):
        acts.lock(context, "aws", SUBSCRIPTION)  # ty: ignore[invalid-argument-type]
    with pytest.raises(UsageError, match="agent of azure does not say"):
        acts.restart(context, "azure", SUBSCRIPTION)  # ty: ignore[invalid-argument-type]


def test_a_restart_ends_when_the_database_says_that_nothing_waits(
    folder: Path, azure: Subscription, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It orders one restart, waits for the agent's word, and pauses writes of a primary only when told so."""
    words = iter([("wal_level",), ("wal_level",), ("wal_level",), None, ()])
    monkeypatch.setattr(acts, "_waiting", lambda platform, site: next(words))
    monkeypatch.setattr(acts.time, "sleep", lambda seconds: None)
    monkeypatch.setattr(acts, "read_record", primary_is_azure)
    context, said = told(folder)
    with pytest.raises(UsageError, match="azure takes the writes"):
        acts.restart(context, "azure", SUBSCRIPTION, yes=True)  # ty: ignore[invalid-argument-type]
    refused = azure.restarts
    acts.restart(context, "azure", SUBSCRIPTION, even_the_primary=True, yes=True)  # ty: ignore[invalid-argument-type]

    assert said[1:] == [
        "azure: wal_level wait for a restart of the database.",
        "azure: restarted; no setting waits any more.",
    ]
    assert (refused, azure.restarts) == (0, 1)


async def primary_is_azure(register: object) -> LeaseRecord:
    return LeaseRecord.first("azure", Rule.of("aws", "gcp"), ("aws", "gcp"))
