"""Single lines, translated and spoken by engines, each cached by what it was made from.

This is what makes a corrected line cost one line: the stages that translate and speak a whole episode ask
here line by line, and only lines never seen before reach an engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from dubbing.engines.ports import Port, Scene, Translation, TranslationRequest
from dubbing.engines.registry import Engines
from dubbing.engines.routes import Hop, translate_along
from dubbing.errors import Rejected
from dubbing.media import sound, takes
from dubbing.model.audio import MASTER_RATE_HZ, Audio
from dubbing.model.dub import OWN
from dubbing.model.job import OwnVoice
from dubbing.store.artifacts import ArtifactStore, key_of, read_json, write_json
from voices import Consent, Gender, Voice, recording_of

_BATCH = 4  # lines between two commits: what a crash may cost, against engines that batch


@dataclass(frozen=True, slots=True)
class Take:
    """One line spoken, silence trimmed: mono 16-bit WAV at 48 kHz."""

    file: Path
    duration_ms: int

    def audio(self) -> Audio:
        return sound.read(self.file)


def translate(
    engines: Engines,
    store: ArtifactStore,
    route: tuple[Hop, ...],
    requests: Sequence[TranslationRequest],
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[Translation]:
    """The translations of requests along a route, in order.

    Each hop is cached on its own: the way to a pivot language is gone once for all languages behind it.
    """
    cached = _CachedTranslators(engines, store)
    translations: list[Translation] = []
    progress(0, len(requests))
    for start in range(0, len(requests), _BATCH):
        translations += translate_along(cached, route, requests[start : start + _BATCH])
        progress(len(translations), len(requests))
    return translations


@dataclass(frozen=True, slots=True)
class _CachedTranslators:
    """Translators that are loaded and asked only for what they have not translated before."""

    engines: Engines
    store: ArtifactStore

    @contextmanager
    def translator(self, name: str) -> Iterator[_CachedTranslator]:
        yield _CachedTranslator(self.engines, self.store, name)


@dataclass(frozen=True, slots=True)
class _CachedTranslator:
    engines: Engines
    store: ArtifactStore
    name: str

    def translate(
        self, requests: Sequence[TranslationRequest], source: str, target: str
    ) -> list[Translation]:
        info = self.engines.info(Port.TRANSLATOR, self.name)
        if not info.reads_scenes:
            requests = [replace(request, scene=Scene()) for request in requests]
        keys = [
            key_of(
                "line",
                3,
                engine=self.name,
                revision=info.revision,
                source=source,
                target=target,
                request=request,
            )
            for request in requests
        ]
        missing = {key: r for key, r in zip(keys, requests, strict=True) if key not in self.store}
        if missing:
            with self.engines.translator(self.name) as engine:
                made = engine.translate(list(missing.values()), source, target)
            for key, translation in zip(missing, made, strict=True):
                _save(self.store, key, translation)
        return [read_json(self.store.path(key) / "translation.json", Translation) for key in keys]


def refuse_voice(where: str, voice: Voice) -> None:
    """Raises Rejected for a voice that may not speak today: it clones somebody who has not allowed it."""
    if refusal := voice.refusal():
        raise Rejected(
            where,
            found=f"{voice.name!r}, but {refusal}",
            expected="a voice that may be used today",
            remedy="Put the consent into the voice's entry, or choose another voice.",
        )


def own_voice(character: str, allowed: OwnVoice, pitch_hz: float = 0.0, sha256: str = "") -> Voice:
    """A character's own voice, to be cloned from a recording of that digest."""
    return Voice(
        name=OWN,
        engine="",
        engine_voice="",
        languages=(),
        gender=Gender.of_pitch(pitch_hz),
        pitch_hz=pitch_hz,
        licence="LicenseRef-consent",
        consent=Consent(allowed.person, allowed.purpose, allowed.until),
        reference=f"{character}.wav",
        reference_sha256=sha256,
    )


def speak(
    engines: Engines,
    store: ArtifactStore,
    synthesizer: str,
    voice: Voice,
    text: str,
    language: str,
    speed: float,
    recording: Path | None = None,
) -> Take:
    """A line spoken at a speed. Raises Rejected for a voice that may not speak.

    `recording` is what a voice is cloned from that is in no bank.
    """
    refuse_voice("voice", voice)
    key = key_of(
        "take",
        1,
        engine=synthesizer,
        revision=engines.info(Port.SYNTHESIZER, synthesizer).revision,
        voice=voice,
        text=text,
        language=language,
        speed=speed,
    )

    def make(folder: Path) -> None:
        with engines.synthesizer(synthesizer) as engine:
            name = voice.engine_voice
            if voice.reference:
                name = str(recording or recording_of(voice))
            spoken = engine.synthesize(text, language, name, speed)
        take = sound.resample(takes.trim(spoken), MASTER_RATE_HZ)
        sound.write(folder / "take.wav", take)
        write_json(folder / "duration_ms.json", take.duration_ms)

    folder = store.get_or_make(key, make)
    return Take(folder / "take.wav", read_json(folder / "duration_ms.json", int))


def _save(store: ArtifactStore, key: str, translation: Translation) -> None:
    store.get_or_make(key, lambda folder: write_json(folder / "translation.json", translation))
