"""What every diarizer must do, whatever tells it voices apart."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tiny

from dubbing.engines import fakes
from dubbing.engines.diarizing.dvector import DVectorDiarizer
from dubbing.engines.diarizing.pyannote import PyannoteDiarizer, turns_of
from dubbing.engines.ports import Diarizer, Port
from dubbing.errors import Rejected
from dubbing.formats.digest import sha256_of
from dubbing.model.audio import SPEECH_RATE_HZ, Audio
from dubbing.model.speech import Turn
from dubbing.model.time import Span


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(fakes.FakeDiarizer, id="fake"),
        pytest.param(DVectorDiarizer, id="dvector", marks=pytest.mark.models),
        pytest.param(PyannoteDiarizer, id="pyannote", marks=pytest.mark.torch),
    ],
)
def diarizer(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Diarizer]:
    with pytest.MonkeyPatch.context() as patch:
        if request.param is PyannoteDiarizer:
            tiny.install_pyannote(tmp_path_factory.mktemp("pyannote"), patch)
        with request.param() as engine:
            yield engine


def test_it_says_what_it_is(diarizer: Diarizer) -> None:
    assert diarizer.info.port is Port.DIARIZER
    assert diarizer.info.name
    assert diarizer.info.revision
    assert 0 < diarizer.same_person < 1


@pytest.mark.parametrize("duration_ms", [0, 40, 3000])
def test_nobody_speaks_in_silence(diarizer: Diarizer, duration_ms: int) -> None:
    found = diarizer.diarize(Audio.silence(duration_ms * 16, 1, SPEECH_RATE_HZ))
    assert found.turns == ()
    assert found.voiceprints == ()


def test_speakers_are_named_by_appearance_and_each_has_a_voiceprint(
    diarizer: Diarizer, spoken_zh: Audio
) -> None:
    found = diarizer.diarize(spoken_zh)
    names = list(dict.fromkeys(turn.speaker for turn in found.turns))
    assert names == [f"s{number}" for number in range(1, len(names) + 1)]
    assert [print_.speaker for print_ in found.voiceprints] == names
    for voiceprint in found.voiceprints:
        assert np.linalg.norm(voiceprint.embedding) == pytest.approx(1, abs=1e-4)
        spoken_ms = sum(t.span.duration_ms for t in found.turns if t.speaker == voiceprint.speaker)
        assert voiceprint.speech_ms == spoken_ms


def test_turns_are_in_order_and_inside_the_sound(diarizer: Diarizer, spoken_zh: Audio) -> None:
    turns = diarizer.diarize(spoken_zh).turns
    assert turns
    assert [turn.span.start_ms for turn in turns] == sorted(turn.span.start_ms for turn in turns)
    assert all(turn.span.duration_ms > 0 for turn in turns)
    assert max(turn.span.end_ms for turn in turns) <= spoken_zh.duration_ms


def test_the_same_sound_gives_the_same_turns(diarizer: Diarizer, spoken_zh: Audio) -> None:
    assert diarizer.diarize(spoken_zh) == diarizer.diarize(spoken_zh)


@pytest.mark.torch
def test_who_talks_over_somebody_keeps_their_turn() -> None:
    from pyannote.core import Annotation, Segment

    found = Annotation()
    for number, (start_s, end_s, speaker) in enumerate(
        [(2.0, 3.5, "B"), (0.5, 2.5, "A"), (-0.1, 0.3, "B"), (4.9, 5.3, "A"), (4.0, 4.05, "B"), (6, 7, "A")]
    ):  # fmt: skip
        found[Segment(start_s, end_s), number] = speaker
    assert turns_of(found, 5000) == [
        Turn("B", Span(0, 300)), Turn("A", Span(500, 2500)), Turn("B", Span(2000, 3500)),
        Turn("A", Span(4900, 5000)),
    ]  # fmt: skip


@pytest.mark.torch
def test_pyannote_reports_nothing_to_its_makers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYANNOTE_METRICS_ENABLED", "true")
    tiny.install_pyannote(tmp_path, monkeypatch)
    with PyannoteDiarizer():
        from pyannote.audio.telemetry.metrics import is_metrics_enabled

        assert not is_metrics_enabled()


@pytest.mark.torch
def test_a_network_that_is_not_whole_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    tiny.install_pyannote(tmp_path, monkeypatch)
    engine = PyannoteDiarizer()
    file = "segmentation/pytorch_model.bin"
    path = engine.hub.folder / file
    checkpoint = torch.load(path, weights_only=False)
    del checkpoint["state_dict"]["classifier.bias"]
    torch.save(checkpoint, path)
    record = engine.hub.folder / "digests.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {file: sha256_of(path)}))
    with pytest.raises(Rejected, match=r"without classifier\.bias"), engine:
        pass
