"""The environment is read once, and every problem is named at once."""

import pytest

from app.errors import SettingsError
from app.settings import read_settings

GOOD = {
    "SITE": "gcp",
    "DATABASE_URL": "postgresql://lifeboat_app:pass@127.0.0.1:5432/lifeboat",
    "MEDIA_URL": "gs://lifeboat-media",
    "MEDIA_PEERS": '{"aws": "s3://lifeboat-media?region=us-east-1"}',
    "SECRET_KEY": "sixteen characters or more",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Set a complete environment."""
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_a_complete_environment_is_read(environment: pytest.MonkeyPatch) -> None:
    """It reads peers as JSON, and has a default for what may be left out."""
    settings = read_settings()

    assert settings.site == "gcp"
    assert settings.media_peers == {"aws": "s3://lifeboat-media?region=us-east-1"}
    assert (settings.acknowledge_timeout, settings.max_upload_bytes) == (5.0, 16 * 1024 * 1024)


def test_all_problems_come_in_one_sentence(environment: pytest.MonkeyPatch) -> None:
    """It names the missing variable and each odd one together."""
    environment.delenv("DATABASE_URL")
    environment.setenv("SITE", "hetzner")
    environment.setenv("ACKNOWLEDGE_TIMEOUT", "0")

    with pytest.raises(SettingsError) as refused:
        read_settings()

    sentence = str(refused.value)
    assert "DATABASE_URL is missing" in sentence
    assert "SITE is not usable (input should be 'aws', 'gcp' or 'azure')" in sentence
    assert "ACKNOWLEDGE_TIMEOUT is not usable" in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_broken_json_is_named_too(environment: pytest.MonkeyPatch) -> None:
    """It names MEDIA_PEERS when that is not JSON."""
    environment.setenv("MEDIA_PEERS", "{aws:")

    with pytest.raises(SettingsError, match=r"MEDIA_PEERS is not usable \(it must be json"):
        read_settings()


def test_a_secret_is_never_repeated(environment: pytest.MonkeyPatch) -> None:
    """It does not print the value of a variable that holds a password."""
    environment.setenv("DATABASE_URL", "mysql://lifeboat_app:hunter2@127.0.0.1/lifeboat")
    environment.setenv("SECRET_KEY", "short-hunter2")

    with pytest.raises(SettingsError) as refused:
        read_settings()

    assert "DATABASE_URL is not usable (it must begin with postgresql://)" in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_only_an_origin_may_frame_the_pages(environment: pytest.MonkeyPatch) -> None:
    """It takes an origin, by default nobody's, and nothing that could become another directive of the page's policy."""
    nobody = read_settings().framed_by
    environment.setenv("FRAMED_BY", "http://room.social.localhost:*")
    room = read_settings().framed_by
    environment.setenv("FRAMED_BY", "http://room.example; script-src *")

    with pytest.raises(SettingsError, match="FRAMED_BY is not usable"):
        read_settings()
    assert (nobody, room) == ("'none'", "http://room.social.localhost:*")
