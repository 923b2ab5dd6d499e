"""The picture: whose word counts, how old it is, and what the plan would say of each site."""

from pathlib import Path

from scripts.control_room.history import Counted, History, LogPoints
from scripts.control_room.sight import Sight
from scripts.control_room.sources import StoreWord, read_word
from scripts.runbook.signing import Signer
from tests.control_room.pictures import SITES, healthy, in_step, picture


def test_the_newest_word_of_a_site_counts() -> None:
    """It takes the newest of three copies, whichever store has it."""
    sights = healthy()
    sights["store-azure"] = Sight().heard(StoreWord({"gcp": in_step("gcp", epoch=3, sequence=9)}), 100.0)

    gcp = next(site for site in picture(sights).sites if site.name == "gcp")

    assert gcp.status is not None
    assert (gcp.status.sequence, gcp.status.epoch) == (9, 3)


def test_a_store_that_shows_an_old_word_changes_nothing() -> None:
    """It keeps the newer word, and the word's age goes on from when it was first seen."""
    history = History()
    picture(healthy(gcp=in_step("gcp", sequence=5, at=1_900_000_000.6)), history, now=95.0)
    old = healthy(gcp=in_step("gcp", sequence=4, at=1_900_000_000.1))

    gcp = next(site for site in picture(old, history, now=103.0).sites if site.name == "gcp")

    assert gcp.status is not None
    assert gcp.status.sequence == 5
    assert gcp.age is not None
    assert gcp.age >= 8
    assert gcp.role == "silent"


def test_a_first_word_is_as_old_as_it_says() -> None:
    """It does not take a word for fresh that lay there before the room began to look."""
    stale = in_step("azure", at=1_900_000_000.5 - 3600)

    azure = next(site for site in picture(healthy(azure=stale)).sites if site.name == "azure")

    assert azure.age is not None
    assert azure.age >= 3600
    assert azure.role == "silent"
    assert "cannot take over" in azure.could_take_over


def test_the_lease_counts_down_from_its_newest_renewal() -> None:
    """It tells when the term is over at the latest, from when the renewal was first seen here."""
    history, sights = History(), healthy()
    picture(sights, history, now=100.0)

    lease = picture(sights, history, now=103.0).lease

    assert lease is not None
    assert lease.seen_ago == 3.0
    assert round(lease.over_in, 2) == 12.15


def test_what_a_store_shows_is_sorted_by_whether_it_can_be_believed(tmp_path: Path) -> None:
    """It keeps what a site signed of itself, and says of the rest what is wrong with it."""
    keys = {site: Signer.create(site, tmp_path / f"{site}.pem") for site in SITES}
    public = {site: key.public for site, key in keys.items()}
    envelopes = {
        "aws": keys["aws"].seal(in_step("aws").to_body()),
        "gcp": keys["gcp"].seal(in_step("azure").to_body()),
        "azure": b'{"body": {"site": "az',
    }

    word = read_word({**envelopes}, public)

    assert set(word.statuses) == {"aws"}
    assert "gcp signed a status of azure" in word.refused["gcp"]
    assert "no signed envelope" in word.refused["azure"]


def test_acknowledged_writes_are_counted_a_second() -> None:
    """It is the growth of one process's count; another site, or a process that began anew, starts it again."""
    counted = Counted()
    for at, count in ((10.0, 5), (12.0, 15), (14.0, 25)):
        counted.add(at, "aws", count)
    grown = counted.a_second(14.0)
    counted.add(15.0, "gcp", 3)

    assert grown == 5.0
    assert counted.a_second(15.0) is None


def test_a_lag_is_the_time_since_the_log_went_past() -> None:
    """It counts from the first point beyond the position; 0 in step, unknown before the room began to look."""
    points = LogPoints()
    for at, end in ((10.0, 100), (20.0, 200), (30.0, 300)):
        points.add(at, end)

    assert points.seconds_behind(300, 40.0) == 0.0
    assert points.seconds_behind(200, 40.0) == 10.0
    assert points.seconds_behind(150, 40.0) == 20.0
    assert points.seconds_behind(50, 40.0) is None
