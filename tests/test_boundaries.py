"""The import rules: data flows one way, and a failover runs where Pulumi is not installed."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CLOUDS = ("aws", "gcp", "azure")
# What the hands may take from the description and from the workload.
OF_MEDIA = {"app.copies", "app.picture_rows", "app.takedowns"}
OF_MIGRATIONS = {"app.migrate", "app.migration"}
OPEN_TO_SCRIPTS = {"infra.outputs", "infra.spec", "app.stores", "app.federation", *OF_MIGRATIONS, *OF_MEDIA}
# An invented community has the app's own keys, pictures and passwords, or the app could not show it.
OF_SEEDING = {"app.ids", "app.pictures", "app.security"}


def imports_of(path: Path) -> Iterator[str]:
    """Yield the full name of everything a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def files_of(*folders: str) -> list[Path]:
    return [
        path for folder in folders for path in sorted((ROOT / folder).rglob("*.py")) if "__pycache__" not in path.parts
    ]


def ours(name: str, *packages: str) -> bool:
    return name.split(".")[0] in packages


@pytest.mark.parametrize("path", files_of("app"), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_app_knows_no_cloud_and_no_hands(path: Path) -> None:
    """It imports neither the description nor the scripts."""
    assert not [name for name in imports_of(path) if ours(name, "infra", "scripts", "tests")]


@pytest.mark.parametrize("path", files_of("scripts"), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_hands_import_only_the_seams(path: Path) -> None:
    """They import the outputs and the spec of infra, the stores and the migrations of the app, and no Pulumi."""
    seams = OPEN_TO_SCRIPTS | (OF_SEEDING if path.parent.name == "seeding" else set())
    foreign = [name for name in imports_of(path) if ours(name, "infra", "app", "pulumi", "tests")]

    assert [
        name
        for name in foreign
        if not any(
            allowed == name or allowed.startswith(f"{name}.") or name.startswith(f"{allowed}.") for allowed in seams
        )
    ] == []


@pytest.mark.parametrize("name", ["spec", "outputs"])
def test_the_two_ends_of_the_description_import_nothing_of_ours(name: str) -> None:
    """What must load everywhere imports no Pulumi and nothing of this project."""
    assert not [
        one for one in imports_of(ROOT / "infra" / f"{name}.py") if ours(one, "infra", "app", "scripts", "pulumi")
    ]


@pytest.mark.parametrize("cloud", CLOUDS)
def test_no_cloud_imports_another(cloud: str) -> None:
    """Each cloud can be read, changed and lost on its own."""
    others = tuple(f"infra.clouds.{other}" for other in CLOUDS if other != cloud)
    found = {
        str(path.relative_to(ROOT)): [name for name in imports_of(path) if name.startswith(others)]
        for path in files_of(f"infra/clouds/{cloud}")
    }

    assert not {path: names for path, names in found.items() if names}


def test_nothing_but_tests_imports_the_tests() -> None:
    """Test helpers stay out of what is shipped."""
    assert not [
        path for path in files_of("app", "infra", "scripts") if any(ours(name, "tests") for name in imports_of(path))
    ]


@pytest.mark.parametrize("folder", ["infra", "scripts"])
def test_no_file_hides_the_standard_library(folder: str) -> None:
    """These folders can be first on the path, where a file called like a module of Python's would replace it."""
    assert not [path.name for path in (ROOT / folder).glob("*.py") if path.stem in sys.stdlib_module_names]


@pytest.mark.parametrize("entry", ["scripts.failover", "scripts.runbook.agent.__main__"])
def test_a_bad_night_waits_for_no_migration_library(entry: str) -> None:
    """The command and the agent load neither Alembic nor SQLAlchemy nor sqlglot: they cost half of the command's start."""
    heavy = "alembic", "sqlalchemy", "sqlglot"
    look = f"import sys, {entry}; print(*[name for name in {heavy!r} if name in sys.modules])"

    loaded = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=True)

    assert loaded.stdout.split() == []
