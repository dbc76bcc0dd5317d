"""Every error that Bridge raises on purpose, as one tree.

A message names the thing, the value and the remedy: it is the one line that a person reads.
Errors are caught in three places only: the command line, the daemon's job runner, and the OSC/MIDI entry.

BridgeError
├── SettingsError        an option, a variable or config.toml is wrong
│   └── ExtraMissing     a package is not installed that only some commands need
├── AudioError           a file or buffer cannot be used as audio
├── PluginError          a plugin did not do what a chain needs
│   ├── ChainError       a chain file is wrong
│   ├── PluginMissing    no installed plugin has that name
│   ├── SeveralPlugins   a bundle holds several plugins, and none was named
│   ├── PluginCrashed    the plugin ended its worker process
│   ├── PluginHung       the plugin passed its time limit
│   ├── RenderNotTried   other renders of its batch failed too often
│   ├── HostClosed       the plugin host was closed
│   └── PluginOutputInvalid   NaN, infinity, or a wrong length came back
├── ModelError           a model folder is damaged, foreign or does not fit
└── LinkError            the spool, a message or a socket to REAPER is wrong
    ├── DaemonRunning    another daemon holds the lock
    └── PortTaken        another program has the UDP port
"""

MAX_SHOWN = 60  # characters of a value that somebody else chose
_CONTROLS = dict.fromkeys((*range(32), *range(127, 160)), " ")  # a terminal obeys them


def quoted(value: object) -> str:
    """A value as a message shows it: quoted, on one line, and cut where it is long.

    >>> quoted("warm vocal")
    "'warm vocal'"
    >>> len(quoted("x" * 100_000))
    61
    """
    text = repr(value[: MAX_SHOWN + 1] if isinstance(value, str | bytes) else value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


def truncated(text: str, limit: int) -> str:
    """One line of at most `limit` characters without control characters, for names that somebody else chose.

    >>> truncated("a long name", 7)
    'a long…'
    """
    line = " ".join(text[: 8 * limit].translate(_CONTROLS).split())
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"


class BridgeError(Exception):
    """Base of all errors with a message for people. `exit_status` is what the command line returns."""

    exit_status = 1


class SettingsError(BridgeError):
    """An option, an environment variable or the settings file is wrong."""

    exit_status = 2


class ExtraMissing(SettingsError):
    """A package is not installed that only some commands need: an extra of the installation."""


class AudioError(BridgeError):
    """A file or buffer cannot be used as audio."""


class PluginError(BridgeError):
    """A plugin did not do what a chain needs."""


class ChainError(PluginError):
    """A chain file is wrong: unknown plugin, parameter, range or key."""

    exit_status = 2


class PluginMissing(PluginError):
    """No installed plugin has the name that a chain asks for."""


class SeveralPlugins(PluginError):
    """A bundle holds several plugins, and none of them was named."""


class PluginCrashed(PluginError):
    """The plugin ended its worker process."""


class PluginHung(PluginError):
    """The plugin passed its time limit."""


class RenderNotTried(PluginError):
    """A render's turn never came: its batch was given up after other renders crashed or hung."""


class HostClosed(PluginError):
    """The plugin host was closed before it could do what was asked."""

    def __init__(self, message: str = "The plugin host is closed; make a new one.") -> None:
        super().__init__(message)


class PluginOutputInvalid(PluginError):
    """The plugin returned NaN, infinity, or a wrong number of samples."""


class ModelError(BridgeError):
    """A model folder is damaged, of another version, or does not fit the installed plugins."""


class LinkError(BridgeError):
    """The spool, a message or a socket between Bridge and REAPER is wrong."""


class DaemonRunning(LinkError):
    """Another daemon already serves this folder."""


class PortTaken(LinkError):
    """The UDP port for OSC cannot be had: another program has it."""
