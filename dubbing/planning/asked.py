"""What is asked for at one place of the graph: all that a stage's settings can depend on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dubbing.engines.ports import EngineInfo, Port
from dubbing.engines.registry import Engines
from dubbing.model.episode import Episode, Release
from dubbing.model.job import Decisions, Deliverable, Job, LineCorrection, Profile
from dubbing.model.language import Language
from dubbing.model.series import Market
from dubbing.planning.voicing import LanguageVoicing
from dubbing.planning.wording import LanguageWording
from voices import VoiceBank


@dataclass(frozen=True, slots=True)
class Asked:
    """A job, seen from one place of its graph. Nothing is loaded.

    Raises Rejected for what can't be done at all: a language that no engine covers, a voice that doesn't
    exist.
    """

    release: Release
    job: Job
    engines: Engines
    bank: VoiceBank
    languages: Mapping[str, Language]  # of the job, and the source language
    decisions: Decisions
    market_of: Callable[[str], Market]  # of a BCP-47 tag
    scripts: Mapping[str, int]  # the role of each script of the series -> its episode
    place: Episode | None = None  # None: the whole series
    track: Language | None = None  # None: whatever the language

    @property
    def profile(self) -> Profile:
        return self.job.profile

    @property
    def source(self) -> Language:
        """What is spoken in the release."""
        return self.languages[self.release.source_language]

    @property
    def episode(self) -> Episode:
        assert self.place is not None  # noqa: S101 - asked for by what is made per episode
        return self.place

    @property
    def language(self) -> Language:
        assert self.track is not None  # noqa: S101 - asked for by what is made per language
        return self.track

    @property
    def corrections(self) -> tuple[LineCorrection, ...]:
        """What people corrected in the episode."""
        return tuple(c for c in self.decisions.corrections if c.episode == self.episode.number)

    def engine(self, port: Port, name: str) -> EngineInfo:
        return self.engines.info(port, name)

    def wording(self) -> LanguageWording:
        return LanguageWording(
            self.language, self.release, self.profile, self.engines, self.decisions, self.market_of
        )

    def voicing(self) -> LanguageVoicing:
        return self.voicing_of(self.language.tag)

    def voicing_of(self, language: str) -> LanguageVoicing:
        return LanguageVoicing(language, self.profile, self.engines, self.bank, self.decisions)

    def own_voices(self) -> tuple[str, ...]:
        """Who speaks in their own voices, in any language of the job."""
        if Deliverable.DUB not in self.job.deliverables:
            return ()
        own = {name for tag in self.job.languages for name in self.voicing_of(tag).own()}
        return tuple(sorted(own))
