"""What one cloud double holds: everything that it has created and not yet deleted."""

import copy
import threading
from collections import Counter
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.engine import guards, invented, sdk
from tests.engine.facts import Account, facts


class RefusedError(Exception):
    """The double says no, as a cloud would; the message is the sentence that Pulumi shows."""


@dataclass
class Held:
    """One resource that exists in the double's cloud."""

    token: str
    urn: str
    serial: int
    inputs: dict[str, Any]
    outputs: dict[str, Any]

    @property
    def logical(self) -> str:
        return logical_name(self.urn)


@dataclass
class Estate:
    """The resources of one cloud, by type and identifier, and what the cloud was told to refuse."""

    account: Account
    held: dict[tuple[str, str], Held] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    made: Counter[str] = field(default_factory=Counter)
    acts: list[tuple[str, str]] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def fail_on(self, logical: str, sentence: str) -> None:
        """Refuse every create, update and delete of a resource, by its name in the program, until `heal`."""
        self.broken[logical] = sentence

    def heal(self, logical: str) -> None:
        """Stop refusing; KeyError when the resource was not refused."""
        del self.broken[logical]

    def lose(self, logical: str) -> None:
        """Forget a resource, as if somebody had deleted it by hand; KeyError when nothing bears that name."""
        keys = [key for key, held in self.held.items() if held.logical == logical]
        if not keys:
            raise KeyError(logical)
        for key in keys:
            del self.held[key]

    @contextmanager
    def undone(self) -> Generator[None]:
        """Put everything back as it was once the block ends, so that a test may destroy what others still look at."""
        held, acts = copy.deepcopy(self.held), list(self.acts)
        try:
            yield
        finally:
            self.held, self.acts = held, acts

    def known(self, token: str) -> None:
        """Refuse a type that the provider's release does not have."""
        if token not in sdk.types(self.account.cloud):
            package = sdk.MODULES[self.account.cloud]
            raise RefusedError(f"The type {token} is not one of {package} {sdk.version(self.account.cloud)}.")

    def planned(self, token: str, inputs: Mapping[str, Any], unknown: str) -> dict[str, Any]:
        """Return the outputs of a resource that is not there yet: what the cloud will add is unknown."""
        return invented.answered(inputs) | {each.name: unknown for each in invented.computed(token, inputs)}

    def create(self, token: str, urn: str, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Make a resource and return its identifier and outputs; refused where the identifier is taken."""
        with self.lock:
            self._permit(urn)
            serial = self.made[urn] + 1
            identifier, outputs = self._answer(token, urn, inputs, serial)
            self._hold(identifier, Held(token, urn, serial, inputs, outputs))
            self.made[urn] = serial
            self.acts.append(("create", logical_name(urn)))
            return identifier, outputs

    def update(self, token: str, identifier: str, urn: str, inputs: dict[str, Any]) -> dict[str, Any]:
        """Change a resource and return its outputs; what the cloud once added stays."""
        with self.lock:
            self._permit(urn)
            held = self._find(token, identifier)
            held.inputs, held.outputs = inputs, self._answer(token, held.urn, inputs, held.serial)[1]
            self.acts.append(("update", held.logical))
            return held.outputs

    def delete(self, token: str, identifier: str, urn: str) -> None:
        """Delete a resource; refused where its own protection, or a lock above it, stands."""
        with self.lock:
            self._permit(urn)
            held = self._find(token, identifier)
            if reason := guards.guarded(token, identifier, held.inputs, self.held):
                raise RefusedError(reason)
            del self.held[token, identifier]
            self.acts.append(("delete", held.logical))

    def read(self, token: str, identifier: str, urn: str) -> Held | None:
        """Return a resource as it is, or None where there is none; the URN matters to an estate without identifiers."""
        with self.lock:
            return self.held.get((token, identifier))

    def _answer(self, token: str, urn: str, inputs: dict[str, Any], serial: int) -> tuple[str, dict[str, Any]]:
        words = facts(self.account, token, logical_name(urn), inputs, invented.shape_of(token).named_by, serial)
        words["id"] = invented.identifier(token, words)
        return words["id"], invented.outputs(token, inputs, words)

    def _hold(self, identifier: str, held: Held) -> None:
        if there := self.held.get((held.token, identifier)):
            raise RefusedError(
                f"{identifier} already exists in {self.account.cloud}, as {there.logical}: the name is taken."
            )
        self.held[held.token, identifier] = held

    def _find(self, token: str, identifier: str) -> Held:
        if (token, identifier) not in self.held:
            raise RefusedError(f"There is no {token} {identifier} in {self.account.cloud}.")
        return self.held[token, identifier]

    def _permit(self, urn: str) -> None:
        if sentence := self.broken.get(logical_name(urn)):
            raise RefusedError(sentence)


class Forgetful(Estate):
    """The estate of the random provider: its values live in Pulumi's state, and its identifiers may all be `none`."""

    def _hold(self, identifier: str, held: Held) -> None:
        self.held[held.token, held.urn] = held

    def update(self, token: str, identifier: str, urn: str, inputs: dict[str, Any]) -> dict[str, Any]:
        raise RefusedError(f"A {token} is never changed, only replaced.")

    def delete(self, token: str, identifier: str, urn: str) -> None:
        self._permit(urn)
        self.held.pop((token, urn), None)
        self.acts.append(("delete", logical_name(urn)))

    def read(self, token: str, identifier: str, urn: str) -> Held | None:
        return self.held.get((token, urn))


def logical_name(urn: str) -> str:
    """Return the name that the program gave to the resource of a URN."""
    return urn.rpartition("::")[2]
