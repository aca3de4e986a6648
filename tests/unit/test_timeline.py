"""When frames come, by packets: missing times, times that step back, clocks that start over."""

from __future__ import annotations

from fractions import Fraction

import pytest

from dubbing.media.codecs import why_not_copied
from dubbing.media.probing import Packet, StreamHeader
from dubbing.media.timeline import Timeline, timeline_of


def packets(*times: float | None, key: bool = True) -> list[Packet]:
    flags = "K_" if key else "__"
    return [
        Packet(0, "" if t is None else str(t), str(t or i), "0.04", flags)
        for i, t in enumerate(times)
    ]


def test_frames_in_any_order_span_the_same_time() -> None:
    found = timeline_of(packets(0.0, 0.12, 0.04, 0.08), 0)
    assert (found.packets, found.start, found.end) == (4, 0, Fraction("0.16"))


def test_a_last_frame_lasts_for_its_rate() -> None:
    assert timeline_of(packets(0.0, 0.5), 0, least_s=Fraction(1, 2)).end == 1


def test_other_streams_do_not_count() -> None:
    assert timeline_of(packets(0.0, 0.04), 1).packets == 0


def test_what_no_decoder_can_show_does_not_count() -> None:
    given = [*packets(0.0, 0.04, key=False), *packets(0.08, 0.12)]
    assert timeline_of(given, 0, keyed=True).start == Fraction("0.08")
    assert timeline_of(packets(0.0, 0.04, key=False), 0, keyed=True).packets == 2


def test_frames_without_a_time_are_counted() -> None:
    assert timeline_of(packets(0.0, None, None), 0).without_time == 2


def test_a_small_step_back_is_no_new_clock() -> None:
    found = timeline_of(packets(0.0, 0.04, 0.02, 0.08), 0)
    assert (found.backwards, found.restarts) == (1, ())


@pytest.mark.parametrize("start", [0.0, 1.4, 7.0])
def test_a_clock_that_starts_over_is_seen(start: float) -> None:
    given = packets(start, start + 5, start + 10, start, start + 5)
    assert timeline_of(given, 0).restarts == (Fraction(str(start + 10)),)


@pytest.mark.parametrize("rate", ["8000", "11025", "12000"])
def test_mp3_below_16_khz_is_encoded_anew(rate: str) -> None:
    low = StreamHeader(1, "audio", "mp3", sample_rate=rate)
    assert rate in why_not_copied(low, Timeline())


@pytest.mark.parametrize("rate", ["16000", "22050", "44100"])
def test_mp3_from_16_khz_is_copied(rate: str) -> None:
    assert not why_not_copied(StreamHeader(1, "audio", "mp3", sample_rate=rate), Timeline())


@pytest.mark.parametrize("codec", ["vp8", "wmv2", "flv1", "prores", "mjpeg", "ffv1"])
def test_pictures_that_mp4_cannot_hold_are_encoded_anew(codec: str) -> None:
    assert codec in why_not_copied(StreamHeader(0, "video", codec), Timeline())


@pytest.mark.parametrize("codec", ["h264", "hevc", "av1", "vp9", "mpeg4"])
def test_pictures_that_mp4_can_hold_are_copied(codec: str) -> None:
    assert not why_not_copied(StreamHeader(0, "video", codec), Timeline())


def test_b_frames_that_do_not_say_when_are_encoded_anew() -> None:
    reordered = StreamHeader(0, "video", "mpeg4", has_b_frames=1)
    assert "3 frames" in why_not_copied(reordered, Timeline(without_time=3))
    assert "3 frames" in why_not_copied(StreamHeader(0, "video", "h264"), Timeline(without_time=3))
    assert not why_not_copied(StreamHeader(0, "video", "mpeg4"), Timeline(without_time=3))
