"""Two hundred kinds of video files that users deliver: containers, codecs, rates, layouts, offsets, lengths, damage.

All of them show black with a white flash each second second, and sound a tone from the same moment on, so that
what is made of them can be measured. Nobody needs more than ffmpeg to make them.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

PERIOD_S = 2.0  # a flash and a tone begin at 1, 3, 5, ... s
SECONDS = 6.0


@dataclass(frozen=True)
class Kind:
    """One kind of file. `make` writes it to the path it is given."""

    name: str
    suffix: str
    make: Callable[[Path], None]
    sound_late_ms: int = 0  # the tone begins this long after the flash
    delay_ms: float = (
        0.0  # which the container does not know of, so that every player is late by it
    )
    refused: bool | None = False  # None: refused or localized, both are right
    whole: bool = True  # all frames of the source are to be in the result


def ffmpeg(*arguments: object) -> None:
    command = ["ffmpeg", "-y", "-v", "error", *map(str, arguments)]
    subprocess.run(command, check=True, capture_output=True)


def picture(rate: str = "25", size: str = "64x96", seconds: float = SECONDS) -> list[str]:
    flash = "drawbox=t=fill:c=white:enable='between(mod(t,2),0.9999,1.3)'"
    return ["-f", "lavfi", "-i", f"color=c=black:s={size}:r={rate}:d={seconds},{flash}"]


def tone(rate_hz: int = 48_000, layout: str = "stereo", seconds: float = SECONDS) -> list[str]:
    wave = "0.4*sin(2*PI*330*t)*between(mod(t,2),1,1.6)"
    source = f"aevalsrc='{wave}':s={rate_hz}:d={seconds},aformat=channel_layouts=stereo"
    return ["-f", "lavfi", "-i", f"{source},pan={_pan(layout)}"]


def _pan(layout: str) -> str:
    names = {
        "mono": "FC", "stereo": "FL FR", "2.1": "FL FR LFE", "3.0": "FL FR FC", "quad": "FL FR BL BR",
        "4.0": "FL FR FC BC", "5.0": "FL FR FC BL BR", "5.1": "FL FR FC LFE BL BR",
        "6.1": "FL FR FC LFE BC SL SR", "7.1": "FL FR FC LFE BL BR SL SR",
    }[layout]  # fmt: skip
    voice = {"FC": "0.9*c0"} if "FC" in names.split() else {"FL": "c0", "FR": "c1"}
    parts = [f"{name}={voice.get(name, '0*c0')}" for name in names.split()]
    return f"{layout}|{'|'.join(parts)}"


H264 = ["-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-g", "25", "-pix_fmt", "yuv420p"]
AAC = ["-c:a", "aac", "-b:a", "128k"]


def encoded(
    *arguments: str,
    shown: Sequence[str] = (),
    heard: Sequence[str] = (),
    before_sound: Sequence[str] = (),
    before_picture: Sequence[str] = (),
) -> Callable[[Path], None]:
    """Picture and tone through ffmpeg with these output options, which overrule H.264 and AAC."""

    def make(path: Path) -> None:
        sources = [*before_picture, *(shown or picture()), *before_sound, *(heard or tone())]
        codec = ["-pix_fmt", "yuv420p"] if "-c:v" in arguments else H264
        ffmpeg(*sources, "-map", "0:v", "-map", "1:a", *codec, *AAC, *arguments, path)

    return make


def remade(
    first: Callable[[Path], None], suffix: str, *arguments: str, before: Sequence[str] = ()
) -> Callable[[Path], None]:
    """What ffmpeg makes, with these options, of a file of another kind."""

    def make(path: Path) -> None:
        source = path.with_name(f"first.{suffix}")
        first(source)
        ffmpeg(*before, "-i", source, *arguments, path)
        source.unlink()

    return make


def damaged(
    first: Callable[[Path], None], damage: Callable[[bytearray], bytes | bytearray]
) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        first(path)
        path.write_bytes(damage(bytearray(path.read_bytes())))

    return make


def kinds() -> list[Kind]:
    """All of them, in a fixed order, each with a name of its own."""
    found = [
        *_codecs(), *_frame_rates(), *_sound_rates(), *_layouts(), *_offsets(), *_lengths(),
        *_pictures(), *_uneven(), *_streams(), *_cuts(), *_damage(),
    ]  # fmt: skip
    if len({kind.name for kind in found}) != len(found):
        raise ValueError("two kinds of media have one name")
    return found


def _late(suffix: str, codec: str = "aac", rate_hz: int = 48_000) -> float:
    """By how much sound is late in a container that does not know of an encoder's delay."""
    if suffix in ("mp4", "mov", "m4v", "3gp") or (suffix in ("mkv", "webm") and codec != "mp3"):
        return 0.0
    return {"aac": 1_024, "mp3": 1_105 + 1_152, "ac3": 256, "wmav2": 2_048, "mp2": 1_152}.get(
        codec, 0
    ) * 1_000 / rate_hz  # fmt: skip


