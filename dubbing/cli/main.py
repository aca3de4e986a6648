"""The entry point: commands put together, errors worded, exit statuses."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from typing import NoReturn

import click

from dubbing import __version__
from dubbing.cli import completion, console, edit, models, report, show, voices, work
from dubbing.cli.console import EXAMPLES, Failed
from dubbing.errors import DubbingError, Rejected, install
from dubbing.making import disk
from dubbing.planning.config import artifacts_folder
from voices import VoiceError

# Commands of the service: loaded when they are called, since their packages may not be installed.
_SERVICE = {
    "database": "dubbing.cli.service",
    "health": "dubbing.cli.service",
    "jobs": "dubbing.cli.jobs",
    "messages": "dubbing.cli.service",
    "serve": "dubbing.cli.service",
    "sweep": "dubbing.cli.service",
    "tokens": "dubbing.cli.tokens",
    "worker": "dubbing.cli.service",
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *_SERVICE})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _SERVICE:
            return super().get_command(ctx, cmd_name)
        try:
            module = importlib.import_module(_SERVICE[cmd_name])
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] in ("dubbing", "workers", "voices"):
                raise
            return _not_installed(cmd_name, error.name or "")
        command: click.Command = getattr(module, cmd_name)
        return command


def _not_installed(name: str, package: str) -> click.Command:
    @click.command(name, short_help="(needs the service's packages)", add_help_option=False)
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    def command(arguments: tuple[str, ...]) -> None:  # noqa: ARG001 - whatever they are
        raise Rejected(
            f"dub {name}",
            found=f"no package {package}",
            expected="the packages of the service",
            remedy=install("service"),
        )

    return command


@click.group(
    cls=_Commands, epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, prog_name="dub")
def cli() -> None:
    """Subtitles and dubs for mini-series: a release goes in, a localized release comes out."""


for command in (work.run, edit.edit, report.report, work.clean):
    cli.add_command(command)
for command in (
    completion.completion,
    show.probe,
    show.engines,
    show.languages,
    voices.voices,
    models.models,
):
    cli.add_command(command)


def main() -> NoReturn:
    """Runs the command: exit status 0 done, 1 our fault, 2 the user's to mend, 130 after Ctrl-C."""
    console.print_anything()
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
                remedy="`dub voices list` shows them.",
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
    except OSError as error:
        told = disk.rejected(error, artifacts_folder())
        if not isinstance(told, DubbingError):
            traceback.print_exc()
        console.show_error(told)
        sys.exit(told.exit_status if isinstance(told, DubbingError) else 1)
    except UnicodeEncodeError as error:
        # Python keeps bytes that are no UTF-8 as lone surrogates, which names of files may hold and texts may not.
        if error.reason != "surrogates not allowed":
            raise
        console.show_error(
            Rejected(
                "the command line",
                found=f"bytes that are no UTF-8: {os.fsencode(error.object[error.start : error.end])!r}",
                expected="text in UTF-8",
                remedy="Set the terminal to UTF-8, and write it again.",
            )
        )
        sys.exit(2)
    except Exception as error:  # noqa: BLE001 - the last place where a mistake of ours can be told
        traceback.print_exc()
        console.show_error(error)
        sys.exit(1)
    sys.exit(0)
