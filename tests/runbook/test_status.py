"""A site's word: signed, in every store, the newest counts, and what cannot be believed is named."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import obstore
import pytest
from obstore.store import LocalStore

from scripts.runbook import status
from scripts.runbook.control import ControlStores
from scripts.runbook.health import Health
from scripts.runbook.signing import Signer
from scripts.runbook.status import Heard, SiteStatus
from tests.runbook.invented_status import status_of

NAMES = ("aws", "gcp", "azure")
KEY = "status/gcp.json"


@pytest.fixture
def stores(tmp_path: Path) -> ControlStores:
    """Give three control stores, each a folder."""
    opened = ControlStores({}, {})
    opened.stores = {name: LocalStore(tmp_path / name, mkdir=True) for name in NAMES}
    return opened


@pytest.fixture(scope="module")
def signers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Signer]:
    folder = tmp_path_factory.mktemp("keys")
    return {name: Signer.create(name, folder / name) for name in NAMES}


@pytest.fixture
def hear(stores: ControlStores, signers: dict[str, Signer]) -> Callable[[], Heard]:
    """Give a function that listens to gcp."""
    keys = {name: signer.public for name, signer in signers.items()}
    return lambda: asyncio.run(status.hear(stores, keys, "gcp"))


def place(stores: ControlStores, signer: Signer, words: dict[str, SiteStatus]) -> None:
    """Put another word of one site into each named store."""
    for name, said in words.items():
        obstore.put(stores.stores[name], KEY, signer.seal(said.to_body()))


def test_what_a_site_says_is_heard(
    stores: ControlStores, signers: dict[str, Signer], hear: Callable[[], Heard]
) -> None:
    """Every field comes back, in every store, also slots and prepared sites."""
    said = status_of("gcp", prepared=("azure",), store_failures={"aws": "connection refused"})

    answers = asyncio.run(status.publish(stores, signers["gcp"], said))

    assert sorted(answers.values) == sorted(NAMES)
    assert hear() == Heard(said, {})


def test_a_site_that_never_spoke_is_nothing_bad(hear: Callable[[], Heard]) -> None:
    """No status, and no store to complain about."""
    assert hear() == Heard(None, {})


@pytest.mark.parametrize(
    ("early", "late"),
    [
        ({"at": 10.0, "sequence": 9}, {"at": 11.0, "sequence": 1}),
        ({"at": 10.0, "sequence": 9}, {"at": 10.0, "sequence": 10}),
    ],
)
@pytest.mark.parametrize("newest_in", NAMES)
def test_the_newest_wins_wherever_it_lies(
    stores: ControlStores,
    signers: dict[str, Signer],
    hear: Callable[[], Heard],
    newest_in: str,
    early: dict[str, float],
    late: dict[str, float],
) -> None:
    """A store that missed the last writes does not turn the clock back; a new process may begin to count again."""
    old, new = status_of("gcp", **early), status_of("gcp", **late)
    place(stores, signers["gcp"], {name: new if name == newest_in else old for name in NAMES})

    assert hear() == Heard(new, {})


def test_a_bad_one_is_named_and_the_good_one_counts(
    stores: ControlStores, signers: dict[str, Signer], hear: Callable[[], Heard]
) -> None:
    """One store holds a forgery from the future, one a torn object: both are named, the third is believed."""
    good = status_of("gcp")
    forged = Signer("gcp", signers["azure"].key).seal(status_of("gcp", at=2e9, applied=1).to_body())
    obstore.put(stores.stores["aws"], KEY, forged)
    obstore.put(stores.stores["gcp"], KEY, signers["gcp"].seal(good.to_body())[:-9])
    obstore.put(stores.stores["azure"], KEY, signers["gcp"].seal(good.to_body()))

    heard = hear()

    assert heard.status == good
    assert heard.failures["aws"] == "what claims to come from gcp was altered or signed with another key"
    assert heard.failures["gcp"].startswith("what claims to come from gcp is no signed envelope")


def test_one_site_cannot_speak_for_another(
    stores: ControlStores, signers: dict[str, Signer], hear: Callable[[], Heard]
) -> None:
    """gcp's own key under a word about azure would put words into azure's mouth: it is named, not believed."""
    place(stores, signers["gcp"], {"aws": status_of("azure", at=2e9)})

    assert hear() == Heard(None, {"aws": "gcp signed a status of azure; a site speaks only for itself"})


@pytest.mark.parametrize(
    "change", [{"applied": None, "prepared": 3}, {"slots": [1]}, {"slots": {"aws": {"active": True}}}]
)
def test_a_status_of_another_version_is_named(
    stores: ControlStores, signers: dict[str, Signer], hear: Callable[[], Heard], change: dict[str, object]
) -> None:
    """A signed word with other parts than this version knows is no word."""
    body = {**status_of("gcp").to_body(), **change}
    obstore.put(stores.stores["aws"], KEY, signers["gcp"].seal(body))

    heard = hear()

    assert heard.status is None
    assert heard.failures["aws"].startswith("a status of gcp has another shape than this version knows (")


def test_sites_of_neighbouring_versions_hear_each_other() -> None:
    """While one site after the other is deployed, a part too many or too few takes no site's word away."""
    body = status_of("gcp").to_body()
    newer = {**body, "colour": "blue", "health": {**Health(trouble=("x",)).to_body(), "mood": "good"}}
    older = {name: part for name, part in body.items() if name not in ("alarms", "health", "running", "took_over")}

    assert SiteStatus.from_body(newer) == status_of("gcp", health=Health(trouble=("x",)))
    assert SiteStatus.from_body(older) == status_of("gcp")


def test_a_body_that_is_no_object_is_named(
    stores: ControlStores, signers: dict[str, Signer], hear: Callable[[], Heard]
) -> None:
    """Signed or not, a list or a text is no status."""
    for name, body in (("aws", []), ("gcp", "x"), ("azure", None)):
        obstore.put(stores.stores[name], KEY, signers["gcp"].seal(body))  # ty: ignore[invalid-argument-type]

    heard = hear()

    assert heard.status is None
    assert sorted(heard.failures) == sorted(NAMES)


def test_a_hostile_store_ends_nobody(
    stores: ControlStores, signers: dict[str, Signer], hear: Callable[[], Heard]
) -> None:
    """A store that answers with brackets without end or half a character is one store less."""
    good = status_of("gcp")
    obstore.put(stores.stores["aws"], KEY, b"[" * 200_000)
    obstore.put(stores.stores["gcp"], KEY, b'{"body":{"x":"\\ud800"},"signer":"gcp","signature":"AAAA"}')
    place(stores, signers["gcp"], {"azure": good})

    heard = hear()

    assert (heard.status, sorted(heard.failures)) == (good, ["aws", "gcp"])
