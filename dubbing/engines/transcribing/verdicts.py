"""What of all that a transcriber heard was really said, what is doubtful, and what was made up.

Whisper fills music and noise with what ends the videos that it was trained on, and loops. Words alone can't tell
that from dialogue: somebody who says "thank you for watching" is heard with confidence, an invented credit is not.
So nothing is left out that was heard with confidence, and what is left out is named, with why.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dubbing.engines.transcribing.tokens import Token, spoken_characters
from dubbing.formats.chinese_script import simplify
from dubbing.model.review import Unscripted

# Mean log probabilities of a stretch's tokens. The base model's words are at -0.1 to -0.8 in clear and in far
# speech, and at -1.4 to -2.5 in music and noise. From -1.0 on Whisper's own code tries again with random sampling.
_NOTHING = -1.4  # below this the words are made up
_UNSURE = -1.0  # below this a person should listen
_SUSPECT = -0.7  # below this they are made up too, if something else speaks for it
_SURE = -0.4  # above this nothing speaks against them
_NO_SPEECH = 0.6  # Whisper takes a stretch for silence from this probability on
_COMPRESSION = 2.4  # and for a loop from this measure on

# Characters a second that nobody speaks. The fastest hosts reach about 9 syllables a second; a syllable is one
# character in Chinese, up to two in Japanese, and three or so in letters.
_FASTEST_CPS: Mapping[str, float] = {
    "CJK": 11.0,
    "HIRAGANA": 16.0,
    "KATAKANA": 16.0,
    "HANGUL": 12.0,
    "DIGIT": 12.0,
}
_FASTEST_ALPHABETIC_CPS = 30.0
_IMPOSSIBLE = 1.5  # times as fast as that is no mistake of who measured the time
_SHORTEST_MS = 300  # the detector cuts off more of short speech than of long

# Credits and sign-offs under the videos that Whisper learned from. Each was seen in reports about it.
_CREDITS = re.compile(
    r"(?:请不吝)?点赞.{0,4}订阅.{0,4}转发|打赏支持|明镜(?:与|與)点点|明镜需要您的支持|中文字幕志愿者|字幕(?:by|由|制作|志愿者|提供)"
    r"|字幕组$|amaraorg|优优独播剧场|杨栋梁|李宗盛|(?:谢谢|感谢)(?:大家|您|你们)?(?:的)?(?:观看|收看|收听)$"
    r"|^ご視聴ありがとうございました$|チャンネル登録|^시청해주셔서감사합니다$"
    r"|^thank(?:s|you)(?:very|so)?(?:much)?forwatching|subtitlesby|captionsby|transcri(?:bed|ption)by"
    r"|subscribetomychannel|pleasesubscribe|^subt[ií]tulos(?:realizados)?por|^legendasp(?:or|ela)"
)
_REPEATS = (
    3  # stretches in a row with the same words, of this many characters or more, may be a loop
)
_REPEATED_CHARS = 4


@dataclass(frozen=True, slots=True)
class Heard:
    """What a network made of one stretch of sound."""

    tokens: tuple[Token, ...]
    mean_log_probability: float
    no_speech_probability: float
    language: str = ""  # that is most likely spoken, as a base BCP-47 tag; empty: it can't tell
    language_probability: float = 0.0

    @property
    def text(self) -> str:
        return "".join(token.text for token in self.tokens)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a stretch: lines, lines to listen to, or none."""

    left_out: Unscripted | None = None
    doubt: str = (
        ""  # why a person should listen to it, as a sentence; empty: nothing speaks for that
    )


def verdicts(heard: Sequence[tuple[Heard, int]], language: str) -> list[Verdict]:
    """One for each stretch of a sound, in order. The int is how long is spoken in it, in ms."""
    said = [spoken_characters(one.text) for one, _ in heard]
    return [
        verdict(one, speech_ms, language, repeated=_is_repeated(said[: index + 1]))
        for index, (one, speech_ms) in enumerate(heard)
    ]


def verdict(heard: Heard, speech_ms: int, language: str, *, repeated: bool = False) -> Verdict:
    """What becomes of a stretch in which somebody speaks for `speech_ms`.

    `repeated` says that the stretches just before it have the same words.
    """
    sure = heard.mean_log_probability
    if not spoken_characters(heard.text):
        return Verdict(Unscripted.UNSURE)
    if compression(heard.text) > _COMPRESSION:
        return Verdict(Unscripted.REPEATED)
    hurry = shortest_ms(heard.text) / max(speech_ms, _SHORTEST_MS)
    if hurry > _IMPOSSIBLE or (hurry > 1 and sure < _SUSPECT):
        return Verdict(Unscripted.TOO_FAST)
    if sure < _NOTHING:
        return Verdict(_no_words(heard, language))
    credit = _CREDITS.search(spoken_characters(simplify(heard.text))) is not None
    silent = heard.no_speech_probability > _NO_SPEECH
    if credit and (sure < _SUSPECT or (silent and sure < _SURE)):
        return Verdict(Unscripted.CREDIT)
    if repeated and (sure < _SUSPECT or (silent and sure < _SURE)):
        return Verdict(Unscripted.REPEATED)
    if silent and sure < _UNSURE:
        return Verdict(_no_words(heard, language))
    return Verdict(doubt=_doubt(sure, hurry, credit=credit, silent=silent, repeated=repeated))


def _no_words(heard: Heard, language: str) -> Unscripted:
    foreign = heard.language not in ("", language) and heard.language_probability >= 0.5
    return Unscripted.OTHER_LANGUAGE if foreign else Unscripted.UNSURE


def _doubt(sure: float, hurry: float, *, credit: bool, silent: bool, repeated: bool) -> str:
    if sure < _UNSURE:
        return "The transcriber is unsure of these words."
    if hurry > 1:
        return "These are more words than fit into the time in which somebody speaks."
    if sure >= _SURE:
        return ""
    if credit:
        return "These words may be a credit that the transcriber made up."
    if silent:
        return "The transcriber is not sure that anybody speaks here."
    if repeated:
        return (
            "The lines before have the same words: the transcriber may have gone round in circles."
        )
    return ""


def _is_repeated(said: Sequence[str]) -> bool:
    return len(said[-1]) >= _REPEATED_CHARS and list(said[-_REPEATS:]) == [said[-1]] * _REPEATS


def shortest_ms(text: str) -> float:
    """How long the fastest speakers take to say a text, whatever scripts it is in."""
    return sum(1000 / _fastest_cps(character) for character in spoken_characters(text))


def _fastest_cps(character: str) -> float:
    script = unicodedata.name(character, "").split(" ")[0]
    return _FASTEST_CPS.get(script, _FASTEST_ALPHABETIC_CPS)


def compression(text: str) -> float:
    """How many times smaller zlib makes a text: above 2.4 it repeats itself (Whisper's own measure)."""
    data = text.encode("utf-8")
    return len(data) / len(zlib.compress(data)) if data else 0.0
