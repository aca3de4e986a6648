"""Endpoints that speak OpenAI's language, on this machine: a real model's, and one that says what it is told."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from dubbing.engines.translating.llama import threads_that_sleep
from dubbing.engines.translating.llama_translator import MODEL

# What a request (its JSON, and the number of those before it) is answered: a status, headers, a body.
Answering = Callable[[dict[str, Any], int], tuple[int, dict[str, str], Any]]


@contextmanager
def qwen() -> Iterator[str]:
    """The address of a llama.cpp server with the embedded default's model."""
    with threads_that_sleep():
        import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(MODEL.path())
    params.hostnames = ["127.0.0.1"]
    params.n_ctx = 4096
    params.n_parallel = 1
    params.cache_prompt = False  # each prompt is read whole: the same answer, whatever was before
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = os.cpu_count() or 1
    params.n_predict = 96  # at most, whatever is asked for: lines are short, and tests too
    params.warmup = False
    params.verbosity = -1
    server = xllamacpp.Server(params)
    # A server that is told to end before its loop has begun never ends.
    server.handle_completions({"prompt": " ", "n_predict": 0})
    yield f"{server.listening_address}/v1"
    del server


@contextmanager
def scripted(answering: Answering) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The address of an endpoint that answers as it is told, and what it was asked, with the key used."""
    asked: list[dict[str, Any]] = []
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            request["key"] = self.headers["Authorization"]
            with lock:
                asked.append(request)
                number = len(asked) - 1
            status, headers, body = answering(request, number)
            data = json.dumps(body).encode()
            try:
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
            except OSError:
                pass  # whoever asked did not wait

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def says(content: str, finish: str = "stop") -> tuple[int, dict[str, str], Any]:
    """An answer of one message."""
    choice = {
        "index": 0,
        "finish_reason": finish,
        "message": {"role": "assistant", "content": content},
    }
    return 200, {}, {
        "id": "1", "object": "chat.completion", "created": 1, "model": "any", "choices": [choice],
    }  # fmt: skip


def line(text: str) -> tuple[int, dict[str, str], Any]:
    """An answer as it is asked for."""
    return says(json.dumps({"line": text}))
