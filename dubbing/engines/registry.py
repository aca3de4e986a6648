"""The table of all engines, and the engines loaded in this process."""

from __future__ import annotations

import importlib
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from importlib import metadata
from typing import Any, Self, cast
from weakref import WeakValueDictionary

from dubbing.engines import devices
from dubbing.engines.hub import HubModel
from dubbing.engines.ports import (
    Diarizer,
    Engine,
    EngineInfo,
    Port,
    Separator,
    Synthesizer,
    Transcriber,
    Translator,
)
from dubbing.engines.residency import Place, Residency
from dubbing.errors import ProcessBroken, Rejected

_ANY = "<model>"  # in place of a family's models: whatever a profile names
# Port -> family -> (module, class, models). The module is imported when the engine is asked for.
_TABLE: Mapping[Port, Mapping[str, tuple[str, str, tuple[str, ...]]]] = {
    Port.SEPARATOR: {
        "none": ("separating.ducking", "NoSeparation", ()),
        "demucs": ("separating.demucs", "DemucsSeparator", ("htdemucs",)),
        "fake": ("fakes", "FakeSeparator", ()),
    },
    Port.DIARIZER: {
        "dvector": ("diarizing.dvector", "DVectorDiarizer", ()),
        "pyannote": ("diarizing.pyannote", "PyannoteDiarizer", ("community-1",)),
        "fake": ("fakes", "FakeDiarizer", ()),
    },
    Port.TRANSCRIBER: {
        "faster-whisper": (
            "transcribing.faster_whisper",
            "FasterWhisper",
            ("base", "large-v3", "turbo"),
        ),
        "sensevoice": ("transcribing.sensevoice", "SenseVoice", ("small",)),
        "openai-whisper": (
            "transcribing.openai_whisper",
            "OpenAIWhisper",
            ("base", "large-v3", "turbo"),
        ),
        "fake": ("fakes", "FakeTranscriber", ()),
    },
    Port.TRANSLATOR: {
        "llama": ("translating.llama_translator", "LlamaTranslator", ("qwen2.5-coder-1.5b",)),
        "bergamot": ("translating.bergamot", "BergamotTranslator", ("base",)),
        "nllb": ("translating.seq2seq", "nllb", ("600m", "3.3b")),
        "m2m100": ("translating.seq2seq", "m2m100", ("418m",)),
        "madlad": ("translating.seq2seq", "madlad", ("3b",)),
        "opus-mt": ("translating.seq2seq", "opus_mt", ("zh-en",)),
        "openai": ("translating.endpoint", "EndpointTranslator", (_ANY,)),
        "fake": ("fakes", "FakeTranslator", ()),
    },
    Port.SYNTHESIZER: {
        "kokoro": ("synthesizing.kokoro", "KokoroSynthesizer", ("82m",)),
        "xtts": ("synthesizing.xtts", "XttsSynthesizer", ("v2",)),
        "mms": ("synthesizing.mms", "MmsSynthesizer", ("tts",)),
        "espeak-ng": ("synthesizing.espeak", "EspeakSynthesizer", ()),
        "fake": ("fakes", "FakeSynthesizer", ()),
    },
}


def names(port: Port) -> list[str]:
    """All engines of a port, as profiles write them."""
    return [
        f"{family}:{model}" if model else family
        for family, (_, _, models) in _TABLE[port].items()
        for model in models or ("",)
    ]


def create(port: Port, name: str) -> Engine:
    """An engine, not yet loaded. Raises Rejected for a name that is not in the table."""
    family, _, model = name.partition(":")
    module, kind, models = _TABLE[port].get(family, ("", "", ()))
    if name not in names(port) and not (model and _ANY in models):
        raise Rejected(
            f"profile, {port}",
            found=repr(name),
            expected=f"one of {', '.join(names(port))}",
            remedy="Name one of these engines in the profile.",
        )
    factory = getattr(importlib.import_module(f"dubbing.engines.{module}"), kind)
    return cast("Engine", factory(model) if model else factory())


def missing(info: EngineInfo) -> list[str]:
    """The packages an engine needs that are not installed."""
    absent = []
    for distribution in info.distributions:
        try:
            metadata.version(distribution)
        except metadata.PackageNotFoundError:
            absent.append(distribution)
    return absent


def hub_of(engine: Engine) -> HubModel | None:
    """The model that an engine has from a hub, if that is where it is from."""
    hub = getattr(engine, "hub", None)
    return hub if isinstance(hub, HubModel) else None


