"""The transcript in a target language, a line an utterance, short enough to be read and said in time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from dubbing.engines import lines
from dubbing.engines.ports import Scene, Translation, TranslationRequest
from dubbing.engines.translating import completeness
from dubbing.engines.translating.chinese_names import whole_words
from dubbing.engines.translating.glossary import held
from dubbing.engines.translating.routes import Hop
from dubbing.formats.chinese_script import working_text
from dubbing.model import doubt, memory
from dubbing.model.casting import as_people_say
from dubbing.model.cue import CueRules
from dubbing.model.dub import Cast
from dubbing.model.episode import MediaInfo, Term
from dubbing.model.job import CharacterDecision, LineCorrection
from dubbing.model.review import ReviewItem
from dubbing.model.series import Name, Place, Remembered
from dubbing.model.service import Gate, Queue
from dubbing.model.speech import MEMORY, PERSON, Line, Script, Transcript, Utterance
from dubbing.stages import Leaf, Per, Read, Stage, Work
from dubbing.store.artifacts import read_json, write_json
from dubbing.subtitles.cues import reading_budget_chars

NAME, VERSION = "translate", 4
STAGE = Stage(
    per=Per.LANGUAGE,
    reads=(
        Read("script"),
        Read("probe"),
        Read("names"),
        Read("memory", optional=True),
        Read("identify", optional=True),
    ),
    leaves=(Leaf("script.json", Script),),
    reported=True,
    queue=Queue.MT,
    gate=Gate.SCRIPT,
)

_LINES_BEFORE, _LINES_AFTER = 3, 1  # that a translator is shown


@dataclass(frozen=True, slots=True)
class SceneSettings:
    """What translators that read scenes are told, beyond what is said."""

    notes: tuple[str, ...]  # of the market
    characters: Mapping[str, CharacterDecision]  # who is who, and how people call them


@dataclass(frozen=True, slots=True)
class Settings:
    episode: int
    language: str
    route: tuple[Hop, ...]
    terms: tuple[Term, ...]  # the glossary's, of every language on the route
    rules: CueRules
    corrections: tuple[LineCorrection, ...]  # of this episode; only translations are read
    names_as: str = (
        ""  # the language in which names are written in Latin letters; empty: nobody says how
    )
    words: tuple[Term, ...] = ()  # the market's
    scene: SceneSettings | None = None  # None: no translator on the route reads scenes
    compared_by: str = ""  # the revision of what looks for parts that are missing; empty: nothing


def run(work: Work, settings: Settings) -> None:
    transcript = read_json(work.inputs["script"] / "transcript.json", Transcript)
    media = read_json(work.inputs["probe"] / "media.json", MediaInfo)
    names = read_json(work.inputs["names"] / "names.json", tuple[Name, ...])
    remembered: tuple[Remembered, ...] = ()
    if "memory" in work.inputs:
        remembered = read_json(work.inputs["memory"] / "memory.json", tuple[Remembered, ...])
    by_people = _by_people(settings, transcript, remembered)
    machine = [u for u in transcript.utterances if u.number not in by_people]
    scenes = _scenes(work, settings, transcript, remembered) if settings.scene else {}
    requests = {
        u.number: TranslationRequest(
            u.text,
            terms_in(u.text, transcript.language, settings, names),
            scene=scenes.get(u.number, Scene()),
        )
        for u in machine
    }
    budgets = _budgets(transcript, settings.rules, media.duration_ms)
    translated = _translate(work, settings, transcript.language, machine, requests, budgets)
    script = Script(
        settings.language,
        tuple(
            by_people[u.number] if u.number in by_people else translated[u.number]
            for u in transcript.utterances
        ),
    )
    write_json(work.out / "script.json", script)


def terms_in(text: str, source: str, settings: Settings, names: Sequence[Name]) -> tuple[Term, ...]:
    """What in a line has a word that is asked for: the glossary's first, then names, then the market's."""
    text = working_text(text, source)
    known = {working_text(term.source, source) for term in settings.terms}
    written = [
        Term(form, settings.names_as, latin, "a person's name")
        for name in names
        for form, latin in name.forms.items()
        if settings.names_as and form not in known
    ]
    words = settings.words
    if source.split("-")[0] == "zh":
        whole = whole_words(text, {w.source for w in words if w.source in text})
        words = tuple(word for word in words if word.source in whole)
    known |= {term.source for term in written}
    return held(text, (*settings.terms, *written, *(w for w in words if w.source not in known)))


def _by_people(
    settings: Settings, transcript: Transcript, remembered: Sequence[Remembered]
) -> dict[int, Line]:
    """The lines that people wrote, here or where the same is said."""
    texts = {
        correction.line: correction.translations[settings.language]
        for correction in settings.corrections
        if settings.language in correction.translations
    }
    written = {}
    for u in transcript.utterances:
        if u.number in texts:
            written[u.number] = _line(u, texts[u.number], PERSON)
            continue
        said = working_text(u.text, transcript.language)
        found = memory.same(said, Place(settings.episode, u.number), remembered)
        if found is not None:
            written[u.number] = _line(u, found.text, MEMORY, (f"as in {found.place}",))
    return written


def _translate(
    work: Work,
    settings: Settings,
    source: str,
    machine: Sequence[Utterance],
    requests: Mapping[int, TranslationRequest],
    budgets: Mapping[int, int],
) -> dict[int, Line]:
    """Line by line; those that lack a part are asked for again part by part, and those that can't be read in the
    time they have, shorter. A shorter one that lacks a part is taken too, and marked: it can't be said otherwise."""

    def lacks(number: int, text: str) -> bool:
        spoken = spoken_in.get(number) or source
        compared = bool(settings.compared_by)
        return compared and completeness.lacks(
            requests[number].text, text, spoken, settings.language
        )

    spoken_in = {u.number: u.language for u in machine}
    translations = dict(
        zip(
            requests,
            lines.translate(
                work.engines, work.store, settings.route, list(requests.values()), work.progress
            ),
            strict=True,
        )
    )
    lacking = {n for n, translation in translations.items() if lacks(n, translation.text)}
    for number, translation in _by_parts(work, settings, requests, lacking).items():
        if not lacks(number, translation.text):
            translations[number] = translation
            lacking.remove(number)
    too_long = {
        number: replace(request, max_chars=budgets[number])
        for number, request in requests.items()
        if len(translations[number].text) > budgets[number]
    }
    shorter = lines.translate(work.engines, work.store, settings.route, list(too_long.values()))
    for number, translation in zip(too_long, shorter, strict=True):
        if len(translation.text) < len(translations[number].text):
            translations[number] = translation
            lacking -= {number}
            lacking |= {number} if lacks(number, translation.text) else set()
    engines = tuple(hop.engine for hop in settings.route)
    return {
        u.number: _line(
            u,
            translations[u.number].text,
            engines,
            translations[u.number].notes,
            requests[u.number].terms,
            (
                *((completeness.REVIEW,) if u.number in lacking else ()),
                *doubt.of_translation(translations[u.number].confidence),
            ),
        )
        for u in machine
    }


