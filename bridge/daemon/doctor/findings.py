"""What the doctor can find, as one table: each fault with what it means for the user to do.

`docs/troubleshooting.md` is made from this table; a test holds the two together.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One link: whether it holds, what was found, and what to do if it does not."""

    link: str
    is_ok: bool
    finding: str
    remedy: str = ""


class Fault(NamedTuple):
    """`sign` and `remedy` hold fields in braces for what was found."""

    link: str
    sign: str
    remedy: str


FAULTS: dict[str, Fault] = {
    "command taken": Fault(
        "command", "{path} is another program of that name (iproute2's)", "call ours reaper-bridge; nothing else to do"
    ),
    "command not found": Fault(
        "command",
        "reaper-bridge is not on the PATH",
        "activate the environment that it was installed in, or call it by its path",
    ),
    "home": Fault("home", "{folder}: {reason}", "check its permissions, or set BRIDGE_HOME to another folder"),
    "disk": Fault("disk", "{free} MiB are free for {folder}", "free {needed} MiB, or set BRIDGE_HOME to another disk"),
    "reaper": Fault(
        "REAPER",
        "{error}",
        "start REAPER once; for a portable installation: reaper-bridge install --resource-path DIR",
    ),
    "scripts missing": Fault("scripts", "not installed in {folder}", "close REAPER, then: reaper-bridge install"),
    "scripts old": Fault(
        "scripts", "version {installed} is installed, this is {this}", "close REAPER, then: reaper-bridge install"
    ),
    "scripts other": Fault(
        "scripts", "other scripts than this Bridge's are installed", "close REAPER, then: reaper-bridge install"
    ),
    "package old": Fault(
        "scripts", "ReaPack has version {installed}, this is {this}", "update Bridge in ReaPack, or here with pip"
    ),
    "scripts changed": Fault(
        "scripts",
        "{file} is gone or not as it was installed",
        "move your version away, close REAPER, then: reaper-bridge install",
    ),
    "scripts home": Fault(
        "scripts",
        "they look for the daemon in {theirs}, this one's home is {ours}",
        "close REAPER, then: reaper-bridge install; or start the daemon with --home {theirs}",
    ),
    "actions": Fault(
        "actions", "{count} of {all} actions are not in REAPER's list", "close REAPER, then: reaper-bridge install"
    ),
    "surface missing": Fault(
        "surface", "REAPER has no control surface for Bridge", "close REAPER, then: reaper-bridge install"
    ),
    "surface ports": Fault(
        "surface",
        "REAPER listens on port {theirs}, the daemon sends to {ours}",
        "close REAPER, then: reaper-bridge install; or set reaper_osc_port = {theirs} in config.toml",
    ),
    "surface shared": Fault(
        "surface",
        "another control surface in REAPER listens on port {port} too",
        "set reaper_osc_port in config.toml to a free port, close REAPER, then: reaper-bridge install",
    ),
    "surface on osc port": Fault(
        "surface",
        "REAPER's own surface {surface} listens on port {port}, which the daemon wants for OSC",
        "set osc_port in config.toml to another port; reaper-bridge install offers one",
    ),
    "surface sends": Fault(
        "surface",
        "REAPER works out feedback that nobody reads, at every change of tracks and FX",
        "close REAPER, then: reaper-bridge install",
    ),
    "patterns": Fault(
        "surface", "{file} is missing or somebody else's", "move it away, close REAPER, then: reaper-bridge install"
    ),
    "startup": Fault(
        "startup",
        "REAPER starts {program} with it, which does not exist",
        "close REAPER, then: reaper-bridge install --start-daemon",
    ),
    "port taken": Fault(
        "REAPER's port",
        "REAPER does not run, but UDP port {port} is taken by {owner}",
        "end the program that uses it, or set reaper_osc_port in config.toml and install again",
    ),
    "port closed": Fault(
        "REAPER's port",
        "REAPER runs, but does not listen on UDP port {port}",
        "restart REAPER; Preferences > Control/OSC/web must list Bridge",
    ),
    "daemon off": Fault("daemon", "not running", "start it: reaper-bridge daemon"),
    "daemon silent": Fault(
        "daemon",
        "process {pid} has given no sign of life for {age} s",
        "end it if it still exists, then: reaper-bridge daemon",
    ),
    "daemon old": Fault("daemon", "version {running} runs, this is {this}", "stop it, then: reaper-bridge daemon"),
    "osc silent": Fault(
        "OSC",
        "nobody answers on {host}:{port}",
        "start the daemon; if it is starting, try again in a moment; where it runs, set osc_port in config.toml to the "
        "port that it names",
    ),
    "osc taken": Fault(
        "OSC",
        "UDP port {port} is taken by {owner}, so the daemon hears no OSC; all else works",
        "close that, or set osc_port = {free} in config.toml, here and in the surface; then restart the daemon",
    ),
    "osc foreign": Fault(
        "OSC", "another program answers on port {port}: {owner}", "set osc_port in config.toml to another port"
    ),
    "osc elsewhere": Fault(
        "OSC",
        "the Bridge that answers on port {port} is not the one of {home}",
        "stop that one, or set osc_port in config.toml to another port",
    ),
    "midi": Fault("MIDI", "{error}", "see docs/surfaces.md; OSC works without MIDI"),
    "model": Fault("model", "{error}", "install Bridge again, or remove the folder from the models that you added"),
    "plugins": Fault(
        "plugins",
        "{error}",
        "set BRIDGE_PLUGIN_PATH to the folder of the plugin; reaper-bridge plugins lists what is found",
    ),
    "plugins changed": Fault(
        "plugins",
        "{chain} changes the sound although nothing in it is turned up",
        "another version of the plugin is installed than the model was trained with; install that one",
    ),
    "no answer": Fault(
        "round trip",
        "the daemon has not answered a request within {limit} s",
        "if the daemon is starting or works on a long job, try again in a moment; else look into {log}",
    ),
    "error answer": Fault("round trip", "the daemon answers: {message}", "look into {log}"),
}


def fault(name: str, **found: object) -> Finding:
    """A finding of the table, with its fields filled in."""
    link, sign, remedy = FAULTS[name]
    return Finding(link=link, is_ok=False, finding=sign.format(**found), remedy=remedy.format(**found))


def ok(link: str, finding: str, remedy: str = "") -> Finding:
    """A link that holds; `remedy` for what is worth knowing all the same."""
    return Finding(link=link, is_ok=True, finding=finding, remedy=remedy)
