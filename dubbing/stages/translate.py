"""The transcript in a target language, a line an utterance, short enough to be read and said in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dubbing.engines import lines
from dubbing.engines.ports import Scene, Translation, TranslationRequest
from dubbing.engines.translating import amounts, completeness
from dubbing.engines.translating.chinese_names import whole_words
from dubbing.engines.translating.glossary import held
from dubbing.engines.translating.routes import Hop
from dubbing.formats.chinese_script import simplify, working_text
from dubbing.model import doubt, memory
from dubbing.model.casting import as_people_say
from dubbing.model.corrections import refuse_unfit
from dubbing.model.cue import CueRules
from dubbing.model.dub import Cast
from dubbing.model.episode import MediaInfo, Term
from dubbing.model.job import CharacterDecision, LineCorrection
from dubbing.model.language import base
from dubbing.model.review import ReviewItem, ReviewKind
from dubbing.model.sentences import Sentence, alone, sentences
from dubbing.model.series import Name, Place, Remembered
from dubbing.model.service import Gate, Queue
from dubbing.model.speech import MEMORY, PERSON, Line, Script, Transcript, Utterance
from dubbing.stages import Leaf, Per, Read, Stage, Work
from dubbing.store.artifacts import read_json, write_json
from dubbing.subtitles.cues import reading_budget_chars
from dubbing.subtitles.dividing import divide

NAME, VERSION = "translate", 6
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

_AS_SPOKEN = "said in this language"
_OTHER_LANGUAGE = ReviewItem(
    ReviewKind.TRANSLATION, "It is said in a language that its translator was not told of."
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
    said = {u.number: u.text for u in transcript.utterances}
    refuse_unfit(said, settings.corrections, work.label)
    made = _by_people(settings, transcript, remembered)
    budgets = _budgets(transcript, settings.rules, media.duration_ms)
    spoken = sentences(transcript.utterances, transcript.language)
    scenes = {}
    if settings.scene:
        whole_lines = [one.whole for one in spoken]
        scenes = _scenes(work, settings, transcript.language, whole_lines, remembered)

    def translated(wanted: Sequence[Sentence]) -> dict[int, Line]:
        requests = {
            one.whole.number: TranslationRequest(
                one.whole.text,
                terms_in(one.whole.text, transcript.language, settings, names),
                scene=scenes.get(one.whole.number, Scene()),
            )
            for one in wanted
        }
        room = {one.whole.number: sum(budgets[n] for n in one.numbers) for one in wanted}
        whole = [one.whole for one in wanted]
        return _in_its_language(work, settings, transcript.language, whole, requests, room)

    wanted = [one for one in spoken if not made.keys() >= set(one.numbers)]
    whole = translated(wanted)
    by_machine: dict[int, Line] = {}
    undivided: list[Sentence] = []
    for one in wanted:
        parts = divided_line(whole[one.whole.number], one, budgets, settings.rules)
        by_machine |= {line.number: line for line in parts}
        if not parts:
            undivided += [alone(line) for line in one.lines if line.number not in made]
    by_machine |= translated(undivided)
    script = Script(
        settings.language, tuple((by_machine | made)[u.number] for u in transcript.utterances)
    )
    write_json(work.out / "script.json", script)


def divided_line(
    line: Line, sentence: Sentence, budgets: Mapping[int, int], rules: CueRules
) -> list[Line]:
    """The translation of a sentence, divided over its lines by the time that each has; none if it can't be.

    A term stands with the line that has it: word order may carry it from the line in which it is said into another.
    """
    if len(sentence.lines) == 1:
        return [line]
    shares = [max(1, budgets[number]) for number in sentence.numbers]
    texts = divide(line.text, shares, rules)
    parts: list[Line] = []
    for utterance, text in zip(sentence.lines if texts else (), texts, strict=True):
        terms = [
            term
            for term in line.terms
            if term.target in text
            or (simplify(term.source) in simplify(utterance.text) and term.target not in line.text)
        ]
        part = _line(utterance, text, line.engines, line.notes, tuple(terms), line.review)
        parts.append(replace(part, sentence=sentence.numbers))
    return parts


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


def _in_its_language(
    work: Work,
    settings: Settings,
    language: str,
    machine: Sequence[Utterance],
    requests: Mapping[int, TranslationRequest],
    budgets: Mapping[int, int],
) -> dict[int, Line]:
    """Each translated from the language that it is said in, which may be another than the transcript's."""
    made: dict[int, Line] = {}
    by_language: dict[str, list[Utterance]] = {}
    for u in machine:
        by_language.setdefault(u.language or base(language), []).append(u)
    for spoken, some in by_language.items():
        if spoken == base(settings.language) and spoken != base(language):
            made |= {u.number: _line(u, u.text, (), (_AS_SPOKEN,)) for u in some}
            continue
        sources = [base(hop.source) for hop in settings.route]
        first = sources.index(spoken) if spoken in sources else 0
        asked = {u.number: requests[u.number] for u in some}
        route = replace(settings, route=settings.route[first:])
        lines_made = _translate(work, route, language, some, asked, budgets)
        if spoken not in sources:
            lines_made = {
                number: replace(line, review=(*line.review, _OTHER_LANGUAGE))
                for number, line in lines_made.items()
            }
        made |= lines_made
    return made


