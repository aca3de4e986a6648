"""The transcript in a target language, a line an utterance, short enough to be read and said in time."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dubbing import lines
from dubbing.engines.ports import TranslationRequest
from dubbing.engines.routes import Hop
from dubbing.model.cue import CueRules
from dubbing.model.episode import MediaInfo, Term
from dubbing.model.job import LineCorrection
from dubbing.model.speech import Line, Script, Transcript, Utterance
from dubbing.stages import Work
from dubbing.store.artifacts import read_json, write_json
from dubbing.subtitles.cues import reading_budget_chars

NAME, VERSION = "translate", 2


@dataclass(frozen=True, slots=True)
class Settings:
    language: str
    route: tuple[Hop, ...]
    terms: tuple[Term, ...]  # the glossary's, of every language on the route
    rules: CueRules
    corrections: tuple[LineCorrection, ...]  # of this episode; only translations are read


def run(work: Work, settings: Settings) -> None:
    transcript = read_json(work.inputs["script"] / "transcript.json", Transcript)
    media = read_json(work.inputs["probe"] / "media.json", MediaInfo)
    by_person = {
        correction.line: correction.translations[settings.language]
        for correction in settings.corrections
        if settings.language in correction.translations
    }
    machine = [u for u in transcript.utterances if u.number not in by_person]
    translated = _translate(work, settings, transcript, machine, media.duration_ms)
    script = Script(
        settings.language,
        tuple(
            translated[u.number]
            if u.number in translated
            else _line(u, by_person[u.number], ("person",))
            for u in transcript.utterances
        ),
    )
    write_json(work.out / "script.json", script)


def _translate(
    work: Work,
    settings: Settings,
    transcript: Transcript,
    machine: list[Utterance],
    end_ms: int,
) -> dict[int, Line]:
    """Line by line; those that can't be read in the time they have are asked for again, shorter."""
    requests = {
        u.number: TranslationRequest(
            u.text, terms=tuple(t for t in settings.terms if t.source in u.text)
        )
        for u in machine
    }
    translations = dict(
        zip(
            requests,
            lines.translate(
                work.engines, work.store, settings.route, list(requests.values()), work.progress
            ),
            strict=True,
        )
    )
    budgets = _budgets(transcript, settings.rules, end_ms)
    too_long = {
        number: replace(request, max_chars=budgets[number])
        for number, request in requests.items()
        if len(translations[number].text) > budgets[number]
    }
    shorter = lines.translate(work.engines, work.store, settings.route, list(too_long.values()))
    for number, translation in zip(too_long, shorter, strict=True):
        if len(translation.text) < len(translations[number].text):
            translations[number] = translation
    engines = tuple(hop.engine for hop in settings.route)
    return {
        u.number: _line(u, translations[u.number].text, engines, translations[u.number].notes)
        for u in machine
    }


def _budgets(transcript: Transcript, rules: CueRules, end_ms: int) -> dict[int, int]:
    """How many characters of each line can be read before the next line starts, or the picture ends."""
    utterances = transcript.utterances
    following = [u.span.start_ms for u in utterances[1:]]
    return {
        u.number: reading_budget_chars(u.span, next_start_ms, rules)
        for u, next_start_ms in zip(utterances, [*following, end_ms], strict=True)
    }


def _line(
    utterance: Utterance, text: str, engines: tuple[str, ...], notes: tuple[str, ...] = ()
) -> Line:
    return Line(
        number=utterance.number,
        speaker=utterance.speaker,
        span=utterance.span,
        source_text=utterance.text,
        text=text,
        engines=engines,
        notes=notes,
    )