def _codecs() -> Iterator[Kind]:
    pictures = {
        "h264": [], "h264-nob": ["-bf", "0"], "hevc": ["-c:v", "libx265", "-x265-params", "log-level=error"],
        "mpeg4": ["-c:v", "mpeg4"], "mpeg4-b": ["-c:v", "mpeg4", "-bf", "2"], "mpeg2": ["-c:v", "mpeg2video"],
        "mpeg2-b": ["-c:v", "mpeg2video", "-bf", "2"], "mpeg1": ["-c:v", "mpeg1video"],
        "vp8": ["-c:v", "libvpx", "-deadline", "realtime"],
        "vp9": ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"],
        "wmv1": ["-c:v", "wmv1"], "wmv2": ["-c:v", "wmv2"], "flv1": ["-c:v", "flv1"], "mjpeg": ["-c:v", "mjpeg", "-pix_fmt", "yuvj420p"],
        "prores": ["-c:v", "prores_ks", "-pix_fmt", "yuv422p10le"], "dnxhr": ["-c:v", "dnxhd", "-profile:v", "dnxhr_sq", "-pix_fmt", "yuv422p", "-s", "256x144"],
        "ffv1": ["-c:v", "ffv1"], "huffyuv": ["-c:v", "huffyuv", "-pix_fmt", "yuv422p"], "h263": ["-c:v", "h263"],
        "msmpeg4": ["-c:v", "msmpeg4"], "xvid": ["-c:v", "mpeg4", "-vtag", "XVID", "-bf", "1"], "theora": ["-c:v", "libtheora"],
    }  # fmt: skip
    sounds = {
        "aac": [], "mp3": ["-c:a", "mp3"], "ac3": ["-c:a", "ac3"], "eac3": ["-c:a", "eac3"], "mp2": ["-c:a", "mp2"],
        "opus": ["-c:a", "libopus"], "vorbis": ["-c:a", "libvorbis"], "flac": ["-c:a", "flac"], "alac": ["-c:a", "alac"],
        "pcm": ["-c:a", "pcm_s16le"], "wmav2": ["-c:a", "wmav2"], "dts": ["-c:a", "dca", "-strict", "-2", "-b:a", "768k"],
    }  # fmt: skip
    pairs = {
        "mp4": "h264/aac h264-nob/aac hevc/aac mpeg4/aac mpeg4-b/mp3 mpeg2/aac h264/mp3 h264/ac3 h264/alac h264/opus vp9/aac h264/mp2",
        "mov": "prores/pcm mjpeg/pcm h264/aac h264/pcm dnxhr/pcm mpeg4/alac",
        "m4v": "h264/aac mpeg4/aac",
        "mkv": "h264/aac hevc/flac ffv1/flac vp8/vorbis vp9/opus huffyuv/pcm mpeg2-b/ac3 h264/dts h264/mp3 theora/vorbis msmpeg4/mp3",
        "webm": "vp8/vorbis vp8/opus vp9/opus vp9/vorbis",
        "ts": "h264/aac hevc/aac mpeg2/mp2 mpeg2-b/ac3 h264/ac3 h264/mp3 mpeg4/aac",
        "flv": "flv1/mp3-44 h264/aac h264/mp3-44",
        "avi": "mpeg4/mp3 mpeg4-b/mp3 xvid/mp3 h264/mp3 h264-nob/aac msmpeg4/mp3 mjpeg/pcm huffyuv/pcm wmv2/ac3",
        "wmv": "wmv1/wmav2 wmv2/wmav2",
        "mpg": "mpeg1/mp2 mpeg2/mp2 mpeg2-b/mp2",
        "vob": "mpeg2-b/ac3",
        "3gp": "h263/aac h264/aac",
    }  # fmt: skip
    for suffix, both in pairs.items():
        for pair in both.split():
            shown, heard = pair.split("/")
            codec, _, at = heard.partition("-")
            rate_hz = 44_100 if at else 48_000
            size = ["-s", "176x144"] if shown == "h263" else []
            extra = ["-f", "vob"] if suffix == "vob" else []
            make = encoded(*pictures[shown], *size, *sounds[codec], "-ar", str(rate_hz), *extra)
            yield Kind(f"codecs {shown} {heard} {suffix}", suffix, make, delay_ms=_late(suffix, codec, rate_hz))  # fmt: skip


