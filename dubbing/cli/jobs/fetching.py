"""Commands that bring here what a service made, and what its webhooks are checked with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from dubbing.cli import console
from dubbing.cli.console import print_json
from dubbing.cli.jobs.group import JobId, connected
from dubbing.errors import Transient
from dubbing.formats.digest import sha256_of
from dubbing.publishing.publish import MANIFEST, Manifest, read_manifest
from dubbing.store.artifacts import write_json

if TYPE_CHECKING:
    from dubbing.cli.remote import Remote


@connected
@click.argument("job", type=JobId())
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Where to."
)
def fetch(remote: Remote, as_json: bool, job: str, out: Path) -> None:
    """Download what was published. What is here already is not fetched again."""
    document = remote.ask("GET", f"/jobs/{job}/outputs")
    manifest = msgspec.convert(document, Manifest)
    known = read_manifest(out)
    here = {file.path: file.sha256 for file in known.files} if known else {}
    fetched = 0
    for file in manifest.files:
        to = out / file.path
        if not to.resolve().is_relative_to(out.resolve()):
            raise Transient(f"The service names a file outside the release: {file.path!r}")
        if to.is_file() and here.get(file.path) == file.sha256 == sha256_of(to):
            continue
        remote.fetch(f"/jobs/{job}/outputs/{file.path}", to, file.sha256)
        fetched += 1
    # Last, as the service does it: what a manifest names is there.
    write_json(out / MANIFEST, manifest)
    if as_json:
        print_json({"out": str(out), "files": len(manifest.files), "fetched": fetched})
    else:
        told = f"{fetched} of {len(manifest.files)} files fetched into {out}"
        console.stdout.print(told, markup=False)


@connected
def webhook_secret(remote: Remote, as_json: bool) -> None:
    """Print the secret with which your team checks the signatures of its webhooks with."""
    found = remote.ask("GET", "/webhook-secret")
    if as_json:
        print_json(found)
    else:
        console.stdout.print(found["secret"], markup=False, soft_wrap=True)
