"""The sentence on top: what is true in plain words, and never an old thing told as if it were now."""

from typing import Any

import pytest

from scripts.control_room.history import History
from scripts.control_room.sentence import tell
from scripts.control_room.sight import Sight
from scripts.control_room.sources import OutsideWord
from scripts.runbook.rule import Rule
from tests.control_room.pictures import healthy, held, in_step, picture


def test_all_is_well() -> None:
    """It names who takes writes and who could take over, and is not worried."""
    said = tell(picture(healthy()))

    assert said.words == "aws takes writes; gcp and azure could each take over now and lose nothing."
    assert said.tone == "good"


def test_a_standby_behind_is_told_in_seconds() -> None:
    """It says how many seconds one is behind, by when the primary's log was seen to pass that point."""
    history = History()
    picture(healthy(aws=in_step("aws", log=9_000)), history, now=90.0)
    later = {"sequence": 8, "at": 1_900_000_001.5}
    sights = healthy(aws=in_step("aws", log=12_000, **later), azure=in_step("azure", applied=9_000, **later),
                     gcp=in_step("gcp", applied=12_000, **later))  # fmt: skip
    picture(sights, history, now=97.0)
    said = tell(picture(sights, history, now=100.5))

    assert said.words.endswith("azure could take over now and lose nothing, it is 4 s behind.")


@pytest.mark.parametrize(
    ("change", "words", "tone"),
    [
        ({"register": held(rule=Rule.single_copy(), approved_by="marta")}, "aws takes writes ALONE", "bad"),
        (
            {"register": held(rule=Rule.single_copy(), approved_by="marta"), "outside": Sight().failed("503", 99.0)},
            "The app's own address does not answer (503), though aws said 1 s ago that it takes writes ALONE: what it "
            "acknowledges is in one cloud;",
            "bad",
        ),
        ({"register": held(state="released", candidate="gcp")}, "aws has handed over to gcp", "careful"),
        (
            {"register": held(holder="gcp", epoch=2, rule=Rule.of("azure"), previous_rule=Rule.of("gcp", "azure"), state="switching")},
            "gcp is taking over at epoch 2; no step is done yet",
            "careful",
        ),
        ({"register": Sight().failed("no majority", 99.0)}, "Nobody can know who is primary", "bad"),
        (
            {"outside": Sight().failed("no answer within 2 s", 99.0)},
            "The app's own address does not answer (no answer within 2 s), though aws said 1 s ago that it takes writes; "
            "gcp and azure could each take over",
            "bad",
        ),
        (
            {"outside": Sight().heard(OutsideWord("aws", False, "primary"), 100.0)},
            "The app's own address takes no writes (aws answers), though aws said",
            "bad",
        ),
        ({"outside": Sight().heard(OutsideWord("gcp", True, "primary"), 100.0)}, "is still served by gcp", "careful"),
    ],
)  # fmt: skip
def test_each_trouble_has_its_words(change: dict[str, Any], words: str, tone: str) -> None:
    """It says each in plain words, and how worried to be."""
    said = tell(picture(healthy() | change))

    assert words in said.words
    assert said.tone == tone


def test_a_closed_primary_is_no_good_news() -> None:
    """It says that the holder takes no writes."""
    said = tell(picture(healthy(aws=in_step("aws", writable=False))))

    assert said.words.startswith("aws holds the lease but takes no writes")
    assert said.tone == "bad"


def test_a_silent_primary_names_the_command() -> None:
    """It says since when, who could take over losing nothing, and what to type."""
    history = History()
    picture(healthy(), history, now=50.0)
    newer = {"sequence": 99, "at": 1_900_000_050.0}
    fresh = healthy(gcp=in_step("gcp", **newer), azure=in_step("azure", **newer))
    said = tell(picture(fresh, history, now=100.5))

    assert said.words == (
        "aws holds the lease and has said nothing for 50 s; gcp and azure could take over now and lose nothing: "
        "lifeboat failover --to gcp."
    )
    assert said.tone == "bad"


def test_an_old_register_says_nothing() -> None:
    """It does not tell who is primary from a reading that is older than a few seconds."""
    said = tell(picture(healthy(), now=110.0))

    assert said.words.startswith("Nobody can know who is primary")


def test_the_last_two_sites_are_told_as_they_are() -> None:
    """With the third silent, a standby in step is told to have nobody who would follow it."""
    history = History()
    picture(healthy(), history, now=50.0)
    newer = {"sequence": 99, "at": 1_900_000_050.0}
    two = healthy(aws=in_step("aws", **newer), gcp=in_step("gcp", **newer)) | {"register": held(rule=Rule.of("gcp"))}
    said = tell(picture(two, history, now=100.5))

    assert (
        said.words == "aws takes writes; gcp is in step, but nobody would follow it; azure has said nothing for 50 s."
    )
    assert said.tone == "careful"
