"""Install what the tests need beside Python: `python tests/prepare_machine.py`.

Real VST3 plugins, a C compiler to join two of them in one bundle, a speech synthesiser, a General MIDI synthesiser with
a soundfont, ffmpeg (another meter, and files as others write them), and an independent OSC client. On Debian and its
derivatives all of it comes from the machine's own repository: installed as root; for other users the plugins are
unpacked into `plugins-for-tests/` beside this folder, which git ignores, and one line says which packages are left to
install. A second version of zam-plugins and a second vendor (Dragonfly Reverb) come from the next Debian release and
are only ever unpacked. What is there already is left alone, and no source list of the machine is changed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "plugins-for-tests"
STABLE_FOLDER = FOLDER / "stable"
SYSTEM_FOLDER = Path("/usr/lib/vst3")
STABLE = "zam-plugins"
STABLE_PROOF = "ZamCompX2.vst3"
NEXT_RELEASE = "trixie"
NEXT_PACKAGES = {"zam-plugins": "ZamVerb.vst3", "dragonfly-reverb-vst3": "DragonflyRoomReverb.vst3"}
APT_FOLDER = Path("/etc/apt")
SOUNDFONT_FOLDER = Path("/usr/share/sounds/sf2")
# Package and what proves that it is there: a program on PATH, or a folder with something in it.
TOOLS: dict[str, str | Path] = {
    "espeak-ng": "espeak-ng",
    "liblo-tools": "oscsend",
    "fluidsynth": "fluidsynth",
    "ffmpeg": "ffmpeg",
    "timgm6mb-soundfont": SOUNDFONT_FOLDER,
    "gcc": "gcc",
}


def main() -> int:
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        print(
            "prepare_machine.py works on Debian and its derivatives only: there is no apt-get here. Install the VST3 "
            "build of zam-plugins by hand and name its folder in BRIDGE_PLUGIN_PATH; install espeak-ng, liblo's "
            "oscsend, FluidSynth, ffmpeg, a General MIDI soundfont and gcc for the tests that need them.",
            file=sys.stderr,
        )
        return 2
    try:
        install_tools()
        fetch_stable()
        fetch_next_release()
    except (subprocess.CalledProcessError, RuntimeError) as error:
        detail = error.stderr.strip() if isinstance(error, subprocess.CalledProcessError) else ""
        print(f"The machine could not be prepared for the tests: {error}\n{detail}", file=sys.stderr)
        return 1
    return 0


def is_there(proof: str | Path) -> bool:
    """Whether the program is on PATH, or the folder holds something."""
    return shutil.which(proof) is not None if isinstance(proof, str) else proof.is_dir() and any(proof.iterdir())


def install_tools() -> None:
    """Install the programs that tests start; without root, say once which packages are left to install."""
    missing = [package for package, proof in TOOLS.items() if not is_there(proof)]
    if not missing:
        print(f"{', '.join(TOOLS)}: there already")
    elif os.geteuid() == 0:
        update_lists(missing[0])
        run("apt-get", "install", "-y", "--no-install-recommends", *missing)
        print(f"{', '.join(missing)}: installed")
    else:
        packages = " ".join(missing)
        print(f"Not installed, as this needs root. Tests are skipped until you run: sudo apt-get install {packages}")


def fetch_stable() -> None:
    """zam-plugins from the machine's own release."""
    if any((folder / STABLE_PROOF).exists() for folder in (SYSTEM_FOLDER, STABLE_FOLDER)):
        print(f"{STABLE}: there already")
        return
    update_lists(STABLE)
    if os.geteuid() == 0:
        run("apt-get", "install", "-y", "--no-install-recommends", STABLE)
        print(f"{STABLE}: installed in {SYSTEM_FOLDER}")
        return
    unpack(STABLE, STABLE_FOLDER, [])
    print(f"{STABLE}: unpacked in {STABLE_FOLDER}")


def update_lists(package: str) -> None:
    """Fetch apt's package lists where they do not know `package`. Raises RuntimeError where that needs root."""
    if run("apt-cache", "policy", package):
        return
    if os.geteuid() != 0:
        raise RuntimeError(f"apt knows no {package} yet; run `sudo apt-get update` first")
    run("apt-get", "update")


def fetch_next_release() -> None:
    """The packages of the next release, through a private source list made from the machine's own."""
    target = FOLDER / NEXT_RELEASE
    missing = [package for package, proof in NEXT_PACKAGES.items() if not (target / proof).exists()]
    if not missing:
        print(f"{NEXT_RELEASE}: there already")
        return
    apt = FOLDER / "apt"
    for part in ("lists/partial", "archives/partial"):
        (apt / part).mkdir(parents=True, exist_ok=True)
    uri, keyring = machine_source()
    sources = apt / "sources.list"
    sources.write_text(f"deb [signed-by={keyring}] {uri} {NEXT_RELEASE} main\n", encoding="utf-8")
    private = [
        f"-oDir::Etc::sourcelist={sources}",
        "-oDir::Etc::sourceparts=/dev/null",
        f"-oDir::State::lists={apt / 'lists'}",
        f"-oDir::Cache={apt}",
        f"-oDir::Cache::archives={apt / 'archives'}",
        "-oAPT::Sandbox::User=root",
    ]
    run("apt-get", *private, "update")
    for package in missing:
        unpack(package, target, private)
        print(f"{package} of {NEXT_RELEASE}: unpacked in {target}")
    shutil.rmtree(apt)


def machine_source() -> tuple[str, str]:
    """The URI and keyring that this machine takes Debian from."""
    for file in sorted([*APT_FOLDER.glob("*.sources"), *APT_FOLDER.glob("sources.list.d/*.sources")]):
        for stanza in file.read_text(encoding="utf-8").split("\n\n"):
            fields = dict(re.findall(r"^([\w-]+):[ \t]*(.+)$", stanza, re.MULTILINE))
            uri = fields.get("URIs", "").split()
            if uri and uri[0].rstrip("/").endswith("/debian"):
                return uri[0], fields.get("Signed-By", default_keyring())
    for file in sorted([APT_FOLDER / "sources.list", *APT_FOLDER.glob("sources.list.d/*.list")]):
        text = file.read_text(encoding="utf-8") if file.is_file() else ""
        if found := re.search(r"^deb\s+(?:\[[^\]]*\]\s+)?(\S+/debian/?)\s", text, re.MULTILINE):
            return found[1], default_keyring()
    raise RuntimeError(f"no Debian source in {APT_FOLDER}")


def default_keyring() -> str:
    return "/usr/share/keyrings/debian-archive-keyring.gpg"


def unpack(package: str, target: Path, private: list[str]) -> None:
    """Download and unpack a package; keep its VST3 bundles alone."""
    work = FOLDER / "unpack"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    run("apt-get", *private, "download", package, folder=work)
    (archive,) = work.glob("*.deb")
    run("dpkg", "-x", str(archive), str(work / "root"))
    target.mkdir(parents=True, exist_ok=True)
    for bundle in sorted((work / "root").rglob("*.vst3")):
        shutil.rmtree(target / bundle.name, ignore_errors=True)
        shutil.move(bundle, target / bundle.name)
    shutil.rmtree(work)


def run(*command: str, folder: Path | None = None) -> str:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    done = subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, text=True)
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
