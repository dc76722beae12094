# SPDX-License-Identifier: Apache-2.0
"""The command `zonda` of smpmgr: smpmgr --plugin-path=FOLDER-OF-THIS-FILE --port PORT zonda list"""

import asyncio
import hashlib
from pathlib import Path
from typing import Any, Coroutine, Optional, cast

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from smpclient import SMPClient
from smpclient.generics import error, success
from smpmgr.common import Options, connect_with_spinner, get_smpclient
from typing_extensions import Annotated

from zonda_smp import messages
from zonda_smp.package import name_of

app = typer.Typer(name="zonda", help="Applications of Zonda.")

CHUNK = 256
"""Most bytes of a package in one request; fewer where the transport has no room."""
INSTALL_TIMEOUT = 30.0
"""Seconds for the last chunk: signature and module are checked, and an update stops the old version."""


def run(ctx: typer.Context, f: Any) -> None:
    """Connects, and runs `f` with the client."""
    client = get_smpclient(cast(Options, ctx.obj))

    async def connected() -> None:
        await connect_with_spinner(client)
        await cast("Coroutine[Any, Any, None]", f(client))

    asyncio.run(connected())


async def ask(client: SMPClient, request: Any, timeout: float = 10.0) -> Any:
    """The response of success. Otherwise prints why not, and ends."""
    response = await client.request(request, timeout)
    if success(response):
        return response
    if error(response):
        reason = getattr(response, "rsn", None)
        number = response.err.rc.name if hasattr(response, "err") else response.rc.name
        typer.echo(f"error: {reason or number} ({number})", err=True)
    raise typer.Exit(code=1)


def chunk(client: SMPClient, data: bytes, at: int, **first: Any) -> messages.Upload:
    """The request with the next bytes: as many as the transport takes."""
    size = min(CHUNK, len(data) - at)
    room = client._transport.max_unencoded_size
    while True:
        request = messages.Upload(off=at, data=data[at : at + size], **first)
        excess = len(bytes(request)) - room
        if excess <= 0:
            return request
        if size <= excess:
            raise ValueError(f"the transport has no room for a chunk: {room} bytes")
        size -= excess


@app.command("list")
def list_apps(ctx: typer.Context) -> None:
    """List applications and their states."""

    async def f(client: SMPClient) -> None:
        place: Optional[int] = 0
        while place is not None:
            response = await ask(client, messages.List(from_=place))
            for entry in response.apps:
                version = ".".join(map(str, entry["ver"]))
                trial = ", on trial" if entry["trial"] else ""
                typer.echo(f"{entry['name']:<16} {version} {entry['state']}{trial}")
            place = response.next

    run(ctx, f)


@app.command()
def info(ctx: typer.Context, name: str) -> None:
    """Show state, use and limits of an application."""

    async def f(client: SMPClient) -> None:
        skipped = {"header", "version", "sequence", "smp_data"}
        response = await ask(client, messages.Info(name=name))
        limits = await ask(client, messages.Limits(name=name))
        for part in (response, limits):
            for key, value in part.model_dump(exclude_none=True).items():
                if key not in skipped:
                    typer.echo(f"{key}: {value}")

    run(ctx, f)


@app.command()
def install(
    ctx: typer.Context,
    package: Path,
    older: Annotated[bool, typer.Option(help="Accept a lower version.")] = False,
    stop_after: Annotated[Optional[int], typer.Option(help="Break off after so many bytes.")] = None,
) -> None:
    """Install or update an application. A transfer that was broken off continues."""

    data = package.read_bytes()
    first = {"len": len(data), "name": name_of(data), "sha": hashlib.sha256(data).digest()}

    async def f(client: SMPClient) -> None:
        at = 0
        with Progress(
            TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn()
        ) as progress:
            task = progress.add_task(package.name, total=len(data))
            request = chunk(client, data, 0, older=older or None, **first)
            while True:
                response = await ask(client, request, INSTALL_TIMEOUT)
                if at == 0 and response.off > len(request.data):
                    typer.echo(f"continues at {response.off}")
                at = response.off
                progress.update(task, completed=at)
                if at >= len(data):
                    return
                if stop_after is not None and at >= stop_after:
                    typer.echo(f"broken off at {at}")
                    return
                request = chunk(client, data, at)

    run(ctx, f)


def by_name(title: str, request: Any, text: str) -> None:
    """A command with the name of an application."""

    def command(ctx: typer.Context, name: str) -> None:
        run(ctx, lambda client: ask(client, request(name=name), INSTALL_TIMEOUT))

    command.__doc__ = text
    app.command(title)(command)


by_name("start", messages.Start, "Start an application, now and with the system.")
by_name("stop", messages.Stop, "Stop an application.")
by_name("restart", messages.Restart, "Stop and start an application.")
by_name("uninstall", messages.Uninstall, "Stop and remove an application.")
by_name("confirm", messages.Confirm, "Make an update on trial stay.")
by_name("revert", messages.Revert, "Take an update on trial back.")


@app.command()
def request(
    ctx: typer.Context,
    url: str,
    method: Annotated[int, typer.Option(help="1 GET, 2 POST, 3 PUT, 4 DELETE")] = 1,
    text: Annotated[str, typer.Option(help="Payload.")] = "",
) -> None:
    """Ask an application."""

    async def f(client: SMPClient) -> None:
        message = messages.Request(url=url, method=method, format=0, data=text.encode())
        response = await ask(client, message)
        typer.echo(f"{response.code >> 5}.{response.code & 31:02} format {response.format}")
        typer.echo(response.data.hex(" ") if response.format == 99 else response.data)

    run(ctx, f)


@app.command()
def event(
    ctx: typer.Context, url: str, text: Annotated[str, typer.Option(help="Payload.")] = ""
) -> None:
    """Publish an event."""
    message = messages.Event(url=url, format=0, data=text.encode())
    run(ctx, lambda client: ask(client, message))


@app.command()
def log(ctx: typer.Context) -> None:
    """Print what applications have printed."""

    async def f(client: SMPClient) -> None:
        place = 0
        while True:
            response = await ask(client, messages.Log(from_=place))
            if not response.data:
                return
            typer.echo(response.data.decode(errors="replace"), nl=False)
            place = response.next

    run(ctx, f)


@app.command()
def record(ctx: typer.Context, name: str, file: Path) -> None:
    """Write the record of an application's last trap to a file, for `zonda postmortem`."""

    async def f(client: SMPClient) -> None:
        data = b""
        while True:
            response = await ask(client, messages.Record(name=name, from_=len(data)))
            data += response.data
            if not response.data or len(data) >= response.len:
                break
        if not data:
            typer.echo("error: no trap of the application was recorded", err=True)
            raise typer.Exit(code=1)
        file.write_bytes(data)

    run(ctx, f)


@app.command()
def statistics(ctx: typer.Context) -> None:
    """Show room and wear of the flash, and the heap."""

    async def f(client: SMPClient) -> None:
        response = await ask(client, messages.Statistics())
        for key, value in response.model_dump(exclude_none=True).items():
            if key not in {"header", "version", "sequence", "smp_data"}:
                typer.echo(f"{key}: {value}")

    run(ctx, f)
