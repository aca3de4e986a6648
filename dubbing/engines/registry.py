"""The one table of engines, and those that are loaded in this process."""

from __future__ import annotations

import importlib
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from importlib import metadata
from types import TracebackType
from typing import Any, Self, cast

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
from dubbing.errors import Rejected

# Port -> family -> (module, class, models). The module is imported when the engine is asked for.
_TABLE: Mapping[Port, Mapping[str, tuple[str, str, tuple[str, ...]]]] = {
    Port.SEPARATOR: {
        "none": ("ducking", "NoSeparation", ()),
        "demucs": ("demucs", "DemucsSeparator", ("htdemucs",)),
        "fake": ("fakes", "FakeSeparator", ()),
    },
    Port.DIARIZER: {
        "dvector": ("dvector", "DVectorDiarizer", ()),
        "pyannote": ("pyannote", "PyannoteDiarizer", ("community-1",)),
        "fake": ("fakes", "FakeDiarizer", ()),
    },
    Port.TRANSCRIBER: {
        "faster-whisper": ("faster_whisper", "FasterWhisper", ("base", "large-v3", "turbo")),
        "sensevoice": ("sensevoice", "SenseVoice", ("small",)),
        "openai-whisper": ("openai_whisper", "OpenAIWhisper", ("base", "large-v3", "turbo")),
        "fake": ("fakes", "FakeTranscriber", ()),
    },
    Port.TRANSLATOR: {
        "llama": ("llama_translator", "LlamaTranslator", ("qwen2.5-coder-1.5b",)),
        "bergamot": ("bergamot", "BergamotTranslator", ("base",)),
        "nllb": ("seq2seq", "nllb", ("600m", "3.3b")),
        "m2m100": ("seq2seq", "m2m100", ("418m",)),
        "opus-mt": ("seq2seq", "opus_mt", ("zh-en",)),
        "fake": ("fakes", "FakeTranslator", ()),
    },
    Port.SYNTHESIZER: {
        "kokoro": ("kokoro", "KokoroSynthesizer", ("82m",)),
        "xtts": ("xtts", "XttsSynthesizer", ("v2",)),
        "espeak-ng": ("espeak", "EspeakSynthesizer", ()),
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
    if name not in names(port):
        raise Rejected(
            f"profile, {port}",
            found=repr(name),
            expected=f"one of {', '.join(names(port))}",
            remedy="Name one of these engines in the profile.",
        )
    family, _, model = name.partition(":")
    module, kind, _ = _TABLE[port][family]
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

    load_s: float = 0.0
    busy_s: float = (
        0.0  # with at least one call under way: calls that wait for each other count once
    )
    calls: int = 0


class Engines:
    """The engines of this process: each loaded once, on first use, and kept until the end.

    Threads that ask for the same engine while it loads wait for it; other engines load meanwhile.
    """

    def __init__(self) -> None:
        self.usage: dict[str, Usage] = {}
        self._known: dict[tuple[Port, str], Engine] = {}
        self._loaded: set[tuple[Port, str]] = set()
        self._under_way: dict[tuple[Port, str], tuple[int, float]] = {}  # calls, and since when
        self._locks: dict[tuple[Port, str], threading.Lock] = {}
        self._lock = threading.Lock()
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def info(self, port: Port, name: str) -> EngineInfo:
        return self._engine(port, name).info

    def hub(self, port: Port, name: str) -> HubModel | None:
        """The model that an engine has from a hub; nothing is loaded."""
        return hub_of(self._engine(port, name))

    def pairs(self, name: str) -> Mapping[tuple[str, str], float]:
        """The language pairs a translator declares; its weights are not loaded."""
        return cast("Translator", self._engine(Port.TRANSLATOR, name)).pairs

    def same_person(self, name: str) -> float:
        """The similarity at which a diarizer's voiceprints are one person's; nothing is loaded."""
        return cast("Diarizer", self._engine(Port.DIARIZER, name)).same_person

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
        engine = self._load(port, name)
        with self._lock:
            calls, since_s = self._under_way.get((port, name), (0, time.perf_counter()))
            self._under_way[port, name] = calls + 1, since_s
        try:
            yield engine
        finally:
            with self._lock:
                usage = self.usage[f"{port} {name}"]
                usage.calls += 1
                calls, since_s = self._under_way.pop((port, name))
                if calls > 1:
                    self._under_way[port, name] = calls - 1, since_s
                else:
                    usage.busy_s += time.perf_counter() - since_s

    def _engine(self, port: Port, name: str) -> Engine:
        with self._lock:
            if (port, name) not in self._known:
                self._known[port, name] = create(port, name)
                self._locks[port, name] = threading.Lock()
                self.usage[f"{port} {name}"] = Usage()
            return self._known[port, name]

    def _load(self, port: Port, name: str) -> Engine:
        engine = self._engine(port, name)
        with self._locks[port, name]:
            if (port, name) not in self._loaded:
                started_s = time.perf_counter()
                self._stack.enter_context(engine)
                self.usage[f"{port} {name}"].load_s = time.perf_counter() - started_s
                self._loaded.add((port, name))
        return engine
