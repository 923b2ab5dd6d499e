"""Who may say the word: a laptop that reaches no database moves the platform, and everything else is refused at once."""

import asyncio
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scripts.embedded import programs
from scripts.embedded.local_sites import LocalSites
from scripts.runbook import answers, operator_keys, requests, sites
from scripts.runbook.answers import Answer, Kind
from scripts.runbook.control import ControlStores
from scripts.runbook.requests import Request, Wish
from scripts.runbook.signing import Signer
from tests.acceptance.conftest import Person

pytestmark = pytest.mark.acceptance


@pytest.fixture(scope="module")
def laptop(local: LocalSites, tmp_path_factory: pytest.TempPathFactory) -> Person:
    """Give an operator who has the shared files, the stores' credentials and an own key: no way into a database."""
    folder = tmp_path_factory.mktemp("laptop")
    for name in ("platform.json", "store-credentials.json"):
        shutil.copy(local.layout.folder / name, folder / name)
    shutil.copytree(local.layout.folder / "outputs", folder / "outputs")
    (folder / "keys").mkdir()
    for key in (local.layout.folder / "keys").glob("operator-*.pem"):
        shutil.copy(key, folder / "keys" / key.name)
    return Person(folder, f"http://127.0.0.1:{local.layout.settings.edge_port}")


class Stranger:
    """Somebody who can write into the lease stores, and whatever that is worth."""

    def __init__(self, folder: Path) -> None:
        self.platform = sites.load(folder)
        self.signer = operator_keys.signer_here(self.platform)

    def request(self, **changes: object) -> Request:
        """Return a request that is as it should be but for what is changed; its plan is nobody's."""
        made = Request.make(self.platform.cluster, self.signer.name, Wish("switchover", "gcp"), "aws", 1, {"x": 1})
        return replace(made, **changes)  # type: ignore[arg-type]

    def puts(self, envelope: bytes, operator: str | None = None) -> None:
        key = requests.request_key(operator or self.signer.name)
        self._with_stores(lambda stores: stores.put(key, envelope))

    def reads(self, nonce: str, kind: Kind = "ended", seconds: float = 10) -> Answer | None:
        """Return what gcp's agent answers."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = self._with_stores(
                lambda stores: answers.hear(stores, self.platform.public_keys, nonce, "gcp", kind)
            )
            if found is not None:
                return found
            time.sleep(0.1)
        return None

    def _with_stores(self, act: Callable[[ControlStores], object]) -> object:
        async def opened() -> object:
            return await act(self.platform.lease_stores())

        return asyncio.run(opened())


@pytest.fixture(scope="module", autouse=True)
def spoken(local: LocalSites) -> None:
    """Wait until every site has said of itself that a move is possible."""
    person = Person(local.layout.folder, "")
    assert person.waits_until(lambda: person.lifeboat("switchover", "--to", "gcp").returncode == 0)


@pytest.fixture
def stranger(local: LocalSites) -> Stranger:
    return Stranger(local.layout.folder)


def refusal_of(stranger: Stranger, request: Request, signer: Signer | None = None) -> str:
    stranger.puts(requests.seal(request, signer or stranger.signer))
    answer = stranger.reads(request.nonce)
    assert answer is not None, "nobody answered"
    assert not answer.done
    return answer.sentence


REFUSED: dict[str, tuple[dict[str, object], str]] = {
    "a plan that is not the agent's own": ({}, "the plan is another one by now (old aws, new gcp, "),
    "another epoch": ({"epoch": 7}, "the request was signed under epoch 7 of aws, and aws holds epoch 1 "),
    "another platform": ({"cluster": "other"}, "the request is for the platform other, and this is local-"),
    "expired": ({"issued": time.time() - 650, "expires": time.time() - 100}, "the request expired "),
    "good for a day": ({"expires": time.time() + 86_400}, "the request would be good for more than 600 s"),
    "a verb of tomorrow": ({"wish": Wish("levitate", "gcp")}, "this version of gcp's agent knows no levitate"),
}


@pytest.mark.parametrize(("changes", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_a_request_that_is_not_as_it_should_be_is_refused(
    stranger: Stranger, person: Person, changes: dict[str, object], sentence: str
) -> None:
    """The agent's signed answer says why, within seconds, and nothing moves."""
    assert refusal_of(stranger, stranger.request(**changes)).startswith(sentence)
    assert person.status()["epoch"] == 1


def test_a_forged_request_is_refused(stranger: Stranger, person: Person) -> None:
    """Signed with a key that nobody reviewed, or altered after it was signed."""
    request = stranger.request()
    nobody = Signer(stranger.signer.name, Ed25519PrivateKey.generate())

    assert refusal_of(stranger, request, nobody) == (
        f"what claims to come from {nobody.name} was altered or signed with another key"
    )
    assert person.status()["epoch"] == 1


