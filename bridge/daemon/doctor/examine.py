"""The doctor's round: all checks in the order in which a signal travels, whatever each of them meets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from bridge.daemon.doctor import daemon_checks, processing_checks, reaper_checks
from bridge.daemon.doctor.findings import Finding
from bridge.errors import BridgeError
from bridge.settings import Settings

Check = Callable[[Settings], Iterator[Finding]]


def examine(settings: Settings, resource_path: Path | None = None) -> list[Finding]:
    """All findings. Never raises for a fault that it can name.

    `resource_path`: REAPER's folder, for portable installations.
    """
    checks: tuple[Check, ...] = (
        daemon_checks.check_version,
        daemon_checks.check_command,
        daemon_checks.check_home,
        lambda settings: reaper_checks.check_reaper(settings, resource_path),
        daemon_checks.check_daemon,
        daemon_checks.check_osc,
        daemon_checks.check_midi,
        processing_checks.check_model,
        processing_checks.check_plugins,
        processing_checks.check_round_trip,
    )
    return [finding for check in checks for finding in _run(check, settings)]


def _run(check: Check, settings: Settings) -> Iterator[Finding]:
    try:
        yield from check(settings)
    except (BridgeError, OSError, UnicodeError) as error:
        link = getattr(check, "__name__", "check").removeprefix("check_").replace("<lambda>", "REAPER")
        yield Finding(link=link, is_ok=False, finding=str(error), remedy="see the message")
