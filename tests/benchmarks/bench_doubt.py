"""What marks lines that need a person: how many of the wrong ones it finds, and how many right ones it marks too.

Hearing: the clips of `shared/speech`, with and without music, and the lines of `shared/drama` spoken by Kokoro. The
threshold is chosen on one half of the texts and judged on the other. Missing parts: references of the drama with a
clause or a line left out. Translation: how many lines come out right, given the words and from sound.

    python tests/benchmarks/bench_doubt.py --parts hearing,missing,translation

Styles of Kokoro made for Mandarin (`voices/*.bin` of the npm package kokoro-js 1.2.1) are used if their folder is
named: --styles package/voices. A quarter of an hour on two cores; the translations take most of it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import episodes
import numpy as np
import sacrebleu

from dubbing.engines import lines
from dubbing.engines.ports import Translation, TranslationRequest
from dubbing.engines.registry import Engines
from dubbing.engines.synthesizing import kokoro
from dubbing.engines.transcribing import agreement
from dubbing.engines.transcribing.faster_whisper import FasterWhisper
from dubbing.engines.translating import completeness
from dubbing.engines.translating.routes import best_route
from dubbing.engines.weights import cache_folder
from dubbing.model import doubt
from dubbing.model.audio import SPEECH_RATE_HZ, Audio
from dubbing.model.speech import Turn, Utterance
from dubbing.model.time import Span
from dubbing.stages.script import utterances_of
from dubbing.store.artifacts import ArtifactStore

DRAMA = episodes.SPEECH_FOLDER.parent / "drama" / "lines.jsonl"
LANGUAGES = ("en", "es-419", "pt-BR", "id")
TRANSLATORS = ("llama:qwen2.5-coder-1.5b", "bergamot:base")
STYLES = {
    "female": ("zf_xiaobei", "zf_xiaoni", "zf_xiaoxiao", "zf_xiaoyi"),
    "male": ("zm_yunjian", "zm_yunxi", "zm_yunxia", "zm_yunyang"),
}
DEMO = {"female": ("alpha", "tebukuro", "gongitsune"), "male": ("kumo",)}  # in every installation
MUSIC_DB = (None, -18.0, -10.0)
WEIGHTS = (
    0,
    2,
)  # of what the hypotheses agree on; each costs a transcription here, and nothing in the product
RECALL = 0.8  # that a threshold is chosen for
# A line whose chrF with its reference is this or more counts as right. Of 50 English lines that is so of 20; a reader
# called 21 right, and agrees on 37.
RIGHT_CHRF = 40
# What that reader said, who had not seen any measure: of a source and its translation, by their hash.
GRADES = Path(__file__).with_name("reader_grades.json")
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Sound:
    """Something said, alone."""

    text: str
    language: str
    group: int  # texts of one group are on the same side of a division
    audio: Audio


@dataclass(frozen=True, slots=True)
class Judged:
    """A line as it was heard."""

    wrong: bool  # whether any letter of it differs, or is missing; or a reader said so
    group: int
    measures: dict[str, float]  # the greater, the more doubtful
    marked: bool = False  # by the product


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--parts", default="hearing,missing,translation")
    parser.add_argument("--languages", default=",".join(LANGUAGES), help="of the translations")
    parser.add_argument("--styles", type=Path, help="of Kokoro, for Mandarin")
    parser.add_argument("--cache", type=Path, default=cache_folder() / "bench-doubt")
    options = parser.parse_args()
    parts = options.parts.split(",")
    drama = [json.loads(line) for line in DRAMA.read_text("utf-8").splitlines()]
    spoken = list(_spoken(drama, options.styles)) if {"hearing", "translation"} & {*parts} else []
    if "hearing" in parts:
        hearing([*_clips(), *spoken])
    if "missing" in parts:
        missing(drama)
    if "translation" in parts:
        once = spoken[:: len(spoken) // len(drama)]
        translation(drama, once, options.languages.split(","), options.cache)


def hearing(sounds: Sequence[Sound]) -> None:
    judged: dict[str, list[Judged]] = {"zh": [], "en": []}
    with FasterWhisper() as transcriber:
        for sound in sounds:
            judged[sound.language] += _judged(sound, transcriber)
    for language, found in judged.items():
        wrong = sum(one.wrong for one in found)
        print(f"hearing {language}: {len(found)} lines, {wrong} of them wrong")
        for measure in found[0].measures:
            _report(measure, found)
        marked = [one.marked for one in found]
        _print("as the product marks them", marked, [one.wrong for one in found])


def _report(measure: str, found: Sequence[Judged]) -> None:
    """A threshold chosen on one half and judged on the other, and the other way round."""
    held_out: list[tuple[bool, bool]] = []
    for half in (0, 1):
        chosen_on = [one for one in found if one.group % 2 == half and one.wrong]
        if not chosen_on:
            return
        threshold = np.quantile([one.measures[measure] for one in chosen_on], 1 - RECALL)
        held_out += [
            (one.measures[measure] >= threshold, one.wrong)
            for one in found
            if one.group % 2 != half
        ]
    _print(measure, [marked for marked, _ in held_out], [wrong for _, wrong in held_out])


def _print(name: str, marked: Sequence[bool], wrong: Sequence[bool]) -> None:
    hits, truth = np.array(marked), np.array(wrong)
    print(
        f"  {name:44} finds {hits[truth].mean():4.0%} of the wrong, marks {hits[~truth].mean():4.0%} of the right,"
        f" and is right in {truth[hits].mean():4.0%} of its marks"
    )


def _judged(sound: Sound, transcriber: FasterWhisper) -> Iterator[Judged]:
    found: dict[int, tuple[Utterance, ...]] = {}
    for weight in WEIGHTS:
        agreement.WEIGHT = weight
        words = transcriber.transcribe(sound.audio, sound.language).words
        everybody = [Turn("s1", Span(0, sound.audio.duration_ms))]
        found[weight] = utterances_of(words, everybody, sound.language)
    agreement.WEIGHT = 2
    wrong = _wrong([u.text for u in found[0]], sound.text)
    for index, is_wrong in enumerate(wrong):
        alone = found[0][index]
        least = min(word.confidence for word in alone.words)
        measures = {
            "mean confidence": -alone.confidence,
            "least confidence": -least,
        } | {
            f"all words right, agreement to the power {weight}": doubt.doubt_nats(own[index].words)
            for weight, own in found.items()
        }
        marked = bool(doubt.of_hearing(found[2][index].words))
        yield Judged(is_wrong, sound.group, measures, marked)


def _wrong(heard: Sequence[str], said: str) -> list[bool]:
    """Of lines that together are what was heard, those that differ from what was said, marks and sound-alikes aside."""
    own = [index for index, text in enumerate(heard) for _ in _letters(text)]
    found = [False] * len(heard)
    matcher = SequenceMatcher(None, _letters("".join(heard)), _letters(said), autojunk=False)
    for kind, start, end, _, _ in matcher.get_opcodes():
        if kind != "equal" and own:
            for place in range(start, end) or [max(0, start - 1)]:
                found[own[min(place, len(own) - 1)]] = True
    return found


def _letters(text: str) -> str:
    return agreement.letters(_DIGITS.sub(lambda number: _hanzi(int(number[0])), text))


def _hanzi(number: int) -> str:
    digits = "零一二三四五六七八九"
    if number < 10 or number > 99:
        return "".join(digits[int(d)] for d in str(number))
    tens = digits[number // 10] if number >= 20 else ""
    return f"{tens}十{digits[number % 10] if number % 10 else ''}"


def _clips() -> Iterator[Sound]:
    for group, entry in enumerate(episodes.manifest()):
        audio = episodes.read(entry["file"])
        for music_db in MUSIC_DB:
            text, language = entry["transcript"], entry["language"]
            yield Sound(text, language, group, _with_music(audio, music_db, group))


def _spoken(drama: Sequence[dict], styles: Path | None) -> Iterator[Sound]:
    """Each line in two voices, one after the other: a Mandarin style if there are any, and one of the demo's."""
    with kokoro.KokoroSynthesizer() as synthesizer:
        mandarin = _more_styles(synthesizer, styles) if styles else DEMO
        for number, line in enumerate(drama):
            scene = len({other["scene"] for other in drama[: number + 1]})
            for voices, music_db in ((mandarin, None), (DEMO, None), (mandarin, -10.0)):
                own = voices[line["gender"]]
                take = synthesizer.synthesize(line["zh"], "zh", own[number % len(own)], 1.0)
                half_second = Audio.silence(take.rate_hz // 2, 1, take.rate_hz)
                samples = np.concatenate([half_second.mono(), take.mono(), half_second.mono()])
                audio = episodes.at_rate(Audio.of_mono(samples, take.rate_hz), SPEECH_RATE_HZ)
                yield Sound(line["zh"], "zh", scene, _with_music(audio, music_db, number))


def _more_styles(synthesizer: kokoro.KokoroSynthesizer, folder: Path) -> dict[str, tuple[str, ...]]:
    names = {name.replace("_", ""): name for some in STYLES.values() for name in some}
    for ours, theirs in names.items():
        style = np.fromfile(folder / f"{theirs}.bin", "<f4").reshape(510, 1, 256)
        synthesizer._styles[ours] = style
    kokoro._STYLE_NAMES = {**kokoro._STYLE_NAMES, **names}
    return {
        gender: tuple(name.replace("_", "") for name in some) for gender, some in STYLES.items()
    }


def _with_music(speech: Audio, music_db: float | None, seed: int) -> Audio:
    if music_db is None:
        return speech
    clip = episodes.Clip("", "", "", speech)
    return episodes.build([clip], music_db=music_db, seed=seed).speech


def missing(drama: Sequence[dict]) -> None:
    """References of which a clause, or a line among three, is left out."""
    for target in LANGUAGES:
        marked: dict[str, list[tuple[bool, bool]]] = {"clause of a line": [], "line of three": []}

        def judge(kind: str, text: str, said: str, lacks: bool) -> None:
            found = completeness.lacks(text, said, "zh", target)  # noqa: B023
            marked[kind].append((found, lacks))  # noqa: B023

        for line in drama:
            judge("clause of a line", line["zh"], line[target], False)
            clauses = re.findall(r"[^，。！？]+[，。！？]*", line["zh"])
            said = re.split(r"(?<=[,.!?:])\s", line[target])
            if len(clauses) == len(said) > 1:
                for index in range(len(said)):
                    rest = " ".join(said[:index] + said[index + 1 :])
                    judge("clause of a line", line["zh"], rest, True)
        for three in zip(drama, drama[1:], drama[2:], strict=False):
            if len({line["scene"] for line in three}) == 1:
                text = "".join(line["zh"] for line in three)
                said = [line[target] for line in three]
                judge("line of three", text, " ".join(said), False)
                for index in range(3):
                    rest = " ".join(said[:index] + said[index + 1 :])
                    judge("line of three", text, rest, True)
        for kind, found in marked.items():
            name = f"missing {target}: a {kind} ({len(found)})"
            _print(name, [found for found, _ in found], [lacks for _, lacks in found])


def translation(
    drama: Sequence[dict], spoken: Sequence[Sound], languages: Sequence[str], cache: Path
) -> None:
    """How many lines come out right, given the words and as they are heard; and which are marked."""
    with FasterWhisper() as transcriber:
        words = [transcriber.transcribe(one.audio, "zh").words for one in spoken]
    heard = ["".join(word.text for word in some) or "…" for some in words]
    misheard = [bool(doubt.of_hearing(some)) for some in words]
    texts = {"given the words": [line["zh"] for line in drama], "from sound": heard}
    with Engines() as engines:
        pairs = {name: engines.pairs(name) for name in TRANSLATORS}
        for target in languages:
            route = best_route(pairs, "zh", target)
            assert route is not None
            for given, sources in texts.items():
                requests = [TranslationRequest(text) for text in sources]
                said = lines.translate(engines, ArtifactStore(cache), route, requests)
                right = _right([one.text for one in said], target, drama, given)
                unsure = [bool(doubt.of_translation(one.confidence)) for one in said]
                _print("marked, the translator not being sure", unsure, [not r for r in right])
                if given == "from sound":
                    either = [a or b for a, b in zip(unsure, misheard, strict=True)]
                    _print("or misheard", either, [not r for r in right])
                elif target == "en":
                    _as_a_reader_says(said, drama)


def _right(found: Sequence[str], target: str, drama: Sequence[dict], given: str) -> list[bool]:
    references = [line[target] for line in drama]
    whole = sacrebleu.corpus_chrf(list(found), [references]).score
    right = [
        sacrebleu.sentence_chrf(text, [reference]).score >= RIGHT_CHRF
        for text, reference in zip(found, references, strict=True)
    ]
    kept = ""
    if target == "en":
        keep = sum(
            all(re.search(pattern, text) for pattern in line["must_en"])
            and not any(re.search(pattern, text) for pattern in line["never_en"])
            for text, line in zip(found, drama, strict=True)
        )
        kept = f"; {keep} keep what they must and say nothing that they must not"
    print(
        f"translation {target}, {given}: {sum(right)} of {len(right)} lines right (chrF of {RIGHT_CHRF} or more); "
        f"chrF {whole:.1f}{kept}"
    )
    return right


def _as_a_reader_says(said: Sequence[Translation], drama: Sequence[dict]) -> None:
    """The same marks against a reader's grades, with a threshold chosen on one half and judged on the other, too."""
    grades = json.loads(GRADES.read_text("utf-8"))
    graded: list[Judged] = []
    for one, line in zip(said, drama, strict=True):
        pair = f"{line['zh']}\n{one.text}".encode()
        grade = grades.get(hashlib.sha256(pair).hexdigest()[:12])
        if grade and one.confidence is not None:
            group = len({other["scene"] for other in drama[: drama.index(line) + 1]})
            graded.append(Judged(grade == "wrong", group, {"confidence": -one.confidence}))
    if graded:
        print(f"  of {len(graded)} lines a reader called {sum(one.wrong for one in graded)} wrong")
        _report("confidence", graded)
        marked = [bool(doubt.of_translation(-one.measures["confidence"])) for one in graded]
        _print("as the product marks them", marked, [one.wrong for one in graded])


if __name__ == "__main__":
    main()