def test_a_laptop_that_reaches_no_database_moves_the_platform(
    laptop: Person, stranger: Stranger, person: Person
) -> None:
    """Plan, word, progress and end come through the control stores alone; played again, the word is worth nothing."""
    planned = laptop.lifeboat("switchover", "--to", "gcp")
    moved = laptop.lifeboat("switchover", "--to", "gcp", "--yes")
    envelope = said_last(stranger)
    refusal_of(stranger, stranger.request(epoch=9))
    time.sleep(1.2)  # Cloud Storage takes one write a second to a name
    stranger.puts(envelope)
    nonce = requests.read(envelope, stranger.platform.operators(), stranger.signer.name).nonce
    replayed = stranger.reads(nonce, "replayed")

    assert planned.returncode == 0, planned.stderr
    assert "Nothing was changed" in planned.stdout
    assert moved.returncode == 0, moved.stderr
    assert "The old primary drains its writes and hands the lease over." in moved.stderr
    assert replayed is not None
    assert replayed.sentence.endswith("was answered before: it is a replay")
    assert (person.status()["primary"], person.status()["epoch"]) == ("gcp", 2)


def said_last(stranger: Stranger) -> bytes:
    async def read() -> list[bytes]:
        found = await stranger.platform.lease_stores().get(requests.request_key(stranger.signer.name))
        return list(found.values.values())

    return asyncio.run(read())[0]


def test_the_journal_needs_no_database_either(laptop: Person) -> None:
    """Every copy is read from the ledgers and verified; the old primary's part has a journal of its own."""
    listed = laptop.lifeboat("journal")

    assert listed.returncode == 0, listed.stderr
    assert "switchover-2-to-gcp-" in listed.stdout


def test_an_agent_that_is_not_there_is_named(laptop: Person, local: LocalSites) -> None:
    """Nobody picks the request up: one sentence with what to do; the agent that comes back in time still takes it on.

    Ctrl-C leaves the agents at it, and the same command finds what is under way or done.
    """
    assert laptop.waits_until(lambda: laptop.lifeboat("switchover", "--to", "azure").returncode == 0)
    local.supervisor.kill("azure", "agent")
    nobody = laptop.lifeboat("switchover", "--to", "azure", "--yes")
    local.supervisor.start(programs.agent(local.layout, "azure"))
    moved = laptop.waits_until(lambda: laptop.status_of_register() == ("azure", 3), 60)

    assert nobody.returncode == 1
    assert (
        nobody.stderr.strip()
        .splitlines()[-1]
        .startswith("The agent of azure did not take the request on within 10 s. It may still do so until ")
    )
    assert moved


def test_ctrl_c_leaves_the_agents_at_it(laptop: Person, local: LocalSites) -> None:
    """The watcher goes, while the primary's agent has not handed over yet; the move is made all the same."""
    assert laptop.waits_until(lambda: laptop.lifeboat("switchover", "--to", "aws").returncode == 0)
    (primary,) = [one.find() for one in local.supervisor.alive("azure") if one.name == "agent"]
    assert primary is not None
    watching = laptop.begins("switchover", "--to", "aws", "--yes")
    assert watching.stdout is not None
    assert watching.stderr is not None
    watching.stdout.readline()  # the plan is shown before it is asked for
    primary.suspend()
    while "runs switchover-4-to-aws-" not in watching.stderr.readline():
        assert watching.poll() is None
    watching.send_signal(signal.SIGINT)
    _, rest = watching.communicate(timeout=30)
    primary.resume()

    assert watching.returncode == 130, rest
    assert "the agents go on" in rest
    assert laptop.waits_until(lambda: laptop.status_of_register() == ("aws", 4), 60)


def test_of_two_operators_at_once_one_wins(person: Person, stranger: Stranger) -> None:
    """Each asks for another site in the same moment; the other one reads the winner's name, and one epoch is won."""
    assert person.lifeboat("operator", "add", "ana").returncode == 0
    me = stranger.signer.name
    for site in ("gcp", "azure"):
        assert person.waits_until(lambda site=site: person.lifeboat("failover", "--to", site).returncode == 0)
    both = {
        "ana": person.begins("failover", "--to", "gcp", "--yes", "--as", "ana"),
        me: person.begins("failover", "--to", "azure", "--yes", "--as", me),
    }
    said = {name: word.communicate(timeout=120)[1] for name, word in both.items()}
    won = [name for name, word in both.items() if word.returncode == 0]

    assert len(won) == 1, said
    (lost,) = set(both) - set(won)
    assert f"by the word of {won[0]} (failover-5-to-" in said[lost]
    assert person.status()["epoch"] == 5
