"""The cast of a localized release as `cast.toml`: to be read, and to be edited and put into the release."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import tomlkit

from dubbing.model.casting import as_people_say
from dubbing.model.dub import Cast, Character, Voicing
from dubbing.model.job import CharacterDecision, GivenVoices
from dubbing.model.report import EpisodeReport
from dubbing.planning.graph import Plan
from dubbing.store.artifacts import ArtifactStore, read_json

FILE = "cast.toml"
_ABOUT = (
    "Who is who, and who speaks whom. To change something, copy its entry into the cast.toml of the release,",
    "which release.json names: what stands there holds, and the machine goes on choosing the rest.",
)


def cast_sheet(store: ArtifactStore, plan: Plan, reports: Sequence[EpisodeReport]) -> str:
    """The cast in TOML, as it may stand in the release too. Every artifact of the plan must exist."""
    voices = _voices(store, plan)
    spoken = _lines(reports)
    document = tomlkit.document()
    for sentence in _ABOUT:
        document.add(tomlkit.comment(sentence))
    heard = read_json(store.path(plan.episodes[-1].stages["identify"].key) / "cast.json", Cast)
    for character in as_people_say(heard, plan.characters).characters:
        document.add(tomlkit.nl())
        document.add(tomlkit.comment(_described(character, spoken[character.name])))
        entry = tomlkit.table()
        decided = plan.characters.get(character.name, CharacterDecision())
        if decided.name:
            entry["name"] = decided.name
        if character.name in voices:
            entry["voices"] = tomlkit.inline_table()
            entry["voices"].update(voices[character.name])
        if decided.speakers:
            entry["speakers"] = [f"ep{s.episode:02d} {s.speaker}" for s in decided.speakers]
        document.add(character.name, entry)
    for name, decided in plan.characters.items():
        if decided.same_as:
            document.add(tomlkit.nl())
            document.add(name, tomlkit.item({"same_as": decided.same_as}))
    return tomlkit.dumps(document)


def _voices(store: ArtifactStore, plan: Plan) -> dict[str, dict[str, str]]:
    """character -> language -> voice, those included who are in none of the plan's episodes."""
    voices: dict[str, dict[str, str]] = defaultdict(dict)
    for tag, given in voices_of(store, plan).items():
        for name, voice in given.voices.items():
            voices[name][tag] = voice
    return voices


def voices_of(store: ArtifactStore, plan: Plan) -> dict[str, GivenVoices]:
    """Which voices characters have now, by language, those included who are in none of the plan's episodes."""
    voices = {language: dict(given.voices) for language, given in plan.given.items()}
    for episode in plan.episodes:
        for nodes in episode.languages:
            if "cast" in nodes.stages:
                voicing = read_json(store.path(nodes.stages["cast"].key) / "voicing.json", Voicing)
                for one in voicing.speakers.values():
                    voices[nodes.language.tag][one.character] = one.voice
    return {tag: replace(given, voices=voices[tag]) for tag, given in plan.given.items()}


def _lines(reports: Sequence[EpisodeReport]) -> dict[str, set[tuple[int, int]]]:
    """character -> its lines: episode and number."""
    lines: dict[str, set[tuple[int, int]]] = defaultdict(set)
    for report in reports:
        for line in report.lines:
            lines[line.character].add((report.episode, line.number))
    return lines


def _described(character: Character, lines: set[tuple[int, int]]) -> str:
    """A woman's voice, 214 Hz; 34 lines in episodes 1, 2, 5."""
    kind = {"male": "A man's voice", "female": "A woman's voice", "": "A voice"}[character.gender]
    pitch = f", {character.pitch_hz:.0f} Hz" if character.pitch_hz else ""
    if not lines:
        return f"{kind}{pitch}; no lines in these episodes."
    episodes = sorted({episode for episode, _ in lines})
    where = f"episode{'s' * (len(episodes) > 1)} {', '.join(map(str, episodes))}"
    return f"{kind}{pitch}; {len(lines)} line{'s' * (len(lines) > 1)} in {where}."
