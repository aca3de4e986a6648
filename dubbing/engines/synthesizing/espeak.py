"""espeak-ng: the last resort, for languages that no other installed engine speaks.

Its formant voices are robotic, so the report marks each line as a stand-in. It is Debian's program
(GPL-3.0-or-later), run as a separate process.
"""

from __future__ import annotations

import ctypes
import shutil
from collections.abc import Mapping
from typing import Self

from dubbing.engines.ports import EngineInfo, Port
from dubbing.engines.synthesizing.spoken import spoken
from dubbing.errors import Rejected
from dubbing.media import ffmpeg
from dubbing.media.sound import parse_wav
from dubbing.model.audio import Audio
from dubbing.model.time import ms_to_samples

RATE_HZ = 22_050
VARIANTS = ("m1", "m2", "m3", "m4", "m5", "m6", "m7", "f1", "f2", "f3", "f4", "f5")

_FRONTEND_VERSION = 2  # of this file's way from a text to espeak-ng's arguments
_NATURAL_WORDS_PER_MINUTE = (
    175  # espeak-ng's default; measured to be in proportion from 0.6 to 1.8 times
)
_MIN_SPEED, _MAX_SPEED = 0.5, 2.0
_NOTHING_MS = 200  # the silence that stands for a text without words

# BCP-47 tag, or its base language -> espeak-ng's voice. Japanese is not here: it reads no kanji.
_VOICES: Mapping[str, str] = {
    "ar": "ar",
    "de": "de",
    "en": "en-us",
    "en-GB": "en-gb",
    "es": "es-419",
    "es-ES": "es",
    "fr": "fr-fr",
    "hi": "hi",
    "id": "id",
    "it": "it",
    "ko": "ko",
    "ms": "ms",
    "nl": "nl",
    "pl": "pl",
    "pt": "pt-br",
    "pt-PT": "pt",
    "ru": "ru",
    "sv": "sv",
    "th": "th",
    "tr": "tr",
    "uk": "uk",
    "vi": "vi",
    "zh": "cmn",
}


class EspeakSynthesizer:
    """Speaks with espeak-ng's male and female variants. A voice is the name of one: m1, f2."""

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            name="espeak-ng",
            port=Port.SYNTHESIZER,
            revision=f"espeak-ng {_version() or 'absent'} frontend {_FRONTEND_VERSION}",
            languages=frozenset(tag for tag in _VOICES if "-" not in tag),
            licence="GPL-3.0-or-later",
            commercial=True,
            stand_in=True,
            note="Robotic: for previews, until a language has a better voice.",
        )

    def __enter__(self) -> Self:
        if shutil.which("espeak-ng") is None:
            raise Rejected(
                "espeak-ng",
                found="no such program",
                expected="Debian's espeak-ng",
                remedy="Install it: apt-get install espeak-ng.",
            )
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def synthesize(self, text: str, language: str, voice: str, speed: float) -> Audio:
        """The text spoken: mono at 22.05 kHz. A text without words gives 200 ms of silence.

        `speed` from 0.5 to 2.0 is honest to within 5 %. Raises Rejected for a language or a voice there
        isn't, ValueError for a speed out of range, and what running espeak-ng raises.
        """
        if not _MIN_SPEED <= speed <= _MAX_SPEED:
            raise ValueError(f"speed {speed} is not between {_MIN_SPEED} and {_MAX_SPEED}")
        accent = _VOICES.get(language) or _VOICES.get(language.split("-")[0])
        if accent is None:
            raise Rejected(
                "language",
                found=repr(language),
                expected=f"one that espeak-ng speaks: {', '.join(sorted(self.info.languages))}",
                remedy="Name another synthesizer in the profile for this language.",
            )
        if voice not in VARIANTS:
            raise Rejected(
                "voice",
                found=repr(voice),
                expected=f"one of {', '.join(VARIANTS)}",
                remedy="Choose a voice of the catalogue: dub voices list shows them.",
            )
        words = spoken(text, language)
        if not words:
            return Audio.silence(ms_to_samples(_NOTHING_MS, RATE_HZ), 1, RATE_HZ)
        words_per_minute = round(_NATURAL_WORDS_PER_MINUTE * speed)
        wav = ffmpeg.espeak(words, voice=f"{accent}+{voice}", words_per_minute=words_per_minute)
        return parse_wav(wav)


def _version() -> str | None:
    """The version of the library that the program runs on; None where it is not installed."""
    try:
        library = ctypes.CDLL("libespeak-ng.so.1")
    except OSError:
        return None
    library.espeak_Info.restype = ctypes.c_char_p
    return bytes(library.espeak_Info(None)).decode("ascii")
