"""The separator for profiles without a good one: the bed is the source, ducked under the dub."""

from __future__ import annotations

from dubbing.engines.ports import EngineInfo, Port, Separation, Weightless
from dubbing.model.audio import Audio


class NoSeparation(Weightless):
    """Separates nothing, so that whoever asks ducks."""

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            name="none",
            port=Port.SEPARATOR,
            revision="1",
            languages=frozenset(),
            licence="Apache-2.0",
            commercial=True,
            note="The original is lowered while the dub speaks, not taken out.",
        )

    def separate(self, audio: Audio) -> Separation | None:  # noqa: ARG002
        return None
