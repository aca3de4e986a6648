"""Voice, the consent behind it, and the bank that holds all voices."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from importlib import resources
from typing import Any


class VoiceError(ValueError):
    """A catalogue that can't be used, or a voice that is not in it."""


class Gender(StrEnum):
    FEMALE = "female"
    MALE = "male"


@dataclass(frozen=True, slots=True)
class Consent:
    """Who allowed their voice to be cloned, for what, and until when."""

    person: str
    purpose: str
    until: date


@dataclass(frozen=True, slots=True)
class Voice:
    """One voice of one engine."""

    name: str  # ours, unique in the bank: kumo
    engine: str  # the engine's family: kokoro
    engine_voice: str  # the engine's name of it
    languages: tuple[str, ...]  # base BCP-47 tags it speaks; empty: all of the engine's
    gender: Gender
    pitch_hz: float  # median fundamental frequency, as measured on its own speech
    licence: str  # SPDX identifier
    description: str = ""
    consent: Consent | None = None  # None: a synthetic voice that clones nobody
    revision: str = "1"  # part of the key of every take; changes when the voice sounds otherwise

    def speaks(self, language: str) -> bool:
        return not self.languages or language.split("-")[0] in self.languages


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

    def speaking(self, language: str, engine: str) -> list[Voice]:
        """The voices of an engine's family that speak a language."""
        return [v for v in self._voices.values() if v.engine == engine and v.speaks(language)]

    @staticmethod
    def shipped() -> VoiceBank:
        """The catalogue that comes with the package."""
        return VoiceBank.parse(
            resources.files("voices").joinpath("catalogue.toml").read_text("utf-8")
        )

    @staticmethod
    def parse(text: str) -> VoiceBank:
        """A bank from a catalogue in TOML. Raises VoiceError that names the voice and the key at fault."""
        try:
            entries = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise VoiceError(f"the catalogue is not TOML: {error}") from error
        return VoiceBank(_voice(name, entry) for name, entry in entries.items())


def _voice(name: str, entry: object) -> Voice:
    if not isinstance(entry, dict):
        raise VoiceError(f"voice {name!r} of the catalogue: expected a table, found {entry!r}")
    fields: dict[str, Any] = dict(entry)
    consent = fields.pop("consent", None)
    try:
        return Voice(
            name=name,
            gender=Gender(fields.pop("gender")),
            languages=tuple(fields.pop("languages", ())),
            pitch_hz=float(fields.pop("pitch_hz")),
            consent=Consent(**consent) if consent is not None else None,
            **fields,
        )
    except KeyError as error:
        raise VoiceError(f"voice {name!r} of the catalogue: no {error}") from error
    except (TypeError, ValueError) as error:
        raise VoiceError(f"voice {name!r} of the catalogue: {error}") from error
