"""How a language of a job is reached, and which words it is to be translated with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from dubbing.engines.ports import EngineInfo, Port
from dubbing.engines.registry import Engines
from dubbing.engines.translating import completeness
from dubbing.engines.translating.glossary import terms_for
from dubbing.engines.translating.routes import Hop, best_route
from dubbing.engines.translating.text_checks import is_latin
from dubbing.errors import Rejected
from dubbing.model.episode import Release, Term
from dubbing.model.job import CharacterDecision, Decisions, LineCorrection, Profile, of_translation
from dubbing.model.language import Language
from dubbing.model.series import Market, NameWriting
from dubbing.planning.voicing import people_of
from dubbing.stages import memory, translate


@dataclass(frozen=True, slots=True)
class LanguageWording:
    """A language of a job, as it is to be written. Nothing is loaded. Raises Rejected for what can't be."""

    language: Language
    release: Release
    profile: Profile
    engines: Engines
    decisions: Decisions
    market_of: Callable[[str], Market]  # of a BCP-47 tag

    def route(self) -> tuple[Hop, ...]:
        """The way from what is spoken in the release."""
        source, target = self.release.source_language, self.language.tag
        translators = {name: self.engines.pairs(name) for name in self.profile.translators}
        route = best_route(translators, source, target)
        if route is None:
            raise Rejected(
                f"profile {self.profile.name}, translators",
                found=f"no way from {source} to {target} in {', '.join(translators)}",
                expected="translators that cover the languages of the job",
                remedy="Leave this language out, or name a profile that covers it: "
                "`dub engines` lists what each covers.",
            )
        return route

    def translators(self) -> list[EngineInfo]:
        return [self.engines.info(Port.TRANSLATOR, hop.engine) for hop in self.route()]

    def reads_scenes(self) -> bool:
        return any(info.reads_scenes for info in self.translators())

    def settings(self, episode: int, corrections: tuple[LineCorrection, ...]) -> translate.Settings:
        """What the translation of an episode depends on. `corrections` are the episode's."""
        route = self.route()
        market = self.market_of(self.language.tag)
        latin = is_latin(self.language.tag)
        scene = None
        if self.reads_scenes():
            scene = translate.SceneSettings(market.notes, self._characters(episode))
        return translate.Settings(
            episode=episode,
            language=self.language.tag,
            route=route,
            terms=tuple(self._glossary(route)),
            rules=self.language.cues,
            corrections=tuple(of_translation(corrections, self.language.tag)),
            names_as=route[-1].target if latin and market.names is NameWriting.PINYIN else "",
            words=tuple(self._words(route)),
            scene=scene,
            compared_by=completeness.revision(self.release.source_language, self.language.tag),
        )

    def remembered(self) -> tuple[LineCorrection, ...]:
        """What people wrote in this language."""
        return tuple(of_translation(self.decisions.corrections, self.language.tag))

    def memory(self, scripts: dict[str, int]) -> memory.Settings:
        """`scripts`: the role of each of these episodes' scripts -> the episode's number."""
        numbers = set(scripts.values())
        written = tuple(c for c in self.remembered() if c.episode in numbers)
        return memory.Settings(self.language.tag, written, scripts)

    def _glossary(self, route: tuple[Hop, ...]) -> Iterator[Term]:
        """The glossary's terms in the language, and in the pivot on the way to it."""
        for hop in route[:-1]:
            for term in terms_for(self.release.glossary, hop.target):
                yield replace(term, language=hop.target)
        for term in terms_for(self.release.glossary, self.language.tag):
            yield replace(term, language=route[-1].target)

    def _words(self, route: tuple[Hop, ...]) -> Iterator[Term]:
        """The market's words, and those of the pivot's market for the same."""
        spoken = self.release.source_language.split("-")[0]
        own = self.market_of(self.language.tag).terms.get(spoken, {})
        for source, target in own.items():
            yield Term(source, route[-1].target, target)
        for hop in route[:-1]:
            pivot = self.market_of(hop.target).terms.get(spoken, {})
            for source in own:
                if source in pivot:
                    yield Term(source, hop.target, pivot[source])

    def _characters(self, episode: int) -> dict[str, CharacterDecision]:
        """Who people said is who, and how they call them."""
        characters = people_of(self.decisions.characters, episode)
        for name, decision in self.decisions.characters.items():
            if decision.name:
                known = characters.get(name, CharacterDecision())
                characters[name] = replace(known, name=decision.name)
        return characters
