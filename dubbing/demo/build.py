"""Makes the demo's release folder, and the truth about it."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from dubbing.demo.picture import Subtitle, render_episode
from dubbing.demo.series import Scene, Series, load_series
from dubbing.demo.soundtrack import make_soundtrack
from dubbing.engines.synthesizing.kokoro import KokoroSynthesizer
from dubbing.formats.digest import sha256_of
from dubbing.media.sound import to_16_bit
from dubbing.model.audio import Audio
from voices import VoiceBank

Progress = Callable[[str, int, int], None]  # what is done, how much of it, of how much

_SPEAKERS = 2  # lines spoken side by side, each on one core
_STEPS_AFTER_SPEECH = 2  # an episode's sound, and its picture


@dataclass(frozen=True, slots=True)
class Demo:
    release: Path  # the folder, as `dub run` takes it
    truth: Path  # JSON: what is said when by whom; hidden, and not part of the release
    built: bool  # False: all was there already


def build_demo(
    out: Path,
    progress: Progress = lambda _what, _done, _total: None,
    *,
    series: Series | None = None,
) -> Demo:
    """Makes a series (the shipped one by default) as a release in `out`, unless it is there already.

    The truth is a list of lines by episode: its number, speaker, text, and start and end in ms. Files
    are replaced one by one, each at once; what else lies in the release folder is left alone.
    """
    series = series or load_series()
    folder = out / series.release
    demo = Demo(folder, out / f".{series.release}.truth.json", built=True)
    digest = _digest(series)
    if _stamp(demo.truth, folder) == digest:
        return Demo(demo.release, demo.truth, built=False)
    folder.mkdir(parents=True, exist_ok=True)
    takes = _speak(series, progress)
    total = _STEPS_AFTER_SPEECH * len(series.episodes)
    truth = []
    for index, scene in enumerate(series.episodes):
        progress("Mixing and drawing", _STEPS_AFTER_SPEECH * index, total)
        soundtrack = make_soundtrack(
            scene, [takes[scene.number, i] for i, _ in enumerate(scene.lines)]
        )
        progress("Mixing and drawing", _STEPS_AFTER_SPEECH * index + 1, total)
        subtitles = [
            Subtitle(line.speaker, span, line.text)
            for line, span in zip(scene.lines, soundtrack.spans, strict=True)
        ]
        with _replacing(folder / _video(scene)) as partial:
            render_episode(series, scene, subtitles, soundtrack.audio, partial)
        truth.append(
            {
                "number": scene.number,
                "duration_ms": soundtrack.audio.duration_ms,
                "lines": [
                    {"number": i, "speaker": s.speaker, "text": s.text, **asdict(s.span)}
                    for i, s in enumerate(subtitles, 1)
                ],
            }
        )
    progress("Mixing and drawing", total, total)
    _write(folder / "glossary.csv", _glossary(series))
    _write(folder / "release.json", _release(series))
    files = {path.name: sha256_of(path) for path in _files(series, folder)}
    # Written last: only what it vouches for counts as built.
    _write(demo.truth, _json({"inputs": digest, "files": files, "episodes": truth}))
    return demo


def _speak(series: Series, progress: Progress) -> dict[tuple[int, int], Audio]:
    """Every line's take, by episode and place in it."""
    bank = VoiceBank.shipped()
    voices = {person.name: bank.get(person.voice).engine_voice for person in series.characters}
    lines = {
        (scene.number, i): line for scene in series.episodes for i, line in enumerate(scene.lines)
    }
    takes: dict[tuple[int, int], Audio] = {}
    with KokoroSynthesizer() as kokoro, ThreadPoolExecutor(_SPEAKERS) as pool:
        speaking = pool.map(
            lambda line: kokoro.synthesize(
                line.text, series.source_language, voices[line.speaker], 1.0
            ),
            lines.values(),
        )
        for done, (place, take) in enumerate(zip(lines, speaking, strict=True), 1):
            # Held as a WAV file would hold it, so that the last bits of a float don't matter.
            takes[place] = Audio((to_16_bit(take) / 32768).astype("float32"), take.rate_hz)
            progress("Speaking", done, len(lines))
    return takes


def _release(series: Series) -> bytes:
    return _json(
        {
            "schema": 1,
            "release": series.release,
            "title": series.title,
            "source_language": series.source_language,
            "episodes": [{"number": s.number, "video": _video(s)} for s in series.episodes],
            "glossary": "glossary.csv",
        }
    )


def _glossary(series: Series) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("source", "language", "target", "note"))
    for term in series.terms:
        for language, target in term.targets.items():
            writer.writerow((term.source, language, target, term.note))
    return text.getvalue().encode("utf-8")


def _video(scene: Scene) -> str:
    return f"ep{scene.number:02d}.mp4"


def _files(series: Series, folder: Path) -> list[Path]:
    names = [*(_video(scene) for scene in series.episodes), "glossary.csv", "release.json"]
    return [folder / name for name in names]


def _stamp(truth: Path, folder: Path) -> str | None:
    """The digest of the inputs that the files there were made from; None if one is missing or changed."""
    if not truth.is_file():
        return None
    document = json.loads(truth.read_bytes())
    for name, sha256 in document["files"].items():
        if not (folder / name).is_file() or sha256_of(folder / name) != sha256:
            return None
    return str(document["inputs"])


def _digest(series: Series) -> str:
    """Of all that the series is made from: the scene, the voices, the engine, and this package's code."""
    code = [sha256_of(path) for path in sorted(Path(__file__).parent.glob("*.py"))]
    voices = [f"{voice.name}={voice.engine_voice}" for voice in VoiceBank.shipped()]
    parts = [repr(series), KokoroSynthesizer().info.revision, *voices, *code]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    """A temporary name beside `target`, which takes its place once all of it is written."""
    partial = target.with_name(f".{target.name}.part")
    try:
        yield partial
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _write(target: Path, content: bytes) -> None:
    with _replacing(target) as partial:
        partial.write_bytes(content)


def _json(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=2).encode("utf-8") + b"\n"
