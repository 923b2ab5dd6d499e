"""Takes settings one by one and remembers every problem, so that a stack file is mended in one go. No Pulumi here."""

import difflib
import json
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

NAMESPACE = "lifeboat"

REVIEWED = {"peers": "peers.json", "public_keys": "public-keys.json", "operators": "operators.json"}
"""The reviewed files in stacks/, absent at first: what each site signed of itself (`lifeboat peers`), the sites' public keys
(`lifeboat secrets`), and the public keys of those who may say the word (`lifeboat operator`)."""


def reviewed(root: Path) -> dict[str, str]:
    """Return the reviewed files of a checkout as the texts of settings; nothing is known where there is no file yet."""
    files = {key: root / "stacks" / name for key, name in REVIEWED.items()}
    return {key: file.read_text() if file.exists() else "{}" for key, file in files.items()}


class SettingsError(ValueError):
    """The settings of a stack cannot make a site; one sentence for each problem, with its key and its file."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class Settings:
    """The settings of one stack as the Pulumi host gives them: text by key, lists and tables as JSON text."""

    def __init__(self, values: Mapping[str, str], stack: str, own_keys: Collection[str]) -> None:
        self.values, self.stack, self.own_keys = values, stack, own_keys
        self.problems: list[str] = []

    def blame(self, key: str, sentence: str) -> None:
        """Remember what is wrong with a key; the sentence goes on after the key."""
        if (first := key.partition(".")[0]) in REVIEWED:
            self.problems.append(f"stacks/{REVIEWED[first]}: {key} {sentence}")
            return
        stack_file = f"stacks/Pulumi.{self.stack}.yaml"
        where = stack_file if key.split(".")[0] in self.own_keys else f"Pulumi.yaml or {stack_file}"
        self.problems.append(f"{where}: {NAMESPACE}:{key} {sentence}")

    def finish(self) -> None:
        """Raise SettingsError when anything was wrong."""
        if self.problems:
            raise SettingsError(self.problems)

    def refuse_unknown(self, known: Collection[str]) -> None:
        for key in sorted(set(self.values) - set(known)):
            nearest = difflib.get_close_matches(key, known, n=1)
            self.blame(
                key, f"is not a setting; did you mean {nearest[0]}?" if nearest else "is not a setting; remove it."
            )

    def refuse_foreign(self, keys: Iterable[str], known: Collection[str]) -> None:
        """Blame keys that lack this program's namespace or have another's: nothing reads them."""
        for key in keys:
            nearest = difflib.get_close_matches(key.rpartition(":")[2], known, n=1)
            hint = f"did you mean {NAMESPACE}:{nearest[0]}?" if nearest else "remove it."
            self.problems.append(f"stacks/Pulumi.{self.stack}.yaml: {key} is not a setting of this program; {hint}")

    def text(self, key: str, pattern: re.Pattern[str], meaning: str) -> str:
        value = self._value(key)
        if value is not None and not pattern.fullmatch(value):
            self.blame(key, f"is {value!r}; it must be {meaning}.")
        return value or ""

    def choice(self, key: str, choices: Collection[str]) -> str:
        value = self._value(key)
        if value is not None and value not in choices:
            self.blame(key, f"is {value!r}; it must be one of {', '.join(choices)}.")
        return value or ""

    def known(self, key: str, names: Collection[str], meaning: str, listed: str) -> str:
        """Take a name out of a long list, which the refusal does not repeat: it suggests the nearest one."""
        value = self._value(key)
        if value is not None and value not in names:
            nearest = difflib.get_close_matches(value, names, n=1)
            hint = f"; did you mean {nearest[0]}?" if nearest else "."
            self.blame(key, f"is {value!r}, which is no {meaning} in {listed}{hint}")
        return value or ""

    def number(self, key: str, low: int, high: int, reason: str = "") -> int:
        value = self._number(key)
        if value is not None and not low <= value <= high:
            self.blame(key, f"is {value}; it must lie between {low} and {high}{reason}.")
        return value or low

    def size(self, key: str, sizes: tuple[int, ...]) -> int:
        value = self._number(key)
        if value is not None and value not in sizes:
            nearest = min(sizes, key=lambda size: abs(size - value))
            self.blame(
                key,
                f"is {value}, a size that not all three clouds have; the nearest is {nearest}.",
            )
        return value or sizes[0]

    def table(self, key: str) -> dict[str, Any]:
        return self._json(key, dict, "a table")

    def list(self, key: str) -> list[Any]:
        return self._json(key, list, "a list")

    def secret(self, key: str, pattern: re.Pattern[str], meaning: str) -> None:
        """Check a secret without ever repeating it."""
        value = self.values.get(key)
        if not value:
            self.blame(key, f"is not set; set it with `pulumi config set --secret {key} --stack {self.stack}`.")
        elif not pattern.fullmatch(value):
            self.blame(key, f"must be {meaning}.")

    def _value(self, key: str) -> str | None:
        value = self.values.get(key)
        if value is None or value == "":
            self.blame(key, "is not set.")
            return None
        return value

    def _number(self, key: str) -> int | None:
        value = self._value(key)
        if value is not None and not re.fullmatch(r"-?\d{1,9}", value):
            self.blame(key, f"is {value!r}; it must be a whole number.")
            return None
        return None if value is None else int(value)

    def _json(self, key: str, kind: type, meaning: str) -> Any:
        value = self._value(key)
        try:
            found = kind() if value is None else json.loads(value)
        except ValueError:
            found = None
        if not isinstance(found, kind):
            self.blame(key, f"must be {meaning}.")
            return kind()
        return found
