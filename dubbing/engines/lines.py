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
from dubbing.engines.translating import completeness
from dubbing.engines.translating.routes import Hop, translate_along
from dubbing.errors import Rejected
from dubbing.formats.chinese_script import working_text
from dubbing.media import sound, takes
from dubbing.model.audio import MASTER_RATE_HZ, Audio
from dubbing.model.dub import OWN
from dubbing.model.job import OwnVoice
from dubbing.store.artifacts import ArtifactStore, key_of, read_json, write_json
from voices import Consent, Gender, Voice, recording_of


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
    whole_in: tuple[str, str] | None = None,
) -> list[Translation]:
    """The translations of requests along a route, in order.

    Each hop is cached on its own: the way to a pivot language is gone once for all languages behind it. An engine
    is given as many lines at once as it wants; what it has made of them is kept before it is given more.

    With `whole_in`, the languages (BCP-47) of source and target, a translation that seems to lack a part is asked
    for again part by part, and that is taken if it is nearer in meaning to all that is said.
    """
    requests = [_as_worked_with(request, route[0].source) for request in requests]
    cached = _CachedTranslators(engines, store, len(route) * len(requests), progress)
    translations = translate_along(cached, route, requests)
    if whole_in is not None:
        translations = _whole(cached, route, requests, translations, whole_in)
    progress(cached.total, cached.total)
    return translations


def _whole(
    cached: _CachedTranslators,
    route: tuple[Hop, ...],
    requests: Sequence[TranslationRequest],
    translations: Sequence[Translation],
    languages: tuple[str, str],
) -> list[Translation]:
    """Translations of which none lacks a part, as far as asking again part by part can have that."""
    whole = list(translations)
    for index, (request, translation) in enumerate(zip(requests, translations, strict=True)):
        if not completeness.lacks(request.text, translation.text, *languages):
            continue
        parts = completeness.parts(request.text, translation.text, languages[0])
        said = translate_along(cached, route, [replace(request, text=part) for part in parts])
        together = completeness.joined(said, languages[1])
        # What says the same twice is no more whole.
        if len({one.text for one in said}) == len(said) > 1 and completeness.is_nearer(
            request.text, together.text, translation.text
        ):
            whole[index] = together
    return whole


def _as_worked_with(request: TranslationRequest, source: str) -> TranslationRequest:
    """A request in simplified characters, which translators know best; as it is if it isn't Chinese."""
    terms = tuple(replace(t, source=working_text(t.source, source)) for t in request.terms)
    scene = replace(
        request.scene,
        before=tuple(working_text(text, source) for text in request.scene.before),
        after=tuple(working_text(text, source) for text in request.scene.after),
    )
    text = working_text(request.text, source)
    return replace(request, text=text, terms=terms, scene=scene)


@dataclass(slots=True)
class _CachedTranslators:
    """Translators that are loaded and asked only for what they have not translated before."""

    engines: Engines
    store: ArtifactStore
    total: int  # lines to translate, each once for every hop
    progress: Callable[[int, int], None]
    done: int = 0

    @contextmanager
    def translator(self, name: str) -> Iterator[_CachedTranslator]:
        yield _CachedTranslator(self, name)

    def tell(self, lines: int) -> None:
        """So many more are done. A line that has to be asked for again, shorter, is done already."""
        self.done = min(self.done + lines, self.total)
        self.progress(self.done, self.total)


@dataclass(frozen=True, slots=True)
class _CachedTranslator:
    of: _CachedTranslators
    name: str

    def translate(
        self, requests: Sequence[TranslationRequest], source: str, target: str
    ) -> list[Translation]:
        engines, store = self.of.engines, self.of.store
        info = engines.info(Port.TRANSLATOR, self.name)
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
        wanted = {key: r for key, r in zip(keys, requests, strict=True) if key not in store}
        self.of.tell(len(requests) - len(wanted))
        for first in range(0, len(wanted), info.lines_at_once):
            some = list(wanted)[first : first + info.lines_at_once]
            # Two languages with the same pivot ask for the same lines at the same time.
            with engines.lock(some[0]):
                if missing := [key for key in some if key not in store]:
                    with engines.translator(self.name) as engine:
                        made = engine.translate([wanted[key] for key in missing], source, target)
                    for key, translation in zip(missing, made, strict=True):
                        _save(store, key, translation)
            self.of.tell(len(some))
        return [read_json(store.path(key) / "translation.json", Translation) for key in keys]


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
