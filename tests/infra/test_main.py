"""The program itself, run as the Pulumi host runs it: inside infra/, with infra/ first on the path."""

from tests.infra.recordings import ROOT, recording, run


def test_the_program_exports_the_site_outputs() -> None:
    """It exports a whole site without account, engine or network."""
    found = recording("aws")

    assert found.outputs["site"] == "aws"
    assert len(found.resources) > 50


def test_the_entry_point_fits_a_glance() -> None:
    """It keeps the entry point under twenty lines."""
    assert len((ROOT / "infra" / "__main__.py").read_text().splitlines()) < 20


def test_bad_settings_are_sentences_and_no_traceback() -> None:
    """It names every bad key at once, and ends with 2."""
    finished = run("aws", {"max_upload_mib": 40, "regoin": "eu-west-1"})

    assert finished.returncode == 2
    assert "max_upload_mib is 40; it must lie between 1 and 30" in finished.stderr
    assert "regoin is not a setting; did you mean region?" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_recordings_are_the_same_each_time() -> None:
    """It prints the same bytes for the same settings, so that two recordings can be compared."""
    assert run("aws").stdout == run("aws").stdout
