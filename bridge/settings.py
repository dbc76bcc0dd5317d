"""What a user may set, each default written once, and where Bridge keeps its files.

Order of precedence: command line, then environment (`BRIDGE_OSC_PORT=9001`), then `config.toml` in the
home folder, then the default here. Unknown keys are errors. Nothing here reads audio or starts anything.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec

from bridge.atomic_files import write_file
from bridge.errors import SettingsError

HOME_VARIABLE = "BRIDGE_HOME"

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=3600)]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All settings of a running Bridge. Ports and hosts are of the daemon; limits are of each job."""

    home: Path
    osc_host: str = "127.0.0.1"
    osc_port: Port = 9000
    osc_feedback_port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 9001
    osc_clients: tuple[str, ...] = ()  # surfaces that always get feedback: "192.168.1.20:9001"
    osc_allow: tuple[str, ...] = ()  # who may send beside this machine: "192.168.1.20", "192.168.1.0/24"
    reaper_osc_port: Port = 9010  # where REAPER's own OSC surface listens, as `install` enters it; 0: it has none
    reaper_feedback_port: Port = 9011  # where REAPER's surface sends; nobody needs to listen there
    reaper_automix_action: str = ""  # the action's command id as REAPER's action list copies it: "_RS..."
    midi_input: str = ""  # name of the MIDI input to listen to; "": none
    workers: Annotated[int, msgspec.Meta(ge=0, le=256)] = 0  # 0: one for each processor core
    plugin_load_limit_s: Seconds = 20.0
    plugin_render_limit_s: Seconds = 20.0
    spool_free_mib: Annotated[int, msgspec.Meta(ge=0)] = 64  # with less free disk a job is refused
    default_model: str = "channel-strip"

    @property
    def spool(self) -> Path:
        return self.home / "spool"

    @property
    def user_models(self) -> Path:
        return self.home / "models"

    @property
    def model_folders(self) -> tuple[Path, Path]:
        """Where models lie: the user's own before the shipped ones."""
        return self.user_models, shipped_folder("models")

    @property
    def styles(self) -> Path:
        return self.home / "styles"

    @property
    def worker_count(self) -> int:
        return self.workers or os.cpu_count() or 1


def default_home(environment: Mapping[str, str] = os.environ) -> Path:
    """The folder that daemon and ReaScripts agree on without configuration.

    The scripts compute the same path in `reaper_scripts/lib/runtime/bridge_folder.lua`; a test holds the two together.
    """
    if explicit := environment.get(HOME_VARIABLE):
        return Path(explicit)
    import platformdirs  # here: 20 ms that `--help` need not pay

    return Path(platformdirs.user_data_dir("Bridge", appauthor=False))


def load_settings(
    overrides: Mapping[str, Any] | None = None, *, environment: Mapping[str, str] = os.environ
) -> Settings:
    """Merge defaults, `config.toml`, `BRIDGE_*` variables and command-line overrides (None values are unset).

    Raises SettingsError naming the key, the value and where it was set.
    """
    given = {key: value for key, value in (overrides or {}).items() if value is not None}
    home = Path(given.get("home") or default_home(environment))
    values: dict[str, Any] = {}
    file = home / "config.toml"
    if os.path.lexists(file):
        if not file.is_file():
            raise SettingsError(f"{file} is no file. Mend or remove it.")
        values |= _read_file(file)
    for field in Settings.__struct_fields__:
        name = f"BRIDGE_{field.upper()}"
        if field != "home" and name in environment:
            values[field] = _convert(field, environment[name], f"the variable {name}")
    for key, value in given.items():
        values[key] = _convert(key, value, f"the option --{key.replace('_', '-')}")
    values["home"] = home
    return msgspec.convert(values, Settings)


def save_setting(home: Path, name: str, value: int) -> None:
    """Write one setting into `config.toml`, in the place of its line or above all others. Raises SettingsError."""
    file = home / "config.toml"
    line, is_written = f"{name} = {value}", False
    lines = []
    try:
        for old in file.read_text("utf-8").splitlines() if file.is_file() else []:
            is_it = re.match(rf"\s*{name}\s*=", old) is not None
            lines.append(line if is_it else old)
            is_written = is_written or is_it
        home.mkdir(parents=True, exist_ok=True)
        write_file(file, "\n".join([*lines, ""] if is_written else [line, *lines, ""]).encode())
    except (OSError, UnicodeError) as error:
        raise SettingsError(f"{file} cannot be written: {error}. Set {line} there by hand.") from error


def shipped_folder(name: str) -> Path:
    """A folder that comes with Bridge (`models`, `reaper_scripts`): inside a wheel, or beside a checkout's package."""
    package = Path(__file__).resolve().parent
    inside = package / "shipped" / name
    return inside if inside.is_dir() else package.parent / name


def _read_file(file: Path) -> dict[str, Any]:
    try:
        values = msgspec.toml.decode(file.read_bytes())
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}. Mend or remove it.") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SettingsError(f"{file} is not valid TOML: {error}. Mend or remove the file.") from error
    return {key: _convert(key, value, str(file)) for key, value in values.items() if key != "home"}


def _convert(field: str, value: Any, where: str) -> Any:
    types = {info.name: info.type for info in msgspec.structs.fields(Settings)}
    if field not in types:
        known = ", ".join(sorted(types))
        raise SettingsError(f"{where} sets {field!r}, which Bridge does not know. Known settings: {known}.")
    kind = {"Path": Path, "str": str, "int": int, "float": float}.get(str(types[field]), types[field])
    if str(kind).startswith("tuple") and isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    try:
        return msgspec.convert(value, kind, strict=not isinstance(value, str))
    except msgspec.ValidationError as error:
        raise SettingsError(f"{where} sets {field} to {value!r}: {error}.") from error