def _frame_rates() -> Iterator[Kind]:
    rates = ["5", "10", "15", "24000/1001", "24", "25", "30000/1001", "30", "48", "50", "60000/1001", "60", "120"]  # fmt: skip
    for rate in rates:
        suffixes = ("mp4", "mkv", "ts") if rate in ("24000/1001", "30000/1001", "60000/1001", "30") else ("mp4",)  # fmt: skip
        for suffix in suffixes:
            make = encoded(shown=picture(rate))
            yield Kind(f"rate {rate} {suffix}", suffix, make, delay_ms=_late(suffix))


def _sound_rates() -> Iterator[Kind]:
    for rate_hz in (8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 96_000):
        yield Kind(f"sound {rate_hz} Hz aac mp4", "mp4", encoded(heard=tone(rate_hz)))
    for rate_hz in (8_000, 11_025, 12_000, 16_000, 22_050, 44_100):
        make = encoded("-c:v", "mpeg4", "-bf", "0", "-c:a", "mp3", heard=tone(rate_hz))
        yield Kind(f"sound {rate_hz} Hz mp3 avi", "avi", make, delay_ms=_late("avi", "mp3", rate_hz))  # fmt: skip
    for rate_hz in (8_000, 11_025, 44_100, 96_000):
        make = encoded("-c:a", "pcm_s16le", heard=tone(rate_hz))
        yield Kind(f"sound {rate_hz} Hz pcm mov", "mov", make)
    make = encoded("-c:a", "mp3", heard=tone(11_025))
    yield Kind("sound 11025 Hz mp3 flv", "flv", make, delay_ms=_late("flv", "mp3", 11_025))


def _layouts() -> Iterator[Kind]:
    for layout in ("mono", "2.1", "3.0", "quad", "4.0", "5.0", "5.1", "6.1", "7.1"):
        make = encoded("-c:a", "flac" if layout not in ("6.1",) else "pcm_s16le", heard=tone(layout=layout))  # fmt: skip
        yield Kind(f"layout {layout} mkv", "mkv", make)
    for layout in ("mono", "5.1", "7.1"):
        yield Kind(f"layout {layout} aac mp4", "mp4", encoded(heard=tone(layout=layout)))
    for layout in ("2.1", "quad", "5.1"):
        make = encoded("-c:a", "pcm_s16le", heard=tone(layout=layout))
        yield Kind(f"layout {layout} pcm mov", "mov", make)
    yield Kind("layout antiphase mp4", "mp4", encoded("-af", "pan=stereo|c0=c0|c1=-1*c1"))
    yield Kind("layout left alone mp4", "mp4", encoded("-af", "pan=stereo|c0=c0|c1=0*c0"))


def _offsets() -> Iterator[Kind]:
    for suffix in ("mp4", "mkv", "ts", "flv"):
        for late_ms in (80, 400, 1_000):
            make = encoded(before_sound=["-itsoffset", str(late_ms / 1000)])
            yield Kind(f"sound {late_ms} ms late {suffix}", suffix, make, late_ms, _late(suffix))
        for early_ms in (300,):
            make = encoded(before_picture=["-itsoffset", str(early_ms / 1000)])
            yield Kind(f"sound {early_ms} ms early {suffix}", suffix, make, -early_ms, _late(suffix))  # fmt: skip
    for start_s in ("3", "1000"):
        for suffix in ("mkv", "ts", "mp4"):
            make = encoded("-output_ts_offset", start_s)
            yield Kind(f"clock starts at {start_s} s {suffix}", suffix, make, delay_ms=_late(suffix))  # fmt: skip


