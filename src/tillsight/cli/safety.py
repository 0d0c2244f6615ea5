"""Keeping a shop safe: backup, backups, restore, drill; credentials (secret) and keys (key)."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tillsight.cli.options import ListFormatOption, WorkspaceOption, open_shop
from tillsight.cli.output import Heading, print_json, print_list, print_pairs, print_table, say
from tillsight.cli.progress import progress
from tillsight.core.errors import QuestionError

if TYPE_CHECKING:
    from tillsight.recovery import Outcome, Restored
    from tillsight.shop import Shop
    from tillsight.vault import Vault

secret_app = typer.Typer(help="Keep the credentials of connections, encrypted.", no_args_is_help=True)
key_app = typer.Typer(help="The master key that everything encrypted hangs on.", no_args_is_help=True)

FromPlaceOption = Annotated[
    str | None,
    typer.Option(
        "--from", metavar="PLACE", help="Where the backups are; else the setting backup.to.", show_default=False
    ),
]
BackupOption = Annotated[
    str | None, typer.Option("--backup", metavar="ID", help="This backup; else the newest.", show_default=False)
]


def backup(
    context: typer.Context,
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="PLACE",
            help="A folder or s3://bucket/path; else the setting backup.to.",
            show_default=False,
        ),
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Read every file again and mend what is damaged.")] = False,
    folder: WorkspaceOption = None,
) -> None:
    """Take a backup: landing, operational database, settings, credentials.

    It costs what is new. The master key is not in it: keep that elsewhere (tillsight master-key show).
    """
    from tillsight.backup import BackupError
    from tillsight.recovery import back_up

    shop = open_shop(context, folder)
    with progress() as report:
        taken = back_up(shop, to=_place(to), full=full, progress=report)
    snapshot = taken.snapshot
    print_pairs(
        {
            "Backup": snapshot.id,
            "Place": taken.place,
            "Kind": snapshot.kind,
            "Files": len(snapshot.files),
            "Bytes": snapshot.size,
            "Bytes added": f"{taken.stored:,}",
            "Pieces mended": taken.repaired or None,
            "Seconds": f"{taken.seconds:.1f}",
        }
    )
    if taken.damaged:
        raise BackupError(
            f"{taken.damaged[0]} changed on the disk without having been written ({len(taken.damaged)} such files); the backup "
            "keeps what they were. Bring them back with tillsight restore --in-place.",
            files=list(taken.damaged),
        )


def backups(
    context: typer.Context,
    place: FromPlaceOption = None,
    check: Annotated[bool, typer.Option("--check", help="Read every backup whole and name what is damaged.")] = False,
    gone: Annotated[
        str | None,
        typer.Option(
            "--gone",
            metavar="PLACE",
            help="The backups of a place are gone for good: erasures wait for them no longer.",
            show_default=False,
        ),
    ] = None,
    how: ListFormatOption = "table",
    folder: WorkspaceOption = None,
) -> None:
    """List the backups, the newest first."""
    from tillsight.backup import DamagedError, Repository, give_up, place_of, verify
    from tillsight.vault import Keys

    shop = open_shop(context, folder)
    if gone is not None:
        say(f"{give_up(shop.database, gone)} backups in {gone} are given up.")
        return
    kept = Repository.open(
        place_of(shop.path, shop.settings, shop.database, _place(place)), lambda: Keys.open(shop.path)
    )
    rows, damaged = [], []
    for name in reversed(kept.ids()):
        try:
            snapshot = kept.snapshot(name)
            files = verify(kept, snapshot) if check else []
            row = {
                "id": name,
                "at": snapshot.at,
                "kind": snapshot.kind,
                "files": len(snapshot.files),
                "bytes": snapshot.size,
                "state": f"damaged: {files[0]}" if files else ("sound" if check else None),
            }
        except DamagedError:
            row, files = {"id": name, "state": "damaged: its list of files"}, [name]
        rows.append(row)
        damaged += [name] if files else []
    headings = (
        Heading("id", "Backup"),
        Heading("at", "Holds (UTC)"),
        Heading("kind", "Kind"),
        Heading("files", "Files", number=True),
        Heading("bytes", "Bytes", number=True),
        Heading("state", "State"),
    )
    print_list(headings, rows, how)
    if damaged:
        raise DamagedError(f"{len(damaged)} of {len(rows)} backups are damaged: {', '.join(damaged)}.", backups=damaged)


def restore(
    context: typer.Context,
    into: Annotated[
        Path | None,
        typer.Option("--into", metavar="DIR", help="Restore into this new folder.", show_default=False),
    ] = None,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Take the workspace itself back; it is backed up first.")
    ] = False,
    place: FromPlaceOption = None,
    chosen: BackupOption = None,
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            metavar="MOMENT",
            help="The last backup up to then: 2026-11-14 or 2026-11-14T09:00.",
            show_default=False,
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before restoring in place.")] = False,
    folder: WorkspaceOption = None,
) -> None:
    """Restore a backup, into a new folder or in place, and build a release.

    What was encrypted needs the master key of then: set TILLSIGHT_KEY where the workspace is lost.
    """
    from tillsight.core.settings import SETTINGS_FILE
    from tillsight.recovery import restore_in_place, restore_new

    if (into is None) == (not in_place):
        raise QuestionError("Say where to: --into DIR, or --in-place.", field="into")
    if into is not None:
        root = (folder or context.find_root().obj or Path()).expanduser().resolve()
        source = root if (root / SETTINGS_FILE).is_file() else None
        with progress() as report:
            done = restore_new(
                _place(place), into.resolve(), workspace=source, backup=chosen, at=_moment(at), progress=report
            )
    else:
        shop = open_shop(context, folder)
        if not yes:
            typer.confirm(f"Take {shop.path} back? What is there now is backed up first.", abort=True, err=True)
        with progress() as report:
            done = restore_in_place(shop, place=_place(place), backup=chosen, at=_moment(at), progress=report)
    _print_restored(done)


def _print_restored(done: Restored) -> None:
    print_pairs(
        {
            "Backup": done.snapshot.id,
            "Holds (UTC)": done.snapshot.at,
            "Folder": str(done.folder),
            "Files": done.files,
            "Bytes": done.bytes,
            "Release": done.release,
            "Seconds for files": f"{done.seconds_files:.1f}",
            "Seconds to build": f"{done.seconds_build:.1f}",
        }
    )
    for note in done.notes:
        say(note)


def drill(
    context: typer.Context,
    place: FromPlaceOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print all that was compared, as JSON.")] = False,
    folder: WorkspaceOption = None,
) -> None:
    """Restore the newest backup beside the shop, build, compare every table and metrics of every domain, and record it."""
    from tillsight.backup import BackupError
    from tillsight.recovery import drill as hold

    shop = open_shop(context, folder)
    with progress() as report:
        outcome = hold(shop, place=_place(place), progress=report)
    if as_json:
        print_json(outcome.to_dict())
    else:
        _print_outcome(outcome)
    if not outcome.passed:
        raise BackupError(f"The drill of backup {outcome.backup} failed: {outcome.differences[0]}")


def _print_outcome(outcome: Outcome) -> None:
    rows = [
        (table["name"], f"{table['rows']:,}", table["hash"][-12:], "same" if table["same"] else "differs")
        for table in outcome.tables
    ]
    if rows:
        print_table(("Table", "Rows", "Hash (end)", "Copy"), rows, (False, True, True, False))
    if outcome.metrics:
        print_table(
            ("Metric", "Value", "Copy"),
            [(one["name"], one["value"], "same" if one["same"] else "differs") for one in outcome.metrics],
            (False, True, False),
        )
    speed = outcome.bytes / 1e6 / outcome.seconds_files if outcome.seconds_files else 0.0
    print_pairs(
        {
            "Backup": outcome.backup,
            "Place": outcome.place,
            "Files checked": f"{outcome.files:,} files, {outcome.bytes / 1e6:,.1f} MB, {speed:,.0f} MB/s",
            "Operational tables": outcome.operational_tables,
            "Compared with": f"release {outcome.compared_with}" if outcome.compared_with else "no release that is kept",
            "Recovery point": f"{outcome.recovery_point:%Y-%m-%d %H:%M:%S} UTC",
            "Would be lost": f"{outcome.lost_seconds / 60:.1f} minutes, {outcome.lost_loads} loads",
            "Recovery time": f"{outcome.seconds:.1f} s: files {outcome.seconds_files:.1f} s, build {outcome.seconds_build:.1f} s",
            "Result": "the copy is the original" if outcome.passed else "the copy differs",
        }
    )


def encrypt(
    context: typer.Context,
    backup_to: Annotated[
        str | None,
        typer.Option(
            "--backup-to",
            metavar="PLACE",
            help="Where backups go from now on, if those that are there are plain.",
            show_default=False,
        ),
    ] = None,
    folder: WorkspaceOption = None,
) -> None:
    """Encrypt the files of a shop that exists: landing and the release that answers. Older releases are dropped.

    Stop the server first. Each file is written anew beside the old one and compared with it; nothing takes its place before all
    are there. If it is stopped, run it again: it goes on where it was.
    """
    from tillsight.core.settings import SETTINGS_FILE, WORKSPACE_VARIABLE
    from tillsight.recovery import encrypt as run

    # not opened: where this was stopped half way, a shop does not open before it is finished
    root = Path(folder or context.find_root().obj or os.environ.get(WORKSPACE_VARIABLE) or ".").expanduser().resolve()
    if not (root / SETTINGS_FILE).is_file():
        raise QuestionError(f"{root} is not a workspace: it has no {SETTINGS_FILE}.", field="workspace")
    with progress() as report:
        done = run(root, backup_to=_place(backup_to), progress=report)
    print_pairs(
        {
            "Files": done.files,
            "Rows compared": f"{done.rows:,}",
            "Bytes": f"{done.bytes:,}",
            "Done before": done.kept or None,
            "Release": done.release,
            "Seconds": f"{done.seconds:.1f}",
        }
    )
    say(
        "The shop is encrypted. Keep its master key elsewhere: tillsight master-key show. Older backups are plain; delete them."
    )


def _place(text: str | None) -> str | None:
    """A place as it is kept: a folder from here, whole."""
    return text if text is None or "://" in text else str(Path(text).expanduser().resolve())


def _moment(text: str | None) -> datetime | None:
    """A moment: a day means its end; without a zone it is UTC."""
    from datetime import UTC, time

    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise QuestionError(f"--at is a day or a moment such as 2026-11-14T09:00, not {text!r}.", field="at") from None
    if len(text) == 10:
        found = datetime.combine(found, time.max)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@secret_app.command("set")
def set_secret(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the connection calls it, such as shopify.")],
    folder: WorkspaceOption = None,
) -> None:
    """Keep a credential. It is asked for, or read from standard input; never given on the command line."""
    from tillsight.audit import record

    shop = open_shop(context, folder)
    value = typer.prompt("Credential", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.read().strip()
    kept = _vault(shop).put(name, value, "system")
    with shop.database.write() as session:
        record(session, who="system", action="secret.set", subject=f"secret:{name}")
    say(f"Kept {kept.name}{f', which ends in {kept.last_four}' if kept.last_four else ''}.")


@secret_app.command("list")
def list_secrets(context: typer.Context, how: ListFormatOption = "table", folder: WorkspaceOption = None) -> None:
    """List the credentials: name, last four signs, when and by whom changed."""
    rows = [
        {
            "name": kept.name,
            "last_four": f"…{kept.last_four}" if kept.last_four else None,
            "changed_at": kept.changed_at,
            "changed_by": kept.changed_by,
        }
        for kept in _vault(open_shop(context, folder)).list()
    ]
    headings = (
        Heading("name", "Name"),
        Heading("last_four", "Ends in"),
        Heading("changed_at", "Changed (UTC)"),
        Heading("changed_by", "By"),
    )
    print_list(headings, rows, how)


@secret_app.command("remove")
def remove_secret(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The credential.")],
    folder: WorkspaceOption = None,
) -> None:
    """Forget a credential."""
    from tillsight.audit import record

    shop = open_shop(context, folder)
    _vault(shop).delete(name)
    with shop.database.write() as session:
        record(session, who="system", action="secret.removed", subject=f"secret:{name}")
    say(f"Forgot {name}.")


@key_app.command("show")
def show_key(context: typer.Context, folder: WorkspaceOption = None) -> None:
    """Print the master key, to be kept in a safe place away from the workspace and its backups."""
    from tillsight.vault import Keys

    keys = Keys.open(open_shop(context, folder).path)
    print(keys.texts[0])
    say(f"Key {keys.current} from {keys.place}. Whoever has it and a backup can read everything.")


@key_app.command("rotate")
def rotate_key(
    context: typer.Context,
    resume: Annotated[
        bool, typer.Option("--resume", help="Make no new key; finish with the newest one that is there.")
    ] = False,
    folder: WorkspaceOption = None,
) -> None:
    """Make a new master key and seal everything with it again; older keys stay, so that nothing becomes unreadable.

    Data files and backups keep their own keys, which are sealed again: it takes seconds, whatever the shop's size.
    """
    from tillsight.recovery import rotate_key as rotate

    done = rotate(open_shop(context, folder), resume=resume)
    say(f"Key {done.key} is in use; sealed again: {done.values} values, {done.places} places of backups.")
    for address in done.unreachable:
        say(
            f"The backups in {address} could not be reached and still need the older key: run this again with --resume."
        )


def _vault(shop: Shop) -> Vault:
    from tillsight.vault import Keys, Vault

    return Vault(shop.database, Keys.open(shop.path))
