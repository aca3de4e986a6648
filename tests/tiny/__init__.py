"""Models with random weights, in the formats of the published ones: what the engines' own loaders read.

They say nothing sensible. What is tested with them is everything around the sense: loading, languages, batches,
checks, digests. They are tiny, unless a benchmark asks for the published sizes.
"""

from tiny.cache import install
from tiny.listeners import (
    install_demucs,
    install_openai_whisper,
    install_pyannote,
    install_sensevoice,
    install_whisper,
)
from tiny.speakers import SMALL_FREEVC, install_mms, install_xtts, xtts_model
from tiny.translators import install_translator, translator

__all__ = [
    "SMALL_FREEVC",
    "install",
    "install_demucs",
    "install_mms",
    "install_openai_whisper",
    "install_pyannote",
    "install_sensevoice",
    "install_translator",
    "install_whisper",
    "install_xtts",
    "translator",
    "xtts_model",
]