def _lengths() -> Iterator[Kind]:
    for suffix in ("mp4", "mkv", "ts", "avi", "flv"):
        video = ["-c:v", "mpeg4"] if suffix == "avi" else []
        codec = ["-c:a", "mp3"] if suffix == "avi" else []
        late = _late(suffix, "mp3" if suffix == "avi" else "aac")
        make = encoded(*video, *codec, heard=tone(seconds=3))
        yield Kind(f"sound shorter {suffix}", suffix, make, delay_ms=late)
        make = encoded(*video, *codec, heard=tone(seconds=10))
        yield Kind(f"picture shorter {suffix}", suffix, make, delay_ms=late)
    yield Kind("2 s long", "mp4", encoded(shown=picture(seconds=2), heard=tone(seconds=2)))
    yield Kind("60 s long", "mp4", encoded(shown=picture(seconds=60), heard=tone(seconds=60)))
    make = encoded(shown=picture("1", "16x16", 660), heard=tone(8_000, "mono", 660))
    yield Kind("11 minutes long", "mp4", make, refused=True)


def _pictures() -> Iterator[Kind]:
    for size in ("16x16", "540x960", "1080x1920", "320x180"):
        yield Kind(f"size {size}", "mp4", encoded(shown=picture(size=size)))
    yield Kind("odd sides ffv1", "mkv", encoded("-c:v", "ffv1", "-pix_fmt", "yuv444p", "-vf", "scale=65:97"))  # fmt: skip
    yield Kind("odd sides h264", "mp4", encoded("-pix_fmt", "yuv444p", "-vf", "scale=65:97"))
    yield Kind("odd sides mjpeg", "mov", encoded("-c:v", "mjpeg", "-pix_fmt", "yuvj444p", "-vf", "scale=65:97"))  # fmt: skip
    for depth in ("yuv420p10le", "yuv422p", "yuv422p10le", "yuv444p"):
        yield Kind(f"h264 {depth}", "mp4", encoded("-pix_fmt", depth))
    yield Kind("hevc 10 bit", "mp4", encoded("-c:v", "libx265", "-pix_fmt", "yuv420p10le", "-x265-params", "log-level=error"))  # fmt: skip
    yield Kind("pixels 4:3", "mp4", encoded("-vf", "setsar=4/3"))
    yield Kind("interlaced", "ts", encoded("-flags", "+ilme+ildct"), delay_ms=_late("ts"))
    for degrees in (90, 180, 270):
        make = remade(encoded(), "mp4", "-c", "copy", "-metadata:s:v:0", f"rotate={degrees}")
        yield Kind(f"rotated {degrees}", "mp4", make)
    turned = ["-c:v", "prores_ks", "-pix_fmt", "yuv422p10le", "-c:a", "pcm_s16le"]
    make = remade(encoded(*turned), "mov", "-c", "copy", "-metadata:s:v:0", "rotate=90")
    yield Kind("rotated prores", "mov", make)


def _uneven() -> Iterator[Kind]:
    patterns = {
        "gap of 4 near the end": "between(n,166,169)", "gap near the end": "between(n,140,170)", "every third": "eq(mod(n,3),0)",
        "waves": "gt(mod(n,20),14)", "still for 2 s": "between(n,60,120)", "random": "gt(random(0),0.7)",
    }  # fmt: skip
    for name, missing in patterns.items():
        for suffix in ("mp4", "mkv"):
            select = ["-vf", f"select='not({missing})'", "-vsync", "vfr"]
            yield Kind(f"uneven {name} {suffix}", suffix, encoded(*select, shown=picture("30")))
    select = ["-vf", "select='gt(random(1),0.4)'", "-vsync", "vfr", "-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libvorbis"]  # fmt: skip
    yield Kind("uneven vp8 webm", "webm", encoded(*select, shown=picture("30")))