def _by_parts(
    work: Work,
    settings: Settings,
    requests: Mapping[int, TranslationRequest],
    numbers: Iterable[int],
) -> dict[int, Translation]:
    """The translations of lines that can be divided, put together from those of their parts; unless two are the same."""
    asked = [
        (number, replace(requests[number], text=part))
        for number in sorted(numbers)
        for part in completeness.parts(requests[number].text)
    ]
    said = lines.translate(work.engines, work.store, settings.route, [part for _, part in asked])
    together: dict[int, list[Translation]] = {}
    for (number, _), translation in zip(asked, said, strict=True):
        together.setdefault(number, []).append(translation)
    return {
        number: completeness.joined(parts, settings.language)
        for number, parts in together.items()
        if len({part.text for part in parts}) == len(parts) > 1
    }


def _scenes(
    work: Work, settings: Settings, transcript: Transcript, remembered: Sequence[Remembered]
) -> dict[int, Scene]:
    """What is known around each line, by its number."""
    assert settings.scene is not None  # noqa: S101 - asked for only then
    heard = read_json(work.inputs["identify"] / "cast.json", Cast)
    cast = as_people_say(heard, settings.scene.characters)
    speakers = {s: c for c in cast.characters for s in c.speakers_in(settings.episode)}
    labels = {name: said.name or name for name, said in settings.scene.characters.items()}
    texts = [u.text for u in transcript.utterances]
    scenes = {}
    for index, u in enumerate(transcript.utterances):
        character = speakers.get(u.speaker)
        name = character.name if character else ""
        scenes[u.number] = Scene(
            before=tuple(texts[max(0, index - _LINES_BEFORE) : index]),
            after=tuple(texts[index + 1 : index + 1 + _LINES_AFTER]),
            speaker=labels.get(name, name),
            gender=character.gender if character else "",
            similar=tuple(
                (r.source, r.text)
                for r in memory.alike(working_text(u.text, transcript.language), remembered)
            ),
            notes=settings.scene.notes,
        )
    return scenes


def _budgets(transcript: Transcript, rules: CueRules, end_ms: int) -> dict[int, int]:
    """How many characters of each line can be read before the next line starts, or the picture ends."""
    utterances = transcript.utterances
    following = [u.span.start_ms for u in utterances[1:]]
    return {
        u.number: reading_budget_chars(u.span, next_start_ms, rules)
        for u, next_start_ms in zip(utterances, [*following, end_ms], strict=True)
    }


def _line(
    utterance: Utterance,
    text: str,
    engines: tuple[str, ...],
    notes: tuple[str, ...] = (),
    terms: tuple[Term, ...] = (),
    review: tuple[ReviewItem, ...] = (),
) -> Line:
    return Line(
        number=utterance.number,
        speaker=utterance.speaker,
        span=utterance.span,
        source_text=utterance.text,
        text=text,
        engines=engines,
        notes=notes,
        terms=terms,
        review=review,
    )
