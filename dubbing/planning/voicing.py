"""Who can speak a language in a job, and what the choice of a voice depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from dubbing.engines.lines import own_voice, refuse_voice
from dubbing.engines.ports import EngineInfo, Port
from dubbing.engines.registry import Engines
from dubbing.errors import Rejected
from dubbing.model.casting import same_as
from dubbing.model.job import CharacterDecision, Decisions, GivenVoices, OwnVoice, Profile
from dubbing.stages import cast, identify
from dubbing.store.artifacts import key_of
from voices import Voice, VoiceBank


@dataclass(frozen=True, slots=True)
class LanguageVoicing:
    """A language of a job, as it is to be spoken. Nothing is loaded. Raises Rejected for what can't be."""

    language: str  # BCP-47
    profile: Profile
    engines: Engines
    bank: VoiceBank
    decisions: Decisions

    def synthesizer(self) -> EngineInfo:
        """The first of the profile that speaks the language, and has a voice that does."""
        for name in self.profile.synthesizers:
            info = self.engines.info(Port.SYNTHESIZER, name)
            if info.covers(self.language) and self.bank.speaking(self.language, _family(info)):
                return info
        raise Rejected(
            f"profile {self.profile.name}, synthesizers",
            found=f"none that speaks {self.language}",
            expected="a synthesizer for each language of the job",
            remedy="Ask for subtitles alone with --no-dub, or name a profile that covers it.",
        )

    def voices(self) -> tuple[Voice, ...]:
        """All that may speak, in the bank's order."""
        return tuple(self.bank.speaking(self.language, _family(self.synthesizer())))

    def settings(self, episode: int) -> cast.Settings:
        """What the cast of an episode depends on."""
        given = self.given()
        return cast.Settings(
            episode,
            self.language,
            self.voices(),
            self._decided(episode),
            {} if given.chosen_from else given.voices,
            tuple(self.own()),
        )

    def own(self) -> dict[str, OwnVoice]:
        """Who speaks in their own voices, where the synthesizer clones and people chose no other voice."""
        own = {}
        for name, decision in self.decisions.characters.items():
            if decision.own_voice is None:
                continue
            where = f"cast, {name}.own_voice"
            refuse_voice(where, own_voice(name, decision.own_voice))
            if self.synthesizer().clones and self.language not in decision.voices:
                own[same_as(name, self.decisions.characters)] = decision.own_voice
        return own

    def given(self) -> GivenVoices:
        """The voices that were given, and what they are chosen from now."""
        bank = key_of("bank", cast.VERSION, voices=self.voices())
        diarizer = self.engines.info(Port.DIARIZER, self.profile.diarizer)
        heard_by = key_of("heard", identify.VERSION, revision=diarizer.revision)
        before = self.decisions.given.get(self.language)
        if before is None or before.heard_by != heard_by:
            return GivenVoices(heard_by, bank)
        return replace(before, chosen_from=bank if before.chosen_from == bank else "")

    def _decided(self, episode: int) -> dict[str, CharacterDecision]:
        """What people decided, as far as it has to do with the episode."""
        decisions = people_of(self.decisions.characters, episode)
        for character, decision in self.decisions.characters.items():
            voice = decision.voices.get(self.language)
            if voice is not None:
                self._refuse(f"cast, {character}.voices.{self.language}", voice)
                known = decisions.get(character, CharacterDecision())
                decisions[character] = replace(known, voices={self.language: voice})
        return decisions

    def _refuse(self, where: str, voice: str) -> None:
        for known in self.bank:
            if known.name == voice:
                refuse_voice(where, known)
        speaking = sorted(voice.name for voice in self.voices())
        if voice not in speaking:
            raise Rejected(
                where,
                found=repr(voice),
                expected=f"one of {', '.join(speaking)}",
                remedy=f"Choose a voice that speaks {self.language}: `dub voices list` shows them.",
            )


def _family(info: EngineInfo) -> str:
    return info.name.partition(":")[0]


def people_of(
    decisions: Mapping[str, CharacterDecision], episode: int
) -> dict[str, CharacterDecision]:
    """Who people said is who, up to an episode; neither names nor voices."""
    people = {}
    for name, decision in decisions.items():
        speakers = tuple(s for s in decision.speakers if s.episode <= episode)
        if decision.same_as or speakers:
            people[name] = CharacterDecision(same_as=decision.same_as, speakers=speakers)
    return people
