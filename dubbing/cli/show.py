"""Commands that show what there is: probe, engines, languages, voices."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from dubbing import assembly
from dubbing.cli import tables
from dubbing.cli.console import print_json, stdout
from dubbing.engines import registry
from dubbing.engines.ports import Engine, Port
from dubbing.formats.language_toml import all_languages
from dubbing.model.episode import SoundTrack
from dubbing.planning.config import configs_folder
from dubbing.stages.probe import examined


@click.command()
@click.argument("target", type=click.Path(path_type=Path), metavar="RELEASE|VIDEO")
@click.option("--from", "source", help="Language spoken in a video given alone [zh].")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def probe(target: Path, source: str | None, as_json: bool) -> None:
    """Show what a release or a video is, which sound is heard, and whether it can be localized."""
    release = assembly.open_release(target, source)
    found = {
        episode.name: examined(episode.video, release.source_language, episode.bed)
        for episode in release.episodes
    }
    if as_json:
        print_json(
            {"release": release.name, "source_language": release.source_language, "episodes": found}
        )
        return
    tables.show(
        (
            "episode",
            "file",
            *map(tables.number, ("seconds", "picture", "frames/s")),
            "video",
            "audio",
        ),
        (
            (
                episode.name,
                episode.video.name,
                f"{media.duration_ms / 1000:.2f}",
                f"{media.width}x{media.height}",
                f"{float(media.frame_rate):g}",
                media.video_codec,
                f"{media.audio_codec} {media.audio_rate_hz} Hz, {media.audio_channels} ch",
            )
            for episode in release.episodes
            for media in (found[episode.name],)
        ),
    )
    for name, media in found.items():
        for note in media.notes:
            stdout.print(f"{name}  {note}", markup=False, highlight=False)
        for track in media.tracks if len(media.tracks) > 1 else ():
            mark = "heard" if track.stream == media.sound_stream else "     "
            stdout.print(f"{name}    {mark}  {_said(track)}", markup=False, highlight=False)


def _said(track: SoundTrack) -> str:
    """A soundtrack in one line."""
    said = [f"stream {track.stream}", track.language or "no language"]
    said += [f'"{track.title}"'] if track.title else []
    said += [f"{track.codec} {track.rate_hz} Hz, {track.channels} ch"]
    said += ["default"] if track.default else []
    said += [track.aside] if track.aside else []
    said += [f"{track.speech:.0%} speech"] if track.speech is not None else []
    return ", ".join(said)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def engines(as_json: bool) -> None:
    """List the engines: what is installed, languages, licences."""
    known = [registry.create(port, name) for port in Port for name in registry.names(port)]
    if as_json:
        print_json(
            [
                {
                    **msgspec.to_builtins(engine.info),
                    "missing": registry.missing(engine.info),
                    "fetched": _is_fetched(engine),
                }
                for engine in sorted(known, key=lambda one: (one.info.port, one.info.name))
            ]
        )
        return
    tables.show(
        (
            "engine",
            "kind",
            tables.text("installed"),
            tables.text("languages"),
            "licence",
            "commercial",
            tables.text("note", 24),
        ),
        (
            (
                info.name,
                info.port,
                f"no: {', '.join(absent)}" if absent else "yes",
                ", ".join(sorted(info.languages)) or "any",
                info.licence,
                "yes" if info.commercial else "no",
                info.note,
            )
            for engine in known
            for info in (engine.info,)
            for absent in (
                [*registry.missing(info), *([] if _is_fetched(engine) else ["its model"])],
            )
        ),
    )


def _is_fetched(engine: Engine) -> bool:
    """Whether its model is here; so is that of an engine whose weights come as packages, or that has none."""
    hub = registry.hub_of(engine)
    return hub is None or hub.is_here()


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def languages(as_json: bool) -> None:
    """List the languages that have subtitle rules."""
    known = all_languages(configs_folder() / "languages")
    if as_json:
        print_json(known)
        return
    tables.show(
        (
            "tag",
            "name",
            "own name",
            tables.number("chars/line"),
            tables.number("chars/s"),
        ),
        (
            (
                language.tag,
                language.name,
                language.endonym,
                str(language.cues.chars_per_line),
                f"{language.cues.reading_speed_cps:g}",
            )
            for language in known
        ),
    )