def _streams() -> Iterator[Kind]:
    def with_more(path: Path, *arguments: object) -> None:
        first = path.with_name(f"first{path.suffix}")
        encoded()(first)
        ffmpeg("-i", first, *arguments, path)
        first.unlink()

    def two_languages(path: Path) -> None:
        silence = ["-f", "lavfi", "-t", "6", "-i", "anullsrc"]
        tags = ["-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=chi"]
        flags = ["-disposition:a:0", "default", "-disposition:a:1", "0"]
        with_more(path, *silence, "-map", "0:v", "-map", "1:a", "-map", "0:a", "-c:v", "copy", *AAC, *tags, *flags)  # fmt: skip

    def commentary(path: Path) -> None:
        other = ["-f", "lavfi", "-t", "6", "-i", "sine=500"]
        flags = ["-disposition:a:0", "comment", "-disposition:a:1", "0"]
        with_more(path, *other, "-map", "0:v", "-map", "1:a", "-map", "0:a", "-c:v", "copy", *AAC, *flags)  # fmt: skip

    def subtitled(path: Path) -> None:
        srt = path.with_name("s.srt")
        srt.write_text("1\n00:00:01,000 --> 00:00:02,000\nHello\n\n", "utf-8")
        codec = "mov_text" if path.suffix == ".mp4" else "srt"
        with_more(path, "-i", srt, "-map", 0, "-map", 1, "-c", "copy", "-c:s", codec)

    def cover(path: Path) -> None:
        png = path.with_name("c.png")
        ffmpeg("-f", "lavfi", "-i", "color=red:s=300x300", "-frames:v", 1, png)
        with_more(path, "-i", png, "-map", 1, "-map", 0, "-c", "copy", "-disposition:v:0", "attached_pic", "-disposition:v:1", "default")  # fmt: skip

    def attachment(path: Path) -> None:
        font = path.with_name("font.ttf")
        font.write_bytes(b"no font at all")
        with_more(path, "-map", 0, "-c", "copy", "-attach", font, "-metadata:s:t", "mimetype=application/x-truetype-font")  # fmt: skip

    def chapters(path: Path) -> None:
        text = path.with_name("meta.txt")
        text.write_text(";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=3000\ntitle=one\n")
        with_more(path, "-i", text, "-map", 0, "-map_metadata", 1, "-c", "copy")

    for suffix in ("mp4", "mkv", "ts"):
        late = _late(suffix)
        yield Kind(f"two languages {suffix}", suffix, two_languages, delay_ms=late)
    yield Kind("commentary first mkv", "mkv", commentary)
    yield Kind("sound before picture mkv", "mkv", lambda path: with_more(path, "-map", "0:a", "-map", "0:v", "-c", "copy"))  # fmt: skip
    for suffix in ("mp4", "mkv"):
        yield Kind(f"subtitled {suffix}", suffix, subtitled)
        yield Kind(f"chapters {suffix}", suffix, chapters)
    yield Kind("cover mp4", "mp4", cover)
    yield Kind("attachment mkv", "mkv", attachment)
    for name in ("空 格.mp4", "引号'.mp4", "100%d.mp4", "-dash.mp4"):
        yield Kind(f"name {name}", name, encoded())


def _cuts() -> Iterator[Kind]:
    longer = encoded(shown=picture(seconds=9), heard=tone(seconds=9))
    for suffix in ("mp4", "mkv", "ts", "flv"):
        # Cut between key frames: the first ones are hidden by an edit list, or can't be shown.
        make = remade(longer, suffix, "-c", "copy", before=["-ss", "1.5"])
        yield Kind(f"cut at 1.5 s {suffix}", suffix, make, delay_ms=_late(suffix), whole=False)
    make = remade(encoded(), "mp4", "-c", "copy", "-movflags", "+frag_keyframe+empty_moov")
    yield Kind("fragmented mp4", "mp4", make)
    make = remade(encoded(), "mp4", "-c", "copy", "-movflags", "+negative_cts_offsets")
    yield Kind("negative offsets mp4", "mp4", make)
    make = remade(encoded(), "mp4", "-c", "copy", "-use_editlist", "0")
    yield Kind("no edit list mp4", "mp4", make, delay_ms=_late("ts"))

    def joined(path: Path, times: int) -> None:
        encoded()(path)
        path.write_bytes(path.read_bytes() * times)

    for times in (2, 3):
        yield Kind(f"joined {times} times ts", "ts", lambda path, n=times: joined(path, n), delay_ms=_late("ts"), whole=False)  # fmt: skip
    for suffix in ("flv", "mpg"):
        video = ["-c:v", "mpeg2video", "-c:a", "mp2"] if suffix == "mpg" else []

        def twice(path: Path, options: Sequence[str] = tuple(video)) -> None:
            encoded(*options)(path)
            path.write_bytes(path.read_bytes() * 2)

        yield Kind(f"joined 2 times {suffix}", suffix, twice, delay_ms=_late(suffix, "mp2"), refused=None, whole=False)  # fmt: skip

    def cut_open(path: Path) -> None:
        encoded()(path)
        path.write_bytes(path.read_bytes()[188 * 40 + 77 :])

    yield Kind("begins in a packet ts", "ts", cut_open, delay_ms=_late("ts"), refused=None, whole=False)  # fmt: skip
    make = remade(encoded(), "mkv", "-c", "copy", "-bsf:a", "noise=drop='between(n,140,160)'")
    yield Kind("hole in the sound mkv", "mkv", make)


