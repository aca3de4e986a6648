"""What the video is: its picture, its sound, its length. Refuses what can't be localized, before any work."""

from __future__ import annotations

import importlib.util
import tempfile
from dataclasses import dataclass
from pathlib import Path

from dubbing.engines import vad
from dubbing.media import sound, stems
from dubbing.media.channels import mono
from dubbing.media.inspecting import probe
from dubbing.media.soundtrack import extract_audio
from dubbing.model.audio import SPEECH_RATE_HZ, Audio
from dubbing.model.episode import MediaInfo
from dubbing.stages import From, Leaf, Per, Read, Stage, Work
from dubbing.store.artifacts import write_json

NAME, VERSION = "probe", 2
STAGE = Stage(
    per=Per.EPISODE,
    reads=(Read("video", From.RELEASE), Read("bed", From.RELEASE, optional=True)),
    leaves=(Leaf("media.json", MediaInfo),),
    reported=True,
)


@dataclass(frozen=True, slots=True)
class Settings:
    language: str  # that is spoken in it: of several soundtracks it tells which one is heard


def run(work: Work, settings: Settings) -> None:
    found = examined(work.inputs["video"], settings.language, work.inputs.get("bed"))
    write_json(work.out / "media.json", found)


def examined(video: Path, language: str, bed: Path | None = None) -> MediaInfo:
    """What is known of an episode's files before any work. Raises Rejected for what can't be localized."""
    # The detector comes with the embedded engines; without them, tags and flags decide alone.
    hears = importlib.util.find_spec("faster_whisper") is not None
    info = probe(video, language, speech_share=speech_share if hears else None)
    if bed is not None:
        with tempfile.TemporaryDirectory(prefix="dubbing-probe-") as folder:
            extract_audio(video, Path(folder) / "source.wav", info)
            source = sound.read(Path(folder) / "source.wav")
        heard = sound.resample(mono(source), SPEECH_RATE_HZ)
        stems.refuse_foreign(bed, source, vad.speech_spans(heard) if hears else None)
    return info


def speech_share(speech: Audio) -> float:
    """The share of mono sound at 16 kHz in which somebody speaks, 0 to 1."""
    spoken_ms = sum(span.duration_ms for span in vad.speech_spans(speech))
    return spoken_ms / max(1, speech.duration_ms)
