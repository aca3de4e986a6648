"""How a large chat model is asked to translate a line of a series, with what is known around it.

One line a request: what the lines around it are is said in the request itself, so that a line becomes the
same whichever others are asked for with it, and a server that batches has them all at once. The answer is
a JSON object, which the server is told to hold the model to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dubbing.engines.ports import Scene
from dubbing.engines.translating.translation_prompt import language_name
from dubbing.model.episode import Term

# Raised when the same request would be put in other words, or its answer judged otherwise.
VERSION = 2

# What `response_format` holds an answer to; `Answer` in endpoint.py reads it.
ANSWER: dict[str, Any] = {
    "type": "json_schema",
    "json_schema": {
        "name": "line",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"line": {"type": "string"}},
            "required": ["line"],
            "additionalProperties": False,
        },
    },
}


def instruction(source: str, target: str) -> str:
    """The system message for lines from a BCP-47 tag to another: the same for all of them."""
    into = language_name(target)
    return (
        f"You translate the dialogue of a drama series from {language_name(source)} into {into}, to be "
        f"spoken by actors and read as subtitles: natural spoken {into}, as short as the original, with "
        "nothing added. Translate the given line only; what stands around it is there to be understood. "
        "Where a glossary is given, use its words exactly as they are written there. "
        'Answer with a JSON object: {"line": "the translation"}.'
    )


def question(
    line: str, terms: Sequence[Term] = (), scene: Scene | None = None, faults: Sequence[str] = ()
) -> str:
    """The message that asks for a line; `faults` are those of the translation that was given before."""
    scene = scene or Scene()
    said = [
        *_block("Lines before it:", scene.before),
        *_block("Lines after it:", scene.after),
        *_block(
            "Lines like it, as people translated them:", [f"{a} = {b}" for a, b in scene.similar]
        ),
        *_block("How it is to be said:", scene.notes),
    ]
    if scene.speaker or scene.gender:
        who = [scene.speaker, f"a {scene.gender} voice" if scene.gender else ""]
        said.append(f"Said by: {', '.join(part for part in who if part)}")
    said += _block("Glossary:", [_entry(term) for term in terms])
    said += _block("A translation was refused, since there was:", faults)
    return "\n".join([*said, "The line:", line])


def shortening(language: str) -> str:
    """The system message for lines to be said in fewer words."""
    return (
        f"You shorten lines of a drama series in {language_name(language)} so that they can be said in "
        "the time there is. Keep what matters, names above all, and leave out the rest. "
        'Answer with a JSON object: {"line": "the shorter line"}.'
    )


def too_long(line: str, max_chars: int, terms: Sequence[Term] = ()) -> str:
    """The message that asks for a line in fewer words. `terms` are those that are to stay in it."""
    kept = _block("Words to keep:", [term.target for term in terms])
    return "\n".join([*kept, f"At most {max_chars} characters; now {len(line)}:", line])


def _block(title: str, lines: Sequence[str]) -> list[str]:
    return [title, *(f"- {line}" for line in lines)] if lines else []


def _entry(term: Term) -> str:
    return f"{term.source} = {term.target}" + (f" ({term.note})" if term.note else "")
