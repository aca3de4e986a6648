"""The entry point: commands put together, errors worded, exit statuses."""

from __future__ import annotations

import os
import sys
import traceback
from typing import NoReturn

import click

from dubbing import __version__
from dubbing.cli import console, show, work
from dubbing.cli.console import EXAMPLES, Failed
from dubbing.errors import DubbingError, Rejected
from voices import VoiceError


@click.group(epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="dub")
def cli() -> None:
    """Subtitles and dubs for mini-series: a release goes in, a localized release comes out."""


for command in (work.run, work.edit, work.report, work.clean):
    cli.add_command(command)
for command in (show.probe, show.engines, show.languages, show.voices):
    cli.add_command(command)


def main() -> NoReturn:
    """Runs the command: exit status 0 done, 1 our fault, 2 the user's to mend, 130 after Ctrl-C."""
    try:
        cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except Failed as failed:
        sys.exit(failed.status)
    except VoiceError as error:
        console.show_error(
            Rejected(
                "voice",
                found=str(error),
                expected="a voice of the catalogue",
                remedy="`dub voices` lists them.",
            )
        )
        sys.exit(2)
    except DubbingError as error:
        console.show_error(error)
        sys.exit(error.exit_status)
    except (KeyboardInterrupt, click.Abort):
        console.stderr.print("\nStopped. The same command goes on where this one left off.")
        # Engines may be deep in native code that can't be interrupted; what is made is safe on disk.
        sys.stderr.flush()
        os._exit(130)
    except Exception as error:  # noqa: BLE001 - the last place where a mistake of ours can be told
        traceback.print_exc()
        console.show_error(error)
        sys.exit(1)
    sys.exit(0)
