"""A chat model on llama.cpp whose answer depends on its prompt and on nothing that went before.

llama.cpp keeps what it has read and reads only what differs. How a token is computed depends, in the
last bits, on which others are read together with it, and in a close call those bits choose another word.
So every prompt has a prefix that many prompts share, and is read the same way each time: the cache is
first cut back to the prefix, then the rest is read in one go. That costs one token, and makes a run that
was interrupted give the same text, byte for byte, as one that was not.
"""

from __future__ import annotations

import math
import os
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from dubbing.errors import Defect

_PREFIXES = 4  # kept read at a time, each in a slot of its own
_SLOT_TOKENS = 1536
_MARKS = ("<|im_start|>", "<|im_end|>", "<|endoftext|>")


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation in ChatML."""

    role: str  # system, user or assistant
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    text: str
    complete: bool  # False where it was cut off at the most tokens allowed
    confidence: float  # 0 to 1: the geometric mean of its tokens' probabilities


class Llama:
    """A model file, loaded while the context manager is open. Calls from several threads take turns."""

    def __init__(self, model: Path, *, threads: int | None = None) -> None:
        self._model = model
        # Every core: a line takes a third less time than on one of two, and beside a voice that speaks
        # meanwhile as long as on one.
        self._threads = threads or os.cpu_count() or 1
        self._server: Any = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._slots: dict[str, int] = {}  # prefix -> slot; that used longest ago comes first
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        with threads_that_sleep():
            import xllamacpp

        # The library serves HTTP beside: on a socket in a folder of our own, not on a port.
        self._folder = tempfile.TemporaryDirectory(prefix="dubbing-llama-")
        params = xllamacpp.CommonParams()
        params.model.path = str(self._model)
        params.hostnames = [str(Path(self._folder.name) / "unused.sock")]
        params.n_ctx = _PREFIXES * _SLOT_TOKENS
        params.n_parallel = _PREFIXES
        params.cache_ram_mib = 0  # slots alone decide what is remembered
        params.cpuparams.n_threads = self._threads
        params.cpuparams_batch.n_threads = self._threads
        params.warmup = False
        params.verbosity = -1
        self._server = xllamacpp.Server(params)
        # A server that is told to end before its loop has begun never ends: the first answer shows that
        # it has.
        self._complete(0, {"prompt": " ", "n_predict": 0, "cache_prompt": False})
        return self

    def __exit__(self, *error: object) -> None:
        self._server = None
        self._slots = {}
        if self._folder is not None:
            self._folder.cleanup()

    def answer(
        self,
        prefix: Sequence[Message],
        user: str,
        *,
        max_tokens: int,
        grammar: str = "",
    ) -> Answer:
        """The likeliest answer (temperature 0) to a message, as far as its first line end.

        `prefix` are the messages before it; keep them the same for many calls. `grammar` is in GBNF.
        Raises Defect if the model refuses the prompt: prefix, message and answer together have room for
        1536 tokens.
        """
        if self._server is None:
            raise Defect("the model was asked before it was loaded")
        shared = "".join(_marked_up(message) for message in prefix) + "<|im_start|>user\n"
        prompt = shared + _plain(user) + "<|im_end|>\n<|im_start|>assistant\n"
        with self._lock:
            slot = self._read(shared)
            choice = self._complete(
                slot,
                {
                    "prompt": prompt,
                    "n_predict": max_tokens,
                    "temperature": 0.0,
                    "stop": ["\n"],
                    "grammar": grammar,
                    "logprobs": 1,
                },
            )
        return Answer(
            str(choice["text"]).strip(),
            choice["finish_reason"] != "length",
            _confidence(choice.get("logprobs")),
        )

    def _read(self, prefix: str) -> int:
        """The slot whose cache now holds the prefix and nothing else, always computed the same way."""
        slot = self._slots.pop(prefix, None)
        if slot is None:
            slot = len(self._slots)
            if slot == _PREFIXES:
                slot = self._slots.pop(next(iter(self._slots)))
            # What another prefix begins with alike must not be taken over from it.
            self._complete(slot, {"prompt": prefix, "n_predict": 0, "cache_prompt": False})
        self._slots[prefix] = slot
        # Cuts the cache back; the last token of a prompt is read again each time, and alone.
        self._complete(slot, {"prompt": prefix, "n_predict": 0})
        return slot

    def _complete(self, slot: int, request: dict[str, Any]) -> Any:
        answer = self._server.handle_completions({"cache_prompt": True, "id_slot": slot, **request})
        if "choices" not in answer:
            raise Defect(f"llama.cpp refused a prompt: {answer}")
        return answer["choices"][0]


def _marked_up(message: Message) -> str:
    return f"<|im_start|>{message.role}\n{_plain(message.text)}<|im_end|>\n"


def _confidence(told: Any) -> float:
    """The geometric mean of the probabilities of an answer's tokens; 1.0 for an answer without any."""
    said = [float(token["logprob"]) for token in (told or {}).get("content") or ()]
    return round(math.exp(sum(said) / len(said)), 4) if said else 1.0


def _plain(text: str) -> str:
    """Text without what the model would take for the conversation's own marks."""
    for mark in _MARKS:
        text = text.replace(mark, " ")
    return text


@contextmanager
def threads_that_sleep() -> Iterator[None]:
    """Has the OpenMP runtime that is loaded meanwhile let waiting threads sleep.

    They spin otherwise, which on cores that others use too makes a line ten times slower.
    """
    before = os.environ.get("OMP_WAIT_POLICY")
    os.environ["OMP_WAIT_POLICY"] = "passive"
    try:
        yield
    finally:
        if before is None:
            del os.environ["OMP_WAIT_POLICY"]
        else:
            os.environ["OMP_WAIT_POLICY"] = before
