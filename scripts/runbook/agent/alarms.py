"""What is wrong right now as this agent sees it: one sentence a subject, carried in its status, logged when it changes."""

import logging

log = logging.getLogger("lifeboat.agent")


class Alarms:
    """The sentences by subject."""

    def __init__(self) -> None:
        self._raised: dict[str, str] = {}

    def set(self, subject: str, sentence: str) -> None:
        """Raise an alarm, change its sentence, or end it with an empty one."""
        if sentence and subject not in self._raised:
            log.warning("alarm: %s", sentence)
        elif not sentence and subject in self._raised:
            log.info("alarm over: %s", subject)
        if sentence:
            self._raised[subject] = sentence
        else:
            self._raised.pop(subject, None)

    @property
    def sentences(self) -> tuple[str, ...]:
        return tuple(self._raised[subject] for subject in sorted(self._raised))
