"""Sets up a machine: `.venv` with the pinned packages, and a browser for the tests when asked.

    python tools/setup.py [--dev] [--browser]

Run by `make setup` and `make test` with any Python >= 3.11; standard library only. A stamp in .venv remembers what was
installed, so that a second run does nothing and needs no network.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
TORCH = "torch==2.13.0"
CPU_INDEX = "https://download.pytorch.org/whl/cpu"


def main(arguments: list[str]) -> int:
    if sys.version_info < (3, 11):
        print(f"Python 3.11 or newer is needed; this is {platform.python_version()}.", file=sys.stderr)
        return 2
    files = [ROOT / "requirements" / "app.txt"]
    if "--dev" in arguments:
        files.append(ROOT / "requirements" / "dev.txt")
    try:
        install(files)
    except subprocess.CalledProcessError:
        print("The installation failed; pip says why above. Is the network there? Run the same command again.", file=sys.stderr)
        return 1
    if "--browser" in arguments:
        browser()
    return 0


def python() -> Path:
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def install(files: list[Path]) -> None:
    """Makes .venv and installs the files' packages, unless the stamp says that this was done."""
    stamps = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    stamp = VENV / "casebook-setup.json"
    done = json.loads(stamp.read_text()) if stamp.is_file() else {}
    if python().exists() and all(done.get(name) == digest for name, digest in stamps.items()):
        return
    if not python().exists():
        print("Making .venv …", flush=True)
        venv.create(VENV, with_pip=True)
    print("Installing packages (once; about 2 GB on disk) …", flush=True)
    if not _run_quietly("-c", "import torch"):
        pip("install", "--quiet", *torch_arguments())
    for file in files:
        pip("install", "--quiet", "-r", str(file))
    stamp.write_text(json.dumps(done | stamps))


def torch_arguments() -> list[str]:
    """CPU torch: from the machine's own index when that has it, else from the PyTorch project's index of CPU builds.

    On Linux, PyPI's torch comes with gigabytes of CUDA; on macOS and Windows PyPI's torch is the CPU build.
    """
    if platform.system() != "Linux":
        return [TORCH]
    report = subprocess.run(
        [str(python()), "-m", "pip", "install", "--quiet", "--dry-run", "--no-deps", "--report", "-", TORCH],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        address = json.loads(report.stdout)["install"][0]["download_info"]["url"]
    except (ValueError, LookupError):
        address = ""
    return [TORCH] if "cpu" in address.rsplit("/", 1)[-1] else [TORCH, "--index-url", CPU_INDEX]


def pip(*arguments: str) -> None:
    subprocess.run([str(python()), "-m", "pip", "--disable-pip-version-check", *arguments], check=True)


def _run_quietly(*arguments: str) -> bool:
    return subprocess.run([str(python()), *arguments], capture_output=True, check=False).returncode == 0


def browser() -> None:
    """Chromium for the browser tests, from the system's packages where we may install them; a hint where not."""
    if any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")):
        return
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        print("Installing Chromium for the browser tests …", flush=True)
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], check=False, env=environment, stdout=subprocess.DEVNULL)
        done = subprocess.run(
            ["apt-get", "install", "-y", "-qq", "chromium"], check=False, env=environment, stdout=subprocess.DEVNULL
        )
        if done.returncode == 0:
            return
    print("No Chromium was found: the browser tests will be skipped. Install the package `chromium` to run them.", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
