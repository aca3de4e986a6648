"""Commands for the voices: which there are, how they sound, and a studio's own."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click
import tomlkit

from dubbing import assembly
from dubbing.cli import console, tables
from dubbing.cli.console import print_json
from dubbing.engines import registry
from dubbing.engines.ports import Port
from dubbing.errors import Rejected
from dubbing.formats.digest import sha256_of
from dubbing.media import dsp, sound
from dubbing.model.audio import Audio
from voices import CATALOGUE, Age, Consent, Gender, Voice, VoiceBank, studio_folder

_RATE_HZ = 24_000  # of kept recordings
_CLONING = ("xtts", "mms")
_SHORTEST_MS = 3000  # of a recording: XTTS hears nothing of a person in less


@click.group()
def voices() -> None:
    """List and hear voices; add and retire your own.

    \b
    Examples:
      dub voices list --language en --gender female
      dub voices audition kumo kumo.wav --language en
      dub voices add li-wei --recording li-wei.wav --gender male --person "Li Wei" \\
          --purpose "dubs of Fated" --until 2027-12-31
      dub voices retire li-wei
    """


@voices.command("list")
@click.option("--language", help="Only voices that speak this language (BCP-47).")
@click.option("--gender", type=click.Choice([g.value for g in Gender]), help="Only of this gender.")
@click.option("--age", type=click.Choice([a.value for a in Age]), help="Only of this age.")
@click.option("--engine", help="Only of this engine, as in kokoro.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def list_(
    language: str | None, gender: str | None, age: str | None, engine: str | None, as_json: bool
) -> None:
    """List the voices."""
    found = [
        voice
        for voice in VoiceBank.here()
        if (language is None or _speaks(voice, language))
        and gender in (None, voice.gender)
        and age in (None, voice.age)
        and engine in (None, voice.engine)
    ]
    if as_json:
        print_json(
            [asdict(v) | {"energy": v.energy, "refusal": v.refusal() or None} for v in found]
        )
        return
    tables.show(
        ("voice", "engine", tables.text("languages", 12), "gender", "age", tables.number("pitch"),
         "energy", "licence", tables.text("description", 24)),
        (
            (
                v.name, v.engine, ", ".join(v.languages) or "all of the engine's", v.gender, v.age or "",
                f"{v.pitch_hz:.0f} Hz", v.energy or "", v.licence,
                f"{v.description} Not usable: {refusal}." if refusal else v.description,
            )
            for v in found
            for refusal in (v.refusal(),)
        ),
    )  # fmt: skip


@voices.command()
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path), metavar="WAV")
@click.option("--language", default="en", show_default=True, help="What it speaks (BCP-47).")
@click.option("--text", default="Hello. I have been waiting for you.", help="What it says.")
def audition(name: str, file: Path, language: str, text: str) -> None:
    """Hear a voice: it speaks a sample into a WAV file."""
    seconds = assembly.audition(VoiceBank.here(), name, language, text, file)
    console.stdout.print(f"{file}: {seconds:.1f} s", markup=False)


@voices.command()
@click.argument("name")
@click.option(
    "--recording", type=click.Path(path_type=Path), required=True,
    help="The person's speech: 3 to 30 seconds, one voice, no music.",
)  # fmt: skip
@click.option("--gender", type=click.Choice([g.value for g in Gender]), required=True)
@click.option("--person", required=True, help="The person who speaks, and consents.")
@click.option("--purpose", required=True, help="What for.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The last day.")
@click.option("--age", type=click.Choice([a.value for a in Age]), help="How old it sounds.")
@click.option(
    "--engine", type=click.Choice(_CLONING), default=_CLONING[0], show_default=True,
    help="What clones it; mms speaks languages that xtts doesn't.",
)  # fmt: skip
@click.option("--description", default="", help="For who casts.")
def add(
    name: str,
    recording: Path,
    gender: str,
    person: str,
    purpose: str,
    until: datetime,
    age: str | None,
    engine: str,
    description: str,
) -> None:
    """Add the voice of a person who has allowed it. Without that consent no voice is cloned."""
    if any(voice.name == name for voice in VoiceBank.here()):
        raise Rejected(
            "name",
            found=repr(name),
            expected="a name that no voice has yet",
            remedy="Choose another.",
        )
    if not name.isidentifier() and not name.replace("-", "_").isidentifier():
        raise Rejected(
            "name",
            found=repr(name),
            expected="letters, digits, - and _",
            remedy="Choose a plain name: it becomes a file's.",
        )
    heard = sound.decode(recording, _RATE_HZ)
    if heard.duration_ms < _SHORTEST_MS:
        raise Rejected(
            str(recording),
            found=f"{heard.duration_ms / 1000:.1f} s",
            expected=f"at least {_SHORTEST_MS // 1000} s of speech",
            remedy="Record more of it.",
        )
    folder = studio_folder()
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / f"{name}.wav"
    sound.write(kept, Audio.of_mono(heard.mono(), _RATE_HZ))
    consent = Consent(person, purpose, until.date())
    entry = {
        "engine": engine,
        "engine_voice": "",
        "gender": gender,
        "pitch_hz": round(dsp.median_pitch_hz(heard), 1),
        "pitch_range_st": round(dsp.pitch_range_st(heard), 1),
        **({"age": age} if age else {}),
        "licence": "LicenseRef-Consent",
        "description": description,
        "reference": kept.name,
        "reference_sha256": sha256_of(kept),
        "consent": {"person": person, "purpose": purpose, "until": consent.until},
    }
    _write({**_entries(), name: entry})
    console.stdout.print(
        f"{name}: {person}, until {consent.until}, in {folder}", markup=False, soft_wrap=True
    )


@voices.command()
@click.argument("name")
def retire(name: str) -> None:
    """Remove a voice of your own, with its recording. What was published stays as it is."""
    entries = _entries()
    if name not in entries:
        raise Rejected(
            "name",
            found=repr(name),
            expected=f"one of {', '.join(entries) or 'none: no voice is your own'}",
            remedy="`dub voices list` shows them.",
        )
    entry = entries.pop(name)
    _write(entries)
    (studio_folder() / str(entry.get("reference", name))).unlink(missing_ok=True)
    console.stdout.print(f"{name} is retired.", markup=False)


def _speaks(voice: Voice, language: str) -> bool:
    """Whether a voice, and one of the engines that have it, speak a language."""
    engines = [n for n in registry.names(Port.SYNTHESIZER) if n.partition(":")[0] == voice.engine]
    infos = [registry.create(Port.SYNTHESIZER, name).info for name in engines]
    return voice.speaks(language) and any(info.covers(language) for info in infos)


def _entries() -> dict[str, dict[str, object]]:
    file = studio_folder() / CATALOGUE
    return dict(tomlkit.parse(file.read_text("utf-8-sig")).unwrap()) if file.is_file() else {}


def _write(entries: dict[str, dict[str, object]]) -> None:
    file = studio_folder() / CATALOGUE
    text = tomlkit.dumps(entries)
    VoiceBank.parse(text)  # never a catalogue that can't be read
    partial = file.with_name(f".{file.name}.part")
    partial.write_text(text, "utf-8")
    partial.replace(file)
