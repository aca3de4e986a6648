"""Voice, the consent behind it, and the bank that holds all voices.

The bank is the catalogue that comes with the package, and after it the studio's own, in a folder with the
recordings that its voices are cloned from.
"""

from __future__ import annotations

import hashlib
import os
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import Any

import platformdirs

CATALOGUE = "catalogue.toml"


class VoiceError(ValueError):
    """A catalogue that can't be used, or a voice that is not in it."""


class Gender(StrEnum):
    FEMALE = "female"
    MALE = "male"

    @staticmethod
    def of_pitch(pitch_hz: float) -> Gender:
        """What a voice of a median fundamental frequency is taken for."""
        return Gender.MALE if pitch_hz < 165.0 else Gender.FEMALE


class Age(StrEnum):
    """How old a voice sounds."""

    CHILD = "child"
    YOUNG = "young"
    ADULT = "adult"
    OLD = "old"


class Energy(StrEnum):
    """How lively a voice speaks."""

    CALM = "calm"
    EVEN = "even"
    LIVELY = "lively"


# What sounds lively is pitch that goes up and down, in semitones (Traunmüller and Eriksson, 1995). The limits part
# the voices of Kokoro, which range from 6.1 to 10.4, in three.
_CALM_ST, _LIVELY_ST = 7.5, 9.0


@dataclass(frozen=True, slots=True)
class Consent:
    """Who allowed their voice to be cloned, for what, and until when."""

    person: str
    purpose: str
    until: date  # the last day


@dataclass(frozen=True, slots=True)
class Voice:
    """One voice of one engine."""

    name: str  # ours, unique in the bank: kumo
    engine: str  # the engine's family: kokoro
    engine_voice: str  # the engine's name of it; empty for one that is cloned
    languages: tuple[str, ...]  # base BCP-47 tags it speaks; empty: all of the engine's
    gender: Gender
    pitch_hz: float  # median fundamental frequency, as measured on its own speech
    licence: str  # SPDX identifier
    description: str = ""
    consent: Consent | None = None  # without it no voice is cloned
    reference: str = ""  # a recording in the studio's folder that is cloned; empty: nobody is
    reference_sha256: str = ""  # of that recording
    age: Age | None = None  # None: nobody has said
    pitch_range_st: float | None = None  # see `energy`; as measured on its own speech
    revision: str = "1"  # part of the key of every take; changes when the voice sounds otherwise

    def speaks(self, language: str) -> bool:
        return not self.languages or language.split("-")[0] in self.languages

    @property
    def energy(self) -> Energy | None:
        """By the semitones from the tenth to the ninetieth percentile of its pitch; None if not measured."""
        if self.pitch_range_st is None:
            return None
        if self.pitch_range_st < _CALM_ST:
            return Energy.CALM
        return Energy.LIVELY if self.pitch_range_st > _LIVELY_ST else Energy.EVEN

    def refusal(self, day: date | None = None) -> str:
        """Why the voice may not speak on a day (None: today), in words; empty if it may."""
        day = day or datetime.now(UTC).date()
        if not self.reference:
            return ""
        if self.consent is None:
            return "it clones a person, and there is no record of that person's consent"
        if day > self.consent.until:
            return f"{self.consent.person}'s consent ended on {self.consent.until}"
        return ""


class VoiceBank:
    """Voices by name, in the catalogue's order."""

    def __init__(self, voices: Iterable[Voice]) -> None:
        self._voices: dict[str, Voice] = {}
        for voice in voices:
            if voice.name in self._voices:
                raise VoiceError(f"two voices are named {voice.name!r}")
            self._voices[voice.name] = voice

    def __iter__(self) -> Iterator[Voice]:
        return iter(self._voices.values())

    def get(self, name: str) -> Voice:
        """The voice of that name. Raises VoiceError that names those there are."""
        try:
            return self._voices[name]
        except KeyError:
            known = ", ".join(self._voices)
            raise VoiceError(f"no voice is named {name!r}; there are {known}") from None

    def speaking(self, language: str, engine: str, day: date | None = None) -> list[Voice]:
        """The voices of an engine's family that speak a language, and may on a day (None: today)."""
        return [
            voice
            for voice in self._voices.values()
            if voice.engine == engine and voice.speaks(language) and not voice.refusal(day)
        ]

    @staticmethod
    def shipped() -> VoiceBank:
        """The catalogue that comes with the package."""
        return VoiceBank.parse(resources.files("voices").joinpath(CATALOGUE).read_text("utf-8"))

    @staticmethod
    def here() -> VoiceBank:
        """The shipped catalogue, then the studio's own. Raises VoiceError."""
        own = studio_folder() / CATALOGUE
        text = own.read_text("utf-8-sig") if own.is_file() else ""
        return VoiceBank([*VoiceBank.shipped(), *VoiceBank.parse(text)])

    @staticmethod
    def parse(text: str) -> VoiceBank:
        """A bank from a catalogue in TOML. Raises VoiceError that names the voice and the key at fault."""
        try:
            entries = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise VoiceError(f"the catalogue is not TOML: {error}") from error
        return VoiceBank(_voice(name, entry) for name, entry in entries.items())


def studio_folder() -> Path:
    """Where a studio keeps voices of its own: `$DUBBING_VOICES`, or the user's data folder."""
    configured = os.environ.get("DUBBING_VOICES")
    return Path(configured) if configured else platformdirs.user_data_path("dubbing") / "voices"


def recording_of(voice: Voice) -> Path:
    """The recording that a voice is cloned from. Raises VoiceError if it is not the one that was put in."""
    path = studio_folder() / voice.reference
    if studio_folder().resolve() not in path.resolve().parents or not path.is_file():
        raise VoiceError(f"voice {voice.name!r}: no recording at {path}")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != voice.reference_sha256:
        raise VoiceError(
            f"voice {voice.name!r}: {path} is another recording than the one that was put in"
        )
    return path


def _voice(name: str, entry: object) -> Voice:
    if not isinstance(entry, dict):
        raise VoiceError(f"voice {name!r} of the catalogue: expected a table, found {entry!r}")
    fields: dict[str, Any] = dict(entry)
    consent = fields.pop("consent", None)
    age, range_st = fields.pop("age", None), fields.pop("pitch_range_st", None)
    try:
        return Voice(
            name=name,
            gender=Gender(fields.pop("gender")),
            languages=tuple(fields.pop("languages", ())),
            pitch_hz=float(fields.pop("pitch_hz")),
            age=None if age is None else Age(age),
            pitch_range_st=None if range_st is None else float(range_st),
            consent=Consent(**consent) if consent is not None else None,
            **fields,
        )
    except KeyError as error:
        raise VoiceError(f"voice {name!r} of the catalogue: no {error}") from error
    except (TypeError, ValueError) as error:
        raise VoiceError(f"voice {name!r} of the catalogue: {error}") from error
