"""Where teams may read and publish: in places of their own, and where the operator shares one."""

from __future__ import annotations

from pathlib import Path

import pytest

from dubbing.errors import Rejected
from dubbing.service.releases.roots import Roots
from dubbing.service.settings import ServiceSettings

KINDS = ("/srv/r", "file:///srv/r", "s3://bucket/r", "memory://r", "http://host.example:8080/r")

# From the place of a team (`mine`), and the folder that it is in (`all`), to that of another team.
ELSEWHERE = (
    "{all}/rival/fated",
    "{all}/rival",
    "{all}",
    "{all}/",
    "{mine}x/fated",
    "{mine}/../rival/fated",
    "{mine}/./../rival/fated",
    "{mine}/fated/../../rival/fated",
    "{mine}//../rival/fated",
    "{mine}/%2e%2e/rival/fated",
    "{mine}/%2E./rival/fated",
    "{mine}/%252e%252e/rival/fated",
    "{mine}/%25252e%25252e%25252frival",
    "{mine}/..%2frival/fated",
    "{mine}/..%5crival/fated",
    "{mine}/.\t./rival/fated",
    "{mine}/.%09./rival/fated",
    "{mine}/.\n./rival/fated",
    "{mine}/fated\0",
    "{mine}/fated?version=1",
    "{mine}/fated#x",
    "{mine}/fated::{all}/rival/fated",
    "{mine}/zip://fated::{all}/rival/fated",
    "simplecache::{all}/rival/fated",
    "{all}/STUDIO/fated",
    "{all}/Studio/fated",
    "{all}/ｓtudio/fated",
    "{all}/studıo/fated",
    "{all}/stu\u00addio/fated",
    "{all}/studio\u0301/fated",
    "{all}/%73tudio/../rival",
)
INSIDE = ("{mine}", "{mine}/fated", "{mine}/a/b/婚礼 1", "{mine}/100%/fated", "{mine}/..fated/a..b")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("url", ELSEWHERE)
def test_nothing_leads_from_one_team_to_another(kind: str, url: str) -> None:
    for root in (kind, f"{kind}/{{team}}", f"{kind}/"):
        with pytest.raises(Rejected, match="release"):
            Roots.of((root,), ()).refuse_outside(
                url.format(mine=f"{kind}/studio", all=kind), "studio"
            )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("url", INSIDE)
def test_a_teams_own_place_is_open_to_it_alone(kind: str, url: str) -> None:
    roots = Roots.of((kind,), ())
    plain = roots.refuse_outside(url.format(mine=f"{kind}/studio"), "studio")
    assert roots.refuse_outside(plain, "studio") == plain
    for team in ("rival", "studio2", "stud"):
        with pytest.raises(Rejected, match="release"):
            roots.refuse_outside(plain, team)


def test_a_shared_place_is_open_to_every_team_once_the_operator_says_so() -> None:
    roots = Roots.of(("/srv/own",), ("/srv/shared", "s3://bucket/shared"))
    for team in ("studio", "rival"):
        assert roots.refuse_outside("/srv/shared/fated", team) == "/srv/shared/fated"
        assert roots.refuse_outside("s3://bucket/shared/x/", team) == "s3://bucket/shared/x"
        assert roots.of_upload(team, "fated") == f"/srv/own/{team}/fated"
        with pytest.raises(Rejected):
            roots.refuse_outside("/srv/shared/../own/other/fated", team)


def test_links_are_followed_before_it_is_decided(tmp_path: Path) -> None:
    for team in ("studio", "rival"):
        (tmp_path / team / "fated").mkdir(parents=True)
    (tmp_path / "rival" / "link").symlink_to(tmp_path / "studio")
    (tmp_path / "rival" / "up").symlink_to("..")
    (tmp_path / "rival" / "own").symlink_to("fated")
    roots = Roots.of((str(tmp_path),), ())
    for url in (
        "link",
        "link/fated",
        "up",
        "up/studio/fated",
        "fated/../link/fated",
        "link/../rival",
    ):
        for scheme in ("", "file://", "local://"):
            if url == "link/../rival":
                # Up from where the link leads: home again.
                assert roots.refuse_outside(f"{scheme}{tmp_path}/rival/{url}", "rival")
                continue
            with pytest.raises(Rejected):
                roots.refuse_outside(f"{scheme}{tmp_path}/rival/{url}", "rival")
    assert roots.refuse_outside(f"{tmp_path}/rival/own", "rival") == f"{tmp_path}/rival/fated"
    with pytest.raises(Rejected):
        roots.of_upload("rival", "link")


@pytest.mark.parametrize("team", ["..", "../rival", "", "a/b", "Studio", "{team}", "*", "a\n"])
def test_what_is_no_name_of_a_team_has_no_place(team: str) -> None:
    with pytest.raises(Rejected, match="team"):
        Roots.of(("/srv/r",), ("/srv/shared",)).refuse_outside("/srv/shared/x", team)


@pytest.mark.parametrize(
    ("own", "shared"),
    [
        (("/srv/{team}", "/srv/r/{team}"), ()),
        (("/srv", "/srv/r"), ()),
        (("/srv/{team}/in", "/srv/r"), ()),
        (("s3://b/{team}", "s3://b/r/{team}"), ()),
        (("/srv/r",), ("/srv",)),
        (("/srv/r",), ("/srv/r",)),
        (("/srv/r",), ("/srv/r/shared",)),
        (("s3://{team}",), ("s3://bucket/x",)),
        (("file:///srv/r",), ("/srv/r/x",)),
        (("/srv/r",), ("/srv/s/{team}",)),
    ],
)
def test_places_in_which_teams_would_not_be_apart_are_refused(
    own: tuple[str, ...], shared: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUBBING_RELEASE_ROOTS", ",".join(own))
    monkeypatch.setenv("DUBBING_SHARED_ROOTS", ",".join(shared))
    with pytest.raises(Rejected, match=r"DUBBING_(RELEASE|SHARED)_ROOTS"):
        ServiceSettings.load()


@pytest.mark.parametrize(
    ("own", "shared"),
    [
        (("/srv/{team}/in", "/srv/{team}/out"), ()),
        (("/srv/a", "/srv/b"), ("/srv/c",)),
        (("s3://a-{team}/x",), ("/srv",)),
        ((), ("/srv",)),
    ],
)
def test_places_apart_from_each_other_are_taken(
    own: tuple[str, ...], shared: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUBBING_RELEASE_ROOTS", ",".join(own))
    monkeypatch.setenv("DUBBING_SHARED_ROOTS", ",".join(shared))
    found = ServiceSettings.load().roots
    assert len(found.own) == len(own)
    assert found.shared == shared
