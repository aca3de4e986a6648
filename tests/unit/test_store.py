"""Artifacts appear whole or not at all, and their keys say what they were made from."""

from __future__ import annotations

import os
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubbing.model.speech import Word
from dubbing.model.time import Span
from dubbing.store.artifacts import ArtifactStore, key_of, read_json, write_json
from dubbing.store.digests import digest_of

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.text(max_size=5), values, max_size=5))
def test_a_key_does_not_depend_on_the_order_of_a_mapping(settings: dict[str, object]) -> None:
    reordered = dict(reversed(settings.items()))
    assert key_of("s", 1, settings=settings) == key_of("s", 1, settings=reordered)


@given(values, values)
def test_different_settings_have_different_keys(one: object, other: object) -> None:
    same = key_of("s", 1, settings=one) == key_of("s", 1, settings=other)
    # True == 1 in Python, and not in a key.
    assert same == (repr(one) == repr(other) or (one == other and not _mixes_bools(one, other)))


def _mixes_bools(one: object, other: object) -> bool:
    return repr(one).replace("True", "1").replace("False", "0") != repr(one) or (
        repr(other).replace("True", "1").replace("False", "0") != repr(other)
    )


def test_a_key_depends_on_the_stage_and_its_version() -> None:
    assert len({key_of("a", 1), key_of("a", 2), key_of("b", 1)}) == 3


@dataclass(frozen=True)
class Document:
    rate: Fraction
    words: tuple[Word, ...]


def test_a_document_comes_back_as_it_was(tmp_path: Path) -> None:
    document = Document(Fraction(30000, 1001), (Word("你", Span(0, 40), 0.5),))
    write_json(tmp_path / "d.json", document)
    assert read_json(tmp_path / "d.json", Document) == document


def test_an_artifact_is_not_there_before_it_is_whole(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    with store.writing("ab12") as folder:
        (folder / "a.txt").write_text("half")
        assert "ab12" not in store
    assert (store.path("ab12") / "a.txt").read_text() == "half"


def test_a_stage_that_fails_leaves_nothing(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)

    def fail(folder: Path) -> None:
        (folder / "a.txt").write_text("half")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.get_or_make("ab12", fail)
    assert "ab12" not in store
    assert not list((tmp_path / "tmp").iterdir())


def test_the_second_of_two_makers_of_the_same_artifact_yields(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    with store.writing("ab12") as ours:
        (ours / "a").write_text("ours")
        with store.writing("ab12") as theirs:
            (theirs / "a").write_text("theirs")
    assert (store.path("ab12") / "a").read_text() == "theirs"


def test_only_what_the_dead_left_is_swept(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    with store.writing("ab12") as alive:
        dead = tmp_path / "tmp" / "4194999-dead"  # above the highest process id there can be
        dead.mkdir()
        store.sweep()
        assert alive.exists()
        assert not dead.exists()


def test_a_digest_is_remembered_until_the_file_changes(tmp_path: Path) -> None:
    store, file = ArtifactStore(tmp_path / "store"), tmp_path / "video.mp4"
    file.write_bytes(b"one")
    first = digest_of(store, file)
    assert digest_of(store, file) == first
    file.write_bytes(b"two")
    os.utime(file, ns=(1, 1))
    assert digest_of(store, file) != first
