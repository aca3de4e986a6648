"""How long a release takes: against its models' own time, with one more language, again, and corrected."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from episodes import SPEECH_FOLDER
from runs import TARGETS, Command, make_release, print_models_time, reports, speech_episode


def main() -> None:
    if not SPEECH_FOLDER.is_dir():
        sys.exit(f"skipped: no human speech at {SPEECH_FOLDER}")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        episode = speech_episode()
        seconds = episode.audio.frames / episode.audio.rate_hz
        release = make_release(folder / "release", episode)
        print(f"one episode of {seconds:.0f} s")

        one_at_a_time = Command(folder / "one").run(
            release, ",".join(TARGETS), "--jobs", 1, "--out", folder / "out"
        )
        print_models_time("three languages, one stage at a time", one_at_a_time)
        overlapped = Command(folder / "overlapped").run(
            release, ",".join(TARGETS), "--out", folder / "out2"
        )
        print_models_time("three languages, stages overlapped", overlapped)

        dub, full_s = Command(folder / "cache"), 0.0
        for count in range(1, len(TARGETS) + 1):
            outcome = dub.run(release, ",".join(TARGETS[:count]))
            full_s += outcome["wall_s"]
            print(f"language {count} ({TARGETS[count - 1]}): {outcome['wall_s']:.1f} s more")

        again = dub.run(release, ",".join(TARGETS))
        print(f"again, nothing to do: {again['wall_s']:.2f} s, {again['stages_run']} stages run")

        line = reports(release / "localized", "en")[0]["lines"][1]
        dub("edit", release, "--episode", 1, "--line", line["number"], "--language", "en",
            "--text", f"Well, {line['text']}")  # fmt: skip
        edited = dub.run(release, ",".join(TARGETS))
        share = 100 * edited["wall_s"] / overlapped["wall_s"]
        print(f"one translated line changed: {edited['wall_s']:.1f} s, {share:.1f} % of a full run")
        for name, spent in edited["stage_seconds"].items():
            print(f"  {name}: {spent:.2f} s")


if __name__ == "__main__":
    main()