def _damage() -> Iterator[Kind]:
    for suffix in ("mp4", "mkv", "ts", "flv", "avi", "wmv"):
        options = {
            "avi": ["-c:v", "mpeg4", "-c:a", "mp3"],
            "wmv": ["-c:v", "wmv2", "-c:a", "wmav2"],
        }
        whole = encoded(*options.get(suffix, []))
        for share in (0.3, 0.5, 0.9):  # a tone is left in each
            make = damaged(whole, lambda data, s=share: data[: int(len(data) * s)])
            yield Kind(f"truncated to {share:.0%} {suffix}", suffix, make, refused=None, whole=False)  # fmt: skip
        for name, count in (("a few", 3), ("many", 40)):
            make = damaged(whole, lambda data, n=count: _garbage(data, n))
            yield Kind(f"{name} bytes changed {suffix}", suffix, make, refused=None, whole=False)
        make = damaged(whole, lambda data: data[: len(data) // 2] + bytes(4_000) + data[len(data) // 2 + 4_000 :])  # fmt: skip
        yield Kind(f"zeros in the middle {suffix}", suffix, make, refused=None, whole=False)
    faststart = encoded("-movflags", "+faststart")
    make = damaged(faststart, lambda data: data[: len(data) // 2])
    yield Kind("truncated faststart mp4", "mp4", make, refused=True)
    yield Kind("empty", "mp4", lambda path: path.write_bytes(b""), refused=True)
    yield Kind("text", "mp4", lambda path: path.write_text("no video\n" * 99), refused=True)
    yield Kind("noise", "mp4", lambda path: path.write_bytes(random.Random(1).randbytes(9_000)), refused=True)  # fmt: skip
    yield Kind("sound alone", "mp4", lambda path: ffmpeg(*tone(), *AAC, path), refused=True)
    yield Kind("picture alone", "mp4", lambda path: ffmpeg(*picture(), *H264, path), refused=True)
    yield Kind("a wav named mp4", "mp4", lambda path: ffmpeg(*tone(), "-f", "wav", path), refused=True)  # fmt: skip
    yield Kind("a png named mp4", "mp4", lambda path: ffmpeg(*picture(), "-frames:v", 1, "-f", "image2", "-c:v", "png", path), refused=True)  # fmt: skip
    yield Kind("json named mp4", "mp4", lambda path: path.write_text(json.dumps([1])), refused=True)  # fmt: skip
    make = damaged(encoded(), lambda data: data[:64] + bytes(len(data) - 64))
    yield Kind("zeros after the head mp4", "mp4", make, refused=True)


def _garbage(data: bytearray, count: int) -> bytearray:
    chance = random.Random(7)
    for _ in range(count):
        # The index of an MP4 may lie at either end: damage to it is another kind.
        at = chance.randrange(len(data) // 5, len(data) * 7 // 10)
        data[at] = chance.randrange(256)
    return data


def make(kind: Kind, folder: Path) -> Path:
    """Makes one file in a folder of its own, and returns it."""
    folder.mkdir(parents=True)
    name = kind.suffix if "." in kind.suffix else f"media.{kind.suffix}"
    path = folder / name
    kind.make(path)
    for other in folder.iterdir():
        if other != path:
            other.unlink() if other.is_file() else shutil.rmtree(other)
    return path
