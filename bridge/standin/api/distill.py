"""Distil REAPER's API, as Lua sees it, from a JSON list of its C functions into `api_signatures.json`.

    python -m bridge.standin.api.distill API.json

The input maps each name to `args` (C declarations) and `ret` (C type), as parsed from the REAPER SDK's
`reaper_plugin_functions.h` (zlib-style licence). ReaScript's conventions turn them into what Lua passes and gets:

- buffer sizes (`..._sz`) are dropped;
- `...Out` behind all plain arguments is only returned; a text buffer may still be passed as "";
- `...Out` before a plain argument, `...InOut`, and text buffers without `Out` are passed and returned;
- `...Optional` and `...In` pointers may be nil or left out at the end; projects may be nil or 0;
- GUIDs are text; `double*` buffers are made by `reaper.new_array`;
- what needs a C structure does not exist in Lua and is marked `c_only`.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

TARGET = Path(__file__).with_name("api_signatures.json")

_POINTERS = {
    "ReaProject*", "MediaTrack*", "MediaItem*", "MediaItem_Take*", "TrackEnvelope*", "AudioAccessor*", "PCM_source*",
    "ProjectMarker*", "KbdSectionInfo*", "joystick_device*", "IReaperControlSurface*", "HWND", "void*",
}  # fmt: skip
_NUMBERS = {
    "int": "int", "unsigned int": "int", "size_t": "int", "INT64": "int",
    "double": "double", "float": "double", "bool": "bool",
}  # fmt: skip
_ARRAYS = {"samplebuffer", "buf"}
_MARKS = re.compile(r"(InOutOptional|OutOptional|InOptional|InOut|Out|In|Optional)?(NeedBig|Need\d+)?$")


class _Argument(NamedTuple):
    kind: str  # as Lua knows it; "" where it cannot be had in Lua
    name: str
    is_passed: bool
    is_returned: bool
    is_optional: bool


def lua_signature(arguments: Sequence[str], returned: str) -> dict[str, object]:
    """Return the Lua side of one C function: `args` and `returns` as 'kind name', '?' behind a kind that may be nil."""
    parsed = [_parse(text.strip()) for text in arguments if not text.strip().endswith("_sz")]
    result = _kind(returned, "")
    if not all(a.kind for a in parsed) or (returned != "void" and not result) or returned == "void*":
        return {"c_only": True}
    last_plain = max((i for i, a in enumerate(parsed) if a.is_passed and not a.is_optional), default=-1)
    args = []
    for index, argument in enumerate(parsed):
        is_text_buffer = argument.kind == "string" and not argument.is_passed
        if argument.is_passed or is_text_buffer or index < last_plain:
            mark = "?" if argument.is_optional or is_text_buffer else ""
            args.append(f"{argument.kind}{mark} {argument.name}")
    returns = [f"{a.kind} {a.name}" for a in parsed if a.is_returned]
    return {"args": args, "returns": [result, *returns] if result else returns}


def _parse(text: str) -> _Argument:
    match = re.match(r"^(const )?(.*?)\s*(\w+)$", text)
    if match is None:
        return _Argument("", text, False, False, False)
    is_const, c_type, name = bool(match[1]), match[2], match[3]
    mark = (_MARKS.search(name) or re.match("", name))[1] or ""  # type: ignore[index]
    kind = _kind(c_type, name)
    is_buffer = c_type == "char*" and not is_const
    is_writable = not is_const and kind != "array" and mark not in ("In", "InOptional")
    is_target = is_writable and (c_type == "GUID*" or (c_type.endswith("*") and c_type.rstrip("*") in _NUMBERS))
    is_returned = is_buffer or is_target or "Out" in mark
    is_passed = not is_returned or "InOut" in mark or (is_buffer and "Out" not in mark) or (is_target and mark == "")
    return _Argument(kind, _MARKS.sub("", name) or name, is_passed, is_returned, "Optional" in mark or mark == "In")


def _kind(c_type: str, name: str) -> str:
    bare = c_type.removeprefix("const ").strip()
    if bare.endswith("**"):  # where the function stores a pointer
        bare = bare.removesuffix("*")
    if bare == "double*" and name in _ARRAYS:
        return "array"
    if bare in ("char*", "GUID*"):
        return "string"
    if bare in _POINTERS:
        return bare
    return _NUMBERS.get(bare.removesuffix("*"), "")


def main() -> None:
    functions = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    functions.pop("_about", None)
    lines = [
        f"{json.dumps(name)}: {json.dumps(lua_signature(entry['args'], entry['ret']))}"
        for name, entry in sorted(functions.items())
    ]
    TARGET.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
