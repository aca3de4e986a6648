"""SRT and WebVTT: what is written is read back, whatever the text; hostile text breaks no file."""

from __future__ import annotations

import re

import pysrt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubbing.errors import Rejected
from dubbing.formats import srt, vtt
from dubbing.formats.subtitle_text import clean, columns
from dubbing.model.cue import Cue, CueTrack
from dubbing.model.time import Span

HOSTILE = st.text(
    alphabet=st.one_of(
        st.sampled_from("<>&/ibcv{}\\N-> \n\r\t:,.0123456789é的ก\u0e31\u200b\u202e\x00\u2028"),
        st.characters(),
    ),
    max_size=40,
)
PIECES = st.lists(
    st.sampled_from(
        [
            "<i>",
            "</i>",
            "{\\an8}",
            "-->",
            "00:00:01,000 --> 00:00:02,000",
            "WEBVTT",
            "NOTE",
            "&lt;",
            "&amp;",
            "<",
            ">",
            "\n\n",
            "1",
            "hola",
            "你好",
            " ",
            "\ufeff",
            "<v Bob>",
            "--",
            "\\N",
        ]
    ),
    max_size=8,
).map("".join)


@st.composite
def tracks(draw: st.DrawFn) -> CueTrack:
    cues, at_ms = [], 0
    for _ in range(draw(st.integers(0, 5))):
        start_ms = at_ms + draw(st.integers(0, 4_000_000))
        at_ms = start_ms + draw(st.integers(1, 7000))
        lines = draw(st.lists((HOSTILE | PIECES).map(clean).filter(bool), min_size=1, max_size=2))
        cues.append(Cue(Span(start_ms, at_ms), tuple(lines)))
    return CueTrack("es", tuple(cues))


@given(HOSTILE | PIECES)
def test_cleaned_text_is_one_plain_line_and_stays_so(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert "-->" not in cleaned
    assert len(cleaned.splitlines()) <= 1
    assert cleaned.isprintable() or "\u200d" in cleaned or "\u200c" in cleaned
    assert not re.search(r"</?[a-z][^<>]*>", cleaned, re.IGNORECASE)
    assert columns(cleaned) >= 0


@given(tracks())
def test_subrip_comes_back_as_written(track: CueTrack) -> None:
    assert srt.read(srt.write(track), "es") == track


@given(tracks(), st.booleans())
def test_webvtt_comes_back_as_written(track: CueTrack, vertical: bool) -> None:
    assert vtt.read(vtt.write(track, vertical=vertical), "es") == track


@given(tracks())
def test_windows_line_ends_and_a_byte_order_mark_change_nothing(track: CueTrack) -> None:
    for form in (srt, vtt):
        assert form.read("\ufeff" + form.write(track).replace("\n", "\r\n"), "es") == track


def test_subrip_is_what_players_expect() -> None:
    track = CueTrack("es", (Cue(Span(3_723_004, 3_725_000), ("-¿Qué?", "-Nada.")),))
    assert srt.write(track) == "1\n01:02:03,004 --> 01:02:05,000\n-¿Qué?\n-Nada.\n\n"


def test_webvtt_is_what_players_expect() -> None:
    track = CueTrack("es", (Cue(Span(0, 1000), ("tú & yo <3",)),))
    assert vtt.write(track) == ("WEBVTT\n\n1\n00:00:00.000 --> 00:00:01.000\ntú &amp; yo &lt;3\n")


@pytest.mark.parametrize("lines", [1, 2])
def test_vertical_cues_lie_in_the_safe_area(lines: int) -> None:
    settings = dict(part.split(":") for part in vtt.safe_settings(lines).split())
    top = float(settings["line"].rstrip("%"))
    middle, width = float(settings["position"].rstrip("%")), float(settings["size"].rstrip("%"))
    assert top >= 14
    assert top + lines * vtt.LINE_HEIGHT <= 65 + 0.5  # the percentage is a whole one
    assert middle - width / 2 >= 6
    assert middle + width / 2 <= 87


def test_foreign_markup_is_taken_out() -> None:
    subrip = "7\n00:00:01,000 --> 00:00:02,500 X1:1 X2:2\n<font color=red>{\\an8}Hola</font>\\N<b>tú</b>\n\n"
    assert srt.read(subrip, "es").cues == (Cue(Span(1000, 2500), ("Hola tú",)),)
    webvtt = (
        "WEBVTT - title\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000\n\nSTYLE\n::cue { color: red }\n\n"
        "NOTE one --- two\n\nintro\n00:01.000 --> 00:02.500 line:0 align:start\n"
        "<v Ana><i>Hola</i> &amp; &lt;3\n"
    )
    assert vtt.read(webvtt, "es").cues == (Cue(Span(1000, 2500), ("Hola & <3",)),)


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (srt, "1\n00:00:xx,000 --> 00:00:02,000\nhola\n\n"),
        (srt, "hola\n\n"),
        (srt, "1\n00:00:03,000 --> 00:00:02,000\nhola\n\n"),
        (vtt, "1\n00:00:00.000 --> 00:00:01.000\nhola\n"),
        (vtt, "WEBVTT\n\n00:00 --> 00:01\nhola\n"),
        (vtt, "WEBVTT\n\n00:03.000 --> 00:02.000\nhola\n"),
    ],
)
def test_a_broken_file_is_refused_by_name(form: object, text: str) -> None:
    with pytest.raises(Rejected) as refusal:
        form.read(text, "es", "ep01.es.txt")  # type: ignore[attr-defined]
    assert refusal.value.where == "ep01.es.txt"


def test_pysrt_reads_what_is_written() -> None:
    """The reference reader, on our file, without our own reader between."""
    track = CueTrack(
        "zh", (Cue(Span(40, 1240), ("你好", "世界")), Cue(Span(1320, 2400), ("再见",)))
    )
    items = pysrt.from_string(srt.write(track))
    assert [(item.start.ordinal, item.end.ordinal, item.text) for item in items] == [
        (40, 1240, "你好\n世界"),
        (1320, 2400, "再见"),
    ]
