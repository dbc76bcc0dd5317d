"""Checks every link between REAPER, the scripts, the daemon, models and plugins, and names the remedy of each fault."""

from __future__ import annotations

import platform
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np

from bridge import __version__
from bridge.errors import BridgeError
from bridge.model.manifest import find_model, read_manifest
from bridge.plugins.host import Render, host_for
from bridge.reaper.install import FOLDER, find_resource_path, read_list
from bridge.reaper.messages import Heartbeat, decode
from bridge.reaper.spool import HEARTBEAT_FILE
from bridge.settings import Settings, shipped_folder

STALE_S = 5.0
PING_LIMIT_S = 1.0
_PING = b"/bridge/ping\0\0\0\0,\0\0\0"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One link: whether it holds, what was found, and what to do if it does not."""

    link: str
    is_ok: bool
    finding: str
    remedy: str = ""


def examine(settings: Settings) -> list[Finding]:
    """All findings, in the order in which a signal travels. Never raises for a fault that it can name."""
    checks: tuple[Callable[[Settings], Finding], ...] = (
        _version,
        _command,
        _home,
        _scripts,
        _daemon,
        _socket,
        _model,
        _plugins,
    )
    return list(_run(checks, settings))


def _run(checks: tuple[Callable[[Settings], Finding], ...], settings: Settings) -> Iterator[Finding]:
    for check in checks:
        try:
            yield check(settings)
        except BridgeError as error:
            yield Finding(link=check.__name__.strip("_"), is_ok=False, finding=str(error), remedy="see the message")


def _version(_settings: Settings) -> Finding:
    return Finding(link="version", is_ok=True, finding=f"Bridge {__version__}, Python {platform.python_version()}")


def _command(_settings: Settings) -> Finding:
    """Linux has a `bridge` of its own, from iproute2."""
    ours, other = shutil.which("reaper-bridge"), shutil.which("bridge")
    if other is not None and not _is_python_script(Path(other)):
        finding, remedy = f"{other} is another program of that name (iproute2's)", "call ours reaper-bridge"
    elif ours is None:
        finding = "reaper-bridge is not on the PATH"
        remedy = "activate the environment it was installed in, or call it by its path"
    else:
        finding, remedy = ours, ""
    return Finding(link="command", is_ok=True, finding=finding, remedy=remedy)


def _is_python_script(file: Path) -> bool:
    with file.open("rb") as stream:
        head = stream.read(4096)
    return b"python" in head.lower() or file.with_name("reaper-bridge" + file.suffix).exists()


def _home(settings: Settings) -> Finding:
    folder = settings.home
    probe = folder / ".doctor"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        remedy = "check its permissions, or set BRIDGE_HOME to another folder"
        return Finding(link="home", is_ok=False, finding=f"{folder}: {error.strerror}", remedy=remedy)
    return Finding(link="home", is_ok=True, finding=str(folder))


def _scripts(_settings: Settings) -> Finding:
    try:
        resource_path = find_resource_path()
    except BridgeError as error:
        return Finding(
            link="scripts", is_ok=False, finding=str(error), remedy="reaper-bridge install --resource-path DIR"
        )
    version = read_list(resource_path).version
    if version == __version__:
        return Finding(link="scripts", is_ok=True, finding=f"{resource_path / FOLDER}, version {version}")
    finding = f"version {version} is installed, this is {__version__}" if version else "not installed in REAPER"
    return Finding(link="scripts", is_ok=False, finding=finding, remedy="reaper-bridge install")


def _daemon(settings: Settings) -> Finding:
    file = settings.spool / HEARTBEAT_FILE
    start = "start it: reaper-bridge daemon"
    if not file.is_file():
        return Finding(link="daemon", is_ok=False, finding="not running", remedy=start)
    heartbeat = decode(file.read_bytes(), Heartbeat, source=str(file))
    age_s = time.time() - heartbeat.time_s
    if age_s > STALE_S:
        finding = f"process {heartbeat.pid} has given no sign of life for {age_s:.0f} s"
        return Finding(link="daemon", is_ok=False, finding=finding, remedy=start)
    if heartbeat.version != __version__:
        finding = f"version {heartbeat.version} runs, this is {__version__}"
        return Finding(link="daemon", is_ok=False, finding=finding, remedy="stop it and start this one")
    return Finding(link="daemon", is_ok=True, finding=f"process {heartbeat.pid}, OSC port {heartbeat.osc_port}")


def _socket(settings: Settings) -> Finding:
    """Whoever listens on the OSC port must answer a ping as the daemon does."""
    address = (settings.osc_host, settings.osc_port)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(PING_LIMIT_S)
        try:
            client.connect(address)
            client.send(_PING)
            is_ours = client.recv(4096).startswith(b"/bridge/")
        except (TimeoutError, ConnectionError):
            remedy = "start the daemon; where it runs, set osc_port to the port it names"
            return Finding(
                link="OSC", is_ok=False, finding=f"nobody answers on {address[0]}:{address[1]}", remedy=remedy
            )
    if is_ours:
        return Finding(link="OSC", is_ok=True, finding=f"{address[0]}:{address[1]} answers")
    remedy = "set osc_port in config.toml to another port"
    return Finding(link="OSC", is_ok=False, finding=f"another program answers on port {address[1]}", remedy=remedy)


def _model(settings: Settings) -> Finding:
    folder = find_model(settings.default_model, (settings.user_models, shipped_folder("models")))
    manifest = read_manifest(folder)
    return Finding(link="model", is_ok=True, finding=f"{manifest.name}, trained {manifest.training.date}")


def _plugins(settings: Settings) -> Finding:
    """An audio round trip: the default model's chain, at neutral, in a worker process."""
    folder = find_model(settings.default_model, (settings.user_models, shipped_folder("models")))
    chain = read_manifest(folder).chain
    noise = np.random.default_rng(1).normal(0, 0.1, (2, 48_000)).astype(np.float32)
    begin = time.perf_counter()
    with host_for(settings) as host:
        (rendered,) = host.render(chain, [Render(noise, 48_000, chain.neutral)])
    change_db = 20 * np.log10(np.sqrt(np.mean((rendered - noise) ** 2)) / 0.1 + 1e-9)
    finding = f"1 s through {chain.name} at neutral: {change_db:.0f} dB changed, {time.perf_counter() - begin:.1f} s"
    return Finding(
        link="plugins", is_ok=bool(change_db < -6), finding=finding, remedy="" if change_db < -6 else "report this"
    )
