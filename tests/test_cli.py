"""The command line as a person meets it: every refusal is one sentence on standard error, with an exit code, never a traceback."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from scripts import cli
from scripts.console import Console
from scripts.embedded.layout import Layout, LocalSettings, decide, write_platform
from scripts.embedded.postgres_binaries import find_postgres
from scripts.embedded.supervisor import NEUTRAL, Program, Supervisor
from tests.conftest import free_port

ROOT = Path(__file__).parents[1]
ARGV = [sys.executable, "-m", "scripts.cli"]
Said = subprocess.CompletedProcess[str]
Lifeboat = Callable[..., Said]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder's name; nothing is there."""
    return tmp_path / "local"


@pytest.fixture
def lifeboat(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Lifeboat:
    """Give the command in that folder, run in this process: a start of Python for each would take a minute."""

    def run(*words: str, at: Path = folder) -> Said:
        monkeypatch.setattr(sys, "argv", ["lifeboat", "--dir", str(at), *words])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return subprocess.CompletedProcess(words, int(ended.value.code or 0), said.out, said.err)

    return run


@pytest.fixture
def layout(folder: Path) -> Layout:
    """Give the files of three local sites of which no process runs: every port refuses."""
    made = decide(LocalSettings(folder, edge_port=free_port()), find_postgres())
    write_platform(made)
    return made


@pytest.fixture
def alive(folder: Path) -> Iterator[Supervisor]:
    """Give a folder in which one neutral process and one of aws are alive."""
    folder.mkdir(exist_ok=True)
    supervisor = Supervisor(folder)
    for site in (NEUTRAL, "aws"):
        supervisor.start(Program(site, "sleep", [sys.executable, "-c", "import time; time.sleep(600)"], {}))
    yield supervisor
    supervisor.stop()


def waits_until(condition: Callable[[], bool], seconds: float = 5) -> bool:
    """A process that has ended is seen by everybody a moment later."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def refused(said: Said, code: int) -> str:
    """Return the one sentence of a refusal."""
    assert said.returncode == code, said.stderr
    assert said.stdout == ""
    assert "Traceback" not in said.stderr
    (line,) = said.stderr.splitlines()
    return line


def unstarted(folder: Path) -> str:
    return f"No local site is running in {folder}: start them with `lifeboat local up`."


def missing(folder: Path) -> str:
    return (
        f"{folder}/platform.json is not there: start the local sites with `lifeboat local up`, "
        "or name another folder with --dir"
    )


def test_without_local_sites_each_command_says_so(lifeboat: Lifeboat, folder: Path) -> None:
    """What needs running sites, what needs their files, and what needs neither; no folder is made by asking."""
    assert refused(lifeboat("local", "status"), 1) == unstarted(folder)
    assert refused(lifeboat("local", "kill", "aws"), 1) == unstarted(folder)
    assert refused(lifeboat("failover", "--to", "gcp"), 2) == missing(folder)
    assert refused(lifeboat("failover", "--to", "gcp", "--yes"), 2) == missing(folder)
    assert refused(lifeboat("join", "gcp"), 2) == missing(folder)
    down = lifeboat("local", "down")

    assert (down.returncode, down.stdout, down.stderr) == (0, f"0 processes ended; {folder} is gone.\n", "")
    assert not folder.exists()


def test_the_new_words_refuse_in_one_sentence_too(lifeboat: Lifeboat, layout: Layout) -> None:
    """A drill that is neither of its kinds, a time that is none, an operator who is a site, a key that is not here."""
    assert refused(lifeboat("drill"), 2) == (
        "Say --rehearse or --in-place: the first changes nothing, the second moves the platform around."
    )
    assert refused(lifeboat("evacuate", "aws", "--by", "soon"), 2) == (
        "--by soon is no time: write it like 2026-11-30T18:00Z."
    )
    assert refused(lifeboat("operator", "add", "gcp"), 2) == (
        "gcp is a site of this platform: an operator needs another name."
    )
    assert refused(lifeboat("failover", "--to", "gcp", "--yes", "--as", "nobody"), 2) == (
        "This computer holds no key of an operator nobody that the platform knows."
    )
    assert refused(lifeboat("failback"), 1).startswith("The register cannot be read: 2 of the 3 control stores must")


def test_an_unknown_site_is_named_with_those_there_are(lifeboat: Lifeboat, layout: Layout) -> None:
    """Wherever a site can be named."""
    sentence = "There is no site mars; this platform has aws, gcp, azure."

    assert refused(lifeboat("failover", "--to", "mars", "--yes"), 2) == sentence
    assert refused(lifeboat("local", "kill", "mars"), 2) == sentence
    assert refused(lifeboat("join", "mars"), 2) == sentence


def test_without_a_register_nobody_guesses(lifeboat: Lifeboat, layout: Layout) -> None:
    """All stores are dead: quickly one sentence, with and without --yes, and no journal is begun."""
    began = time.monotonic()
    for words in (("failover", "--to", "gcp"), ("failover", "--to", "gcp", "--yes"), ("join", "gcp")):
        sentence = refused(lifeboat(*words), 1)

        assert sentence.startswith("The register cannot be read: 2 of the 3 control stores must answer (")
    assert time.monotonic() - began < 30
    assert not (layout.folder / "journal").exists()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"sites": ["aws"]}'])
def test_a_corrupt_platform_file_is_one_sentence(lifeboat: Lifeboat, layout: Layout, content: str) -> None:
    """It names the file."""
    (layout.folder / "platform.json").write_text(content)

    sentence = refused(lifeboat("failover", "--to", "gcp"), 2)

    assert sentence.startswith(f"{layout.folder}/platform.json ")


def test_a_platform_file_that_is_gone_under_running_sites(lifeboat: Lifeboat, alive: Supervisor) -> None:
    """The status of living processes without their files: one sentence too."""
    assert refused(lifeboat("local", "status"), 2) == missing(alive.folder)


def test_the_status_of_sites_that_do_not_answer(lifeboat: Lifeboat, layout: Layout, alive: Supervisor) -> None:
    """It is an answer, not a refusal: nobody was heard, and the register cannot be read."""
    said = lifeboat("local", "status", "--json")
    table = lifeboat("local", "status")

    status = json.loads(said.stdout)
    assert (said.returncode, status["primary"], status["epoch"], status["sites"]) == (0, None, None, {})
    assert status["alive"] == {"aws": ["sleep"], "gcp": [], "azure": [], "neutral": ["sleep"]}
    assert table.returncode == 0
    assert "The register cannot be read" in table.stdout
    assert table.stdout.count("never") == 3


def test_a_dead_site_does_not_die_again(lifeboat: Lifeboat, alive: Supervisor) -> None:
    """The living one is killed, and says how many processes that were; then it is dead already."""
    killed = lifeboat("local", "kill", "aws")
    alive.start(Program("gcp", "sleep", [sys.executable, "-c", "import time; time.sleep(600)"], {}))

    assert (killed.returncode, killed.stdout) == (0, "aws is gone: 1 processes ended at once.\n")
    assert refused(lifeboat("local", "kill", "aws"), 1) == "aws is dead already: none of its processes is alive."


def test_a_damaged_state_file_is_one_sentence(lifeboat: Lifeboat, alive: Supervisor) -> None:
    """Nothing is taken for stopped, and nothing is removed, while nobody knows what is running."""
    state = alive.folder / "processes.json"
    whole = state.read_text()
    state.write_text(whole[:-5])

    for words in (("local", "status"), ("local", "kill", "aws"), ("local", "down"), ("local", "up")):
        assert refused(lifeboat(*words), 2).startswith(f"{state} cannot be read (")

    assert len(alive.alive("aws")) == 1
    assert state.exists()


@pytest.mark.parametrize("command", ["down", "up", "demo"])
def test_a_folder_of_somebodys_own_is_left_alone(lifeboat: Lifeboat, tmp_path: Path, command: str) -> None:
    """--dir may name anything by mistake, a home among them: not a file of it is removed or added."""
    (tmp_path / "home" / "letters").mkdir(parents=True)
    (tmp_path / "home" / "letters" / "one").write_text("dear reader")

    sentence = refused(lifeboat(*(["demo"] if command == "demo" else ["local", command]), at=tmp_path / "home"),
                       2 if command == "down" else 1)  # fmt: skip

    assert str(tmp_path / "home") in sentence
    assert [path.name for path in (tmp_path / "home").rglob("*")] == ["letters", "one"]


@pytest.mark.parametrize("words", [("local", "up"), ("local", "down"), ("failover", "--to", "gcp"), ("demo", "--once")])
def test_a_file_where_the_folder_should_be(lifeboat: Lifeboat, tmp_path: Path, words: tuple[str, ...]) -> None:
    """It is named, and left as it is."""
    (tmp_path / "file").write_text("mine")

    assert str(tmp_path / "file") in refused(lifeboat(*words, at=tmp_path / "file"), 2)
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_that_cannot_be_made(lifeboat: Lifeboat, tmp_path: Path) -> None:
    """A file is in its way."""
    (tmp_path / "file").write_text("mine")
    port = str(free_port())

    sentence = refused(lifeboat("local", "up", "--port", port, at=tmp_path / "file" / "local"), 2)

    assert sentence == f"{tmp_path}/file/local cannot be made (Not a directory): name another folder with --dir"


@pytest.mark.parametrize("words", [("local", "up"), ("demo", "--once")])
def test_a_busy_port_is_named_before_anything_is_made(lifeboat: Lifeboat, folder: Path, words: tuple[str, ...]) -> None:
    """One sentence with the port and the two ways out; nothing is left behind."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        sentence = refused(lifeboat(*words, "--port", str(port)), 1)

    assert sentence == (
        f"Port {port} on 127.0.0.1 is in use: end what uses it (`lifeboat local down` ends earlier local sites), "
        "or choose another with --port."
    )
    assert not folder.exists()


def test_a_missing_postgres_is_named(lifeboat: Lifeboat, folder: Path, tmp_path: Path) -> None:
    """The folder that was given, what it lacks, and what to do."""
    sentence = refused(lifeboat("local", "up", "--pg-bin", str(tmp_path), "--port", str(free_port())), 1)

    assert sentence == (
        f"No PostgreSQL 17 or newer was found (--pg-bin {tmp_path}: {tmp_path} has no initdb). "
        "Run scripts/setup, or give one with --pg-bin FOLDER."
    )
    assert not folder.exists()


def test_leftovers_of_an_earlier_run_are_named(lifeboat: Lifeboat, alive: Supervisor) -> None:
    """Living processes are counted; `local down` ends them, removes the folder, and then there are none."""
    up = refused(lifeboat("local", "up", "--port", str(free_port())), 1)
    down = lifeboat("local", "down")

    assert up == (
        f"In {alive.folder} 2 processes of local sites are running: use them, or clear them with `lifeboat local down`."
    )
    assert (down.returncode, down.stdout) == (0, f"2 processes ended; {alive.folder} is gone.\n")
    assert not alive.folder.exists()
    assert [one for one in alive.started if one.find()] == []
    alive.folder.mkdir()


def test_a_bad_store_address_or_credential_is_one_sentence(lifeboat: Lifeboat, layout: Layout) -> None:
    """In a site's outputs, and in the file of credentials."""
    path = layout.folder / "outputs" / "gcp.json"
    whole = path.read_text()
    path.write_text(whole.replace(layout.store_url("gcp", "lease"), "gs://lifeboat-lease?endpoint=nonsense"))
    address = refused(lifeboat("failover", "--to", "gcp"), 2)
    path.write_text(whole)
    layout.credentials_file.unlink()

    assert address.startswith("The endpoint of the store URL 'gs://lifeboat-lease?endpoint=nonsense'")
    assert str(layout.credentials_file) in refused(lifeboat("failover", "--to", "gcp"), 2)


WRONG_WORDS = [
    ("failover",),
    ("failover", "--to"),
    ("failover", "--to", "gcp", "--accept-data-loss", "much"),
    ("failover", "--to", "gcp", "--force"),
    ("local", "kill"),
    ("local", "fly"),
    ("local", "up", "--port", "99999"),
    ("demo", "--port", "0"),
    ("demo", "--port", "eighty"),
    ("fly",),
]


@pytest.mark.parametrize("words", WRONG_WORDS, ids=" ".join)
def test_wrong_words_are_refused_with_the_usage(lifeboat: Lifeboat, folder: Path, words: tuple[str, ...]) -> None:
    """Exit code 2, the word that is wrong, how it is meant, no traceback, nothing made."""
    said = lifeboat(*words)

    assert said.returncode == 2
    assert "Error" in said.stderr
    assert "Traceback" not in said.stderr
    assert not folder.exists()


def test_help_names_every_command(lifeboat: Lifeboat) -> None:
    """Of the command and of its group."""
    assert all(word in lifeboat("--help").stdout for word in ("demo", "failover", "join", "local"))
    assert all(word in lifeboat("local", "--help").stdout for word in ("up", "down", "kill", "status"))


def test_only_what_is_called_is_loaded() -> None:
    """A preview waits for no database driver; a word that no command has loads them all, so that the help is whole."""
    ask = "import sys; from scripts.cli import build; build(sys.argv[1:]); print('psycopg' in sys.modules)"

    said = [
        subprocess.run([sys.executable, "-c", ask, word], capture_output=True, text=True, cwd=ROOT, check=True).stdout
        for word in ("preview", "--help")
    ]

    assert [one.strip() for one in said] == ["False", "True"]


def test_as_a_process_of_its_own_it_says_the_same(folder: Path) -> None:
    """The exit code reaches the shell, and the sentence is the only thing on standard error."""
    said = subprocess.run(
        [*ARGV, "--dir", str(folder), "local", "kill", "aws"], capture_output=True, text=True, cwd=ROOT, timeout=60
    )

    assert refused(said, 1) == unstarted(folder)


def test_an_interrupted_demo_ends_what_it_started(folder: Path) -> None:
    """Ctrl-C while it starts: exit code 130, no traceback, no process left."""
    argv = [*ARGV, "--dir", str(folder), "demo", "--once", "--port", str(free_port())]
    demo = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
                            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))  # fmt: skip
    deadline = time.monotonic() + 30
    while not (folder / "processes.json").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    started = Supervisor.load(folder).started

    demo.send_signal(signal.SIGINT)
    _, stderr = demo.communicate(timeout=60)

    assert demo.returncode == 130, stderr
    assert "Traceback" not in stderr
    assert started
    assert Supervisor.load(folder).started == []
    assert waits_until(lambda: not [one for one in started if one.find()])
    words = [process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"])]
    assert [line for line in words if any(str(folder) in word for word in line)] == []


def test_words_in_brackets_are_words(capsys: pytest.CaptureFixture[str]) -> None:
    """A folder's name may look like markup: it is printed as it is."""
    Console(Path("/x")).tell("/tmp/[bold]/local is gone")

    assert capsys.readouterr().out == "/tmp/[bold]/local is gone\n"


def test_the_exit_code_is_the_commands_though_a_thread_outlives_it() -> None:
    """A native thread that aborts the process while Python takes itself down no longer makes a done command fail."""
    program = (
        "import atexit, os, sys; from scripts import cli\n"
        "cli.build = lambda words: lambda standalone_mode: atexit.register(print, 'heard', flush=True)\n"
        "atexit.register(os.abort)\n"
        "cli.enter()\n"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, cwd=ROOT)

    assert (done.returncode, done.stdout) == (0, "heard\n"), done.stderr
