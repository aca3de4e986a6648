"""Which of a video's soundtracks is the episode's own: by its language, and by where somebody speaks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import langcodes

from dubbing.media import ffmpeg
from dubbing.media.channels import mono
from dubbing.media.clocks import on_its_own_clock
from dubbing.media.probing import StreamHeader
from dubbing.media.sound import parse_wav
from dubbing.model.audio import SPEECH_RATE_HZ, Audio
from dubbing.model.episode import SoundTrack

SpeechShare = Callable[[Audio], float]  # of mono sound at 16 kHz: 0 to 1

_TIMEOUT_S = 120.0
_SPEECHLESS = 0.02  # a share of speech below which a track is music and effects
_SPEAKS = 0.1  # ... if another has this much at least
_CLEARLY_MORE = 1.5
# Titles of tracks that somebody forgot to flag.
_ASIDES = {
    "commentary": ("commentary", "评论", "評論", "解说", "解說"),
    "audio description": ("audio description", "descriptive", "口述影像"),
}


_CHINESE = frozenset({"zh", "yue", "wuu", "nan", "hak", "gan", "hsn", "cjy"})  # of ISO 639-3's zho


@dataclass(frozen=True, slots=True)
class Choice:
    """Which soundtrack is heard. `why` is empty where there is only one."""

    stream: int
    why: str
    tracks: tuple[SoundTrack, ...]


def choose(
    video: Path,
    sounds: Sequence[StreamHeader],
    language: str,
    speech_share: SpeechShare | None,
) -> Choice:
    """The soundtrack to hear of one or more that have sound."""
    known = [track_of(stream) for stream in sounds]
    if len(known) == 1:
        return Choice(known[0].stream, "", tuple(known))
    if speech_share is not None:
        known = [replace(t, speech=_speech(video, t, speech_share)) for t in known]
    heard, why = best(known, language)
    return Choice(heard.stream, why, tuple(known))


def best(tracks: Sequence[SoundTrack], language: str) -> tuple[SoundTrack, str]:
    """The track of the spoken language in which somebody speaks, and why it is that one."""
    own = [t for t in tracks if not t.aside] or list(tracks)
    reasons = ["the others are " + " and ".join(sorted({t.aside for t in tracks if t.aside}))]
    if len(own) == len(tracks):
        reasons = []
    # Where nothing was measured, or nobody speaks anywhere, speech tells nothing.
    spoken = [t for t in own if (t.speech or 0.0) >= _SPEECHLESS]
    if len(spoken) < len(own) and any((t.speech or 0.0) >= _SPEAKS for t in spoken):
        own = spoken
        reasons.append("somebody speaks in it")
    closest = max(closeness(t.language, language) for t in own)
    near = [t for t in own if closeness(t.language, language) == closest]
    if len(near) < len(own):
        own = near
        said = f"it is tagged {own[0].language}" if own[0].language else "it has no other language"
        reasons.append(said)
    most = max(t.speech or 0.0 for t in own)
    most_spoken = [t for t in own if (t.speech or 0.0) * _CLEARLY_MORE >= most]
    if len(most_spoken) < len(own):
        own = most_spoken
        reasons.append("it has the most speech")
    chosen = min(own, key=lambda t: (not t.default, t.stream))
    if len(own) > 1 or not reasons:
        reasons.append("it is the default" if chosen.default else "it comes first")
    return chosen, f"stream {chosen.stream} of {len(tracks)} is heard: {', '.join(reasons)}"


def track_of(stream: StreamHeader) -> SoundTrack:
    title = stream.tags.title
    tag = stream.tags.language.strip().lower()
    return SoundTrack(
        stream=stream.index,
        codec=stream.codec_name,
        rate_hz=int(stream.sample_rate),
        channels=stream.channels,
        default=bool(stream.disposition.default),
        language="" if tag == "und" else tag,
        title=title,
        aside=_aside(stream, title.lower()),
    )


def closeness(tag: str, language: str) -> int:
    """How well a track's tag fits the language that is spoken: 3 it is the same, 2 a sister, 1 unknown, 0 another.

    Tags are whatever files carry: `zho`, `chi`, `cmn`, `zh-CN`, `zh_TW`. Cantonese is a sister of Mandarin.
    """
    if not tag or not language:
        return 1
    try:
        found = langcodes.Language.get(tag.replace("_", "-"))
        wanted = langcodes.Language.get(language)
    except ValueError:
        return 1
    if found.language in (None, "und", "mul", "mis", "zxx"):
        return 1
    if _macro(found) == _macro(wanted):
        return 3
    return 2 if {_macro(found), _macro(wanted)} <= _CHINESE else 0


def _macro(language: langcodes.Language) -> str:
    return langcodes.standardize_tag(language.language or "und", macro=True)


def _aside(stream: StreamHeader, title: str) -> str:
    if stream.disposition.comment:
        return "commentary"
    if stream.disposition.visual_impaired:
        return "audio description"
    return next((kind for kind, words in _ASIDES.items() if any(w in title for w in words)), "")


def _speech(video: Path, track: SoundTrack, speech_share: SpeechShare) -> float | None:
    """The share of speech in all of a track; None if it can't be decoded."""
    arguments = ["-map", f"0:{track.stream}", "-ar", str(SPEECH_RATE_HZ)]
    if track.channels > 2:
        arguments += ["-ac", "2"]
    arguments += ["-c:a", "pcm_f32le", "-f", "wav"]
    try:
        wav = ffmpeg.collect([on_its_own_clock(video)], arguments, timeout_s=_TIMEOUT_S)
    except ffmpeg.ProgramFailed:
        return None
    return round(speech_share(mono(parse_wav(wav))), 3)
