"""The fit of a take, by properties: whatever the lengths, the rules of the dub hold."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dubbing.model.dub import Fit, FitKind
from dubbing.model.fitting import (
    MARGIN_MS,
    MAX_FLAGGED_TEMPO,
    MAX_SPEED,
    MAX_TEMPO,
    Shorten,
    Speak,
    ask,
    settle,
    slots,
)
from dubbing.model.time import Span

END_MS = 90_000


@st.composite
def episodes(draw: st.DrawFn) -> list[tuple[Span, str, int, float]]:
    """Lines of an episode: span, speaker, natural length of the take, how honest the engine is."""
    lines = []
    position_ms = draw(st.integers(0, 3000))
    for _ in range(draw(st.integers(1, 12))):
        length_ms = draw(st.integers(200, 6000))
        natural_ms = draw(st.integers(100, 12_000))
        honesty = draw(st.floats(0.93, 1.07))
        lines.append(
            (
                Span(position_ms, position_ms + length_ms),
                draw(st.sampled_from("ab")),
                natural_ms,
                honesty,
            )
        )
        position_ms += max(100, length_ms + draw(st.integers(-500, 2500)))
    return lines


def fit_all(lines: list[tuple[Span, str, int, float]]) -> list[Fit]:
    fits: list[Fit] = []
    for (span, _, natural_ms, honesty), slot in zip(
        lines, slots([line[0] for line in lines], END_MS), strict=True
    ):
        asked = ask(natural_ms, "x" * 40, slot, may_shorten=False)
        assert isinstance(asked, Speak)
        spoken_ms = natural_ms if asked.speed == 1.0 else round(natural_ms / asked.speed * honesty)
        fits.append(
            settle(
                line=len(fits) + 1,
                text="x" * 40,
                voice="v",
                natural_ms=natural_ms,
                spoken_ms=spoken_ms,
                speed=asked.speed,
                utterance=span,
                slot=slot,
                free_from_ms=max((f.span.end_ms for f in fits), default=0) + MARGIN_MS,
                end_ms=END_MS,
                shortened=False,
            )
        )
    return fits


@given(episodes())
def test_a_line_starts_with_its_utterance_or_in_silence_before_it(lines) -> None:
    fits = fit_all(lines)
    for index, (fit, (span, *_)) in enumerate(zip(fits, lines, strict=True)):
        assert fit.span.start_ms <= span.start_ms
        if fit.span.start_ms < span.start_ms:
            assert all(f.span.end_ms + MARGIN_MS <= fit.span.start_ms for f in fits[:index])


@given(episodes(), st.integers(0, 11), st.integers(100, 12_000))
def test_a_longer_take_moves_no_later_line(lines, which, longer_ms) -> None:
    which %= len(lines)
    before = fit_all(lines)
    span, speaker, _, honesty = lines[which]
    after = fit_all([*lines[:which], (span, speaker, longer_ms, honesty), *lines[which + 1 :]])
    for ours, theirs, (utterance, *_) in list(zip(before, after, lines, strict=True))[which + 1 :]:
        # A later line may lose silence it had borrowed, and then starts with its utterance: no later.
        assert max(ours.span.start_ms, theirs.span.start_ms) <= utterance.start_ms


@given(episodes())
def test_the_caps_are_kept_but_where_the_picture_ends(lines) -> None:
    for fit in fit_all(lines):
        assert fit.speed <= MAX_SPEED
        tempo = fit.natural_ms / max(1, fit.span.duration_ms)
        if fit.kind is not FitKind.FLAGGED:
            assert tempo <= MAX_TEMPO * 1.09  # the engine's own dishonesty is not stretched further
        if fit.span.end_ms < END_MS:
            # No stretch was added beyond the cap: an engine that itself spoke faster is its own doing.
            assert fit.stretch == 1.0 or tempo <= MAX_FLAGGED_TEMPO + 0.02


@given(episodes())
def test_no_word_is_cut(lines) -> None:
    for fit, (_, _, natural_ms, _) in zip(fit_all(lines), lines, strict=True):
        # What sounds, played back at its tempo, is the whole take.
        spoken_ms = fit.span.duration_ms * fit.stretch
        assert abs(spoken_ms * fit.speed - natural_ms) <= natural_ms * 0.08 + 2


@given(episodes())
def test_lines_overlap_only_as_in_the_original_or_flagged(lines) -> None:
    fits = fit_all(lines)
    for index, (fit, (utterance, *_)) in enumerate(zip(fits, lines, strict=True)):
        for later, (later_utterance, *_) in list(zip(fits, lines, strict=True))[index + 1 :]:
            if fit.span.overlap_ms(later.span) > 0:
                assert utterance.overlap_ms(later_utterance) > 0 or fit.kind is FitKind.FLAGGED


@given(episodes())
def test_an_overrun_is_always_flagged_and_nothing_outlasts_the_picture(lines) -> None:
    for fit in fit_all(lines):
        assert (fit.overrun_ms > 0) <= (fit.kind is FitKind.FLAGGED)
        assert fit.overrun_ms == max(0, fit.span.end_ms - fit.slot.end_ms)
        assert fit.span.end_ms <= END_MS


def decide(natural_ms: int, *, may_shorten: bool = False) -> Fit | Shorten:
    """One line of 2 s, followed by 480 ms of which 400 can be borrowed; an honest engine."""
    utterance, following = Span(1000, 3000), Span(3480, 4000)
    slot = slots([utterance, following], 10_000)[0]
    asked = ask(natural_ms, "x" * 40, slot, may_shorten=may_shorten)
    if isinstance(asked, Shorten):
        return asked
    return settle(
        line=1, text="x", voice="v", natural_ms=natural_ms, spoken_ms=round(natural_ms / asked.speed),
        speed=asked.speed, utterance=utterance, slot=slot, free_from_ms=900, end_ms=10_000,
        shortened=False,
    )  # fmt: skip


def test_the_ways_are_tried_in_order() -> None:
    kinds = {ms: decide(ms).kind for ms in (1900, 2300, 2600, 2850, 3200, 3600)}  # type: ignore[union-attr]
    assert kinds == {
        1900: FitKind.IN_TIME,
        2300: FitKind.BORROWED,
        2600: FitKind.SPED,
        2850: FitKind.STRETCHED,
        3200: FitKind.FLAGGED,
        3600: FitKind.FLAGGED,
    }


def test_a_shorter_text_is_asked_for_before_a_stretch_that_is_heard() -> None:
    asked = decide(3600, may_shorten=True)
    assert isinstance(asked, Shorten)
    assert asked.max_chars == int(40 * 1.15 / 1.5)


def test_an_overrun_borrows_the_silence_before_it_first() -> None:
    fit = decide(
        3500
    )  # at 1.4 it lasts 2500 ms: 100 ms more than the slot, and 100 are free before
    assert isinstance(fit, Fit)
    assert fit.span == Span(900, 3400)
    assert fit.overrun_ms == 0