def _translate(
    work: Work,
    settings: Settings,
    source: str,
    machine: Sequence[Utterance],
    requests: Mapping[int, TranslationRequest],
    budgets: Mapping[int, int],
) -> dict[int, Line]:
    """Line by line; those that can't be read in the time they have are asked for again, shorter.

    A shorter one that lacks a part is not taken: words that pass too fast are better than none.
    """

    def worse(number: int, answer: Translation) -> bool:
        text = requests[number].text
        return _lacks(text, answer, languages) and not _lacks(text, translations[number], languages)

    languages = (source, settings.language) if settings.compared_by else None
    translations = dict(
        zip(
            requests,
            lines.translate(
                work.engines,
                work.store,
                settings.route,
                list(requests.values()),
                work.progress,
                languages,
            ),
            strict=True,
        )
    )
    in_digits = _in_digits(work, settings, source, requests, translations)
    translations |= {n: t for n, t in in_digits.items() if not worse(n, t)}
    too_long = {
        number: replace(request, max_chars=budgets[number])
        for number, request in requests.items()
        if len(translations[number].text) > budgets[number]
    }
    shorter = lines.translate(work.engines, work.store, settings.route, list(too_long.values()))
    for number, translation in zip(too_long, shorter, strict=True):
        if len(translation.text) < len(translations[number].text) and not worse(
            number, translation
        ):
            translations[number] = translation
    engines = tuple(hop.engine for hop in settings.route)
    return {
        u.number: _line(
            u,
            translations[u.number].text,
            engines,
            translations[u.number].notes,
            requests[u.number].terms,
            (
                *(
                    (completeness.REVIEW,)
                    if _lacks(u.text, translations[u.number], languages)
                    else ()
                ),
                *doubt.of_translation(translations[u.number].confidence),
                *amounts.review(
                    requests[u.number].text,
                    translations[u.number].text,
                    u.language or source,
                    settings.language,
                ),
            ),
        )
        for u in machine
    }


def _in_digits(
    work: Work,
    settings: Settings,
    source: str,
    requests: Mapping[int, TranslationRequest],
    translations: Mapping[int, Translation],
) -> dict[int, Translation]:
    """New translations of lines whose numbers were changed: asked for once more in digits, taken where that kept more."""

    def changed(number: int, text: str) -> int:
        said = working_text(requests[number].text, source)
        return len(amounts.changed(said, text, source, settings.language))

    again = {}
    for number, translation in translations.items():
        said = working_text(requests[number].text, source)
        plain = amounts.in_digits(said, source)
        if plain != said and changed(number, translation.text):
            again[number] = replace(requests[number], text=plain)
    answers = lines.translate(work.engines, work.store, settings.route, list(again.values()))
    return {
        number: replace(answer, notes=(*answer.notes, "asked for again: a number was changed"))
        for number, answer in zip(again, answers, strict=True)
        if changed(number, answer.text) < changed(number, translations[number].text)
    }


def _lacks(text: str, translation: Translation, languages: tuple[str, str] | None) -> bool:
    """Whether a part of what is said is missing; `languages` where that can be told."""
    return languages is not None and completeness.lacks(text, translation.text, *languages)


def _scenes(
    work: Work,
    settings: Settings,
    language: str,
    spoken: Sequence[Utterance],
    remembered: Sequence[Remembered],
) -> dict[int, Scene]:
    """What is known around each sentence and line, by its number."""
    assert settings.scene is not None  # noqa: S101 - asked for only then
    heard = read_json(work.inputs["identify"] / "cast.json", Cast)
    cast = as_people_say(heard, settings.scene.characters)
    speakers = {s: c for c in cast.characters for s in c.speakers_in(settings.episode)}
    labels = {name: said.name or name for name, said in settings.scene.characters.items()}
    texts = [u.text for u in spoken]
    scenes = {}
    for index, u in enumerate(spoken):
        character = speakers.get(u.speaker)
        name = character.name if character else ""
        scenes[u.number] = Scene(
            before=tuple(texts[max(0, index - _LINES_BEFORE) : index]),
            after=tuple(texts[index + 1 : index + 1 + _LINES_AFTER]),
            speaker=labels.get(name, name),
            gender=character.gender if character else "",
            similar=tuple(
                (r.source, r.text) for r in memory.alike(working_text(u.text, language), remembered)
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
