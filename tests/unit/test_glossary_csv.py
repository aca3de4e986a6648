"""A glossary is read as spreadsheets write it, and what contradicts itself is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from dubbing.errors import Rejected
from dubbing.formats.glossary_csv import read_glossary
from dubbing.model.episode import Term

PLAIN = "source,language,target,note\n沈清,en,Shen Qing,the heroine\n顾家,es,los Gu,\n"
READ = (Term("沈清", "en", "Shen Qing", "the heroine"), Term("顾家", "es", "los Gu"))


def read(tmp_path: Path, content: bytes) -> tuple[Term, ...]:
    file = tmp_path / "glossary.csv"
    file.write_bytes(content)
    return read_glossary(file)


@pytest.mark.parametrize(
    "content",
    [
        PLAIN.encode(),
        PLAIN.encode("utf-8-sig"),
        PLAIN.replace("\n", "\r\n").encode(),
        PLAIN.encode("gb18030"),
        PLAIN.encode("utf-16"),
        PLAIN.replace(",", ";").encode(),
        PLAIN.replace(",", "\t").encode("utf-16"),
        PLAIN.replace(",", " , ").encode(),
        PLAIN.replace("\n", ",,,\n").encode() + b",,,,,,\n\n   ,,\n",
        PLAIN.replace("source", "Source").replace("en,", "EN,").encode(),
    ],
    ids=[
        "plain",
        "bom",
        "crlf",
        "gb18030",
        "utf16",
        "semicolons",
        "tabs",
        "spaces",
        "trailing",
        "capitals",
    ],
)
def test_what_spreadsheets_write_is_read(tmp_path: Path, content: bytes) -> None:
    assert read(tmp_path, content) == READ


@pytest.mark.parametrize(
    ("written", "tag"), [("EN", "en"), ("pt_br", "pt-BR"), ("es_419", "es-419")]
)
def test_tags_come_in_their_usual_form(tmp_path: Path, written: str, tag: str) -> None:
    (term,) = read(tmp_path, f"source,language,target\n沈清,{written},Shen\n".encode())
    assert term.language == tag


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("沈清,en,Shen Qing", "沈清,en,Shen Ching"),
        ("顾家,en,the Gus", "顧家,EN,the Gu family"),
        ("CEO,pt_br,presidente", "ceo,pt-BR,diretor"),
    ],
)
def test_a_term_with_two_targets_is_refused_with_both_lines(
    tmp_path: Path, first: str, second: str
) -> None:
    with pytest.raises(Rejected) as refused:
        read(tmp_path, f"source,language,target\n{first}\n霍少,en,Mr. Huo\n{second}\n".encode())
    assert "line 4" in refused.value.where
    assert "line 2" in refused.value.found


def test_a_term_given_twice_alike_is_one(tmp_path: Path) -> None:
    assert len(read(tmp_path, (PLAIN + "沈清,en,Shen Qing,\n").encode())) == 2