@dataclass(slots=True)
class Usage:
    """How long an engine was at work in this process."""

    load_s: float = 0.0  # in all
    loads: int = 0
    busy_s: float = (
        0.0  # with at least one call under way: calls that wait for each other count once
    )
    calls: int = 0


@dataclass(slots=True)
class _Known:
    """An engine that was asked for, and the calls of it that are under way, since when."""

    engine: Engine
    place: Place
    calls: int = 0
    since_s: float = 0.0


class Engines:
    """The engines of this process: each loaded on first use, and kept while there is memory for it.

    Threads that ask for the same engine while it loads wait for it; other engines load meanwhile.
    """

    def __init__(self, memory_mb: int | None = None) -> None:
        """`memory_mb` is what they may take together; None: a GPU's, and without one as much as they ask for."""
        self.usage: dict[str, Usage] = {}
        self.broken: ProcessBroken | None = None  # the first; from then on nothing works here
        self.residency = Residency(
            devices.budget_mb() if memory_mb is None else memory_mb, self._note_load
        )
        self._known: dict[tuple[Port, str], _Known] = {}
        self._locks: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self.broken is None:  # else the driver has taken all of it, and answers nothing
            self.residency.clear()

    def lock(self, key: str) -> threading.Lock:
        """This process's one lock for what has that key: who would make the same waits, and finds it made."""
        with self._lock:
            return self._locks.setdefault(key, threading.Lock())

    def resident_mb(self, name: str) -> int | None:
        """What an engine of `usage` takes now; None for one that is not loaded."""
        with self._lock:
            places = [known.place for known in self._known.values()]
        return next((p.memory_mb for p in places if p.name == name and p.is_loaded), None)

    def info(self, port: Port, name: str) -> EngineInfo:
        return self._engine(port, name).engine.info

    def hub(self, port: Port, name: str) -> HubModel | None:
        """The model that an engine has from a hub; nothing is loaded."""
        return hub_of(self._engine(port, name).engine)

    def pairs(self, name: str) -> Mapping[tuple[str, str], float]:
        """The language pairs a translator declares; its weights are not loaded."""
        return cast("Translator", self._engine(Port.TRANSLATOR, name).engine).pairs

    def same_person(self, name: str) -> float:
        """The similarity at which a diarizer's voiceprints are one person's; nothing is loaded."""
        return cast("Diarizer", self._engine(Port.DIARIZER, name).engine).same_person

    def separator(self, name: str) -> AbstractContextManager[Separator]:
        return self._using(Port.SEPARATOR, name)

    def diarizer(self, name: str) -> AbstractContextManager[Diarizer]:
        return self._using(Port.DIARIZER, name)

    def transcriber(self, name: str) -> AbstractContextManager[Transcriber]:
        return self._using(Port.TRANSCRIBER, name)

    def translator(self, name: str) -> AbstractContextManager[Translator]:
        return self._using(Port.TRANSLATOR, name)

    def synthesizer(self, name: str) -> AbstractContextManager[Synthesizer]:
        return self._using(Port.SYNTHESIZER, name)

    @contextmanager
    def _using(self, port: Port, name: str) -> Iterator[Any]:
        known = self._engine(port, name)
        with self._unbroken(known), self.residency.using(known.place):
            with self._lock:
                known.since_s = known.since_s if known.calls else time.perf_counter()
                known.calls += 1
            try:
                yield known.engine
            finally:
                with self._lock:
                    usage = self.usage[known.place.name]
                    usage.calls += 1
                    known.calls -= 1
                    if not known.calls:
                        usage.busy_s += time.perf_counter() - known.since_s

    @contextmanager
    def _unbroken(self, known: _Known) -> Iterator[None]:
        """Raises ProcessBroken for what leaves a process that nothing can be done in any more."""
        if self.broken is not None:
            raise ProcessBroken(str(self.broken))
        try:
            yield
        except Exception as error:
            if isinstance(error, ProcessBroken) or not devices.is_lost(error):
                raise
            broken = ProcessBroken(f"{known.place.name}: {error}".strip())
            with self._lock:
                self.broken = self.broken or broken
            raise broken from error

    def _engine(self, port: Port, name: str) -> _Known:
        with self._lock:
            if (port, name) not in self._known:
                engine = create(port, name)
                place = self.residency.place(engine, f"{port} {name}")
                self._known[port, name] = _Known(engine, place)
                self.usage[place.name] = Usage()
            return self._known[port, name]

    def _note_load(self, place: Place, load_s: float) -> None:
        usage = self.usage[place.name]
        usage.load_s += load_s
        usage.loads += 1
