"""Nothing leaves the machine: ingest, search, ask and verify work with every connection to the outside refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.pdfs import typeset

ROOT = Path(__file__).resolve().parents[2]

BLOCKED = """
import socket, sys
class Refused(socket.socket):
    def connect(self, address):
        if self.family != socket.AF_UNIX:
            print("OUTSIDE", address, file=sys.stderr)
            raise OSError("the network is cut off")
        return super().connect(address)
    connect_ex = connect
socket.socket = Refused
def no_names(*a, **k):
    print("OUTSIDE", a, file=sys.stderr)
    raise OSError("the network is cut off")
socket.getaddrinfo = no_names
from casebook.__main__ import main
if __name__ == "__main__":
    for command in (["ingest", sys.argv[2]], ["search", "principals"], ["ask", "Who was hired?"], ["verify"], ["doctor"]):
        code = main([*command, "--data", sys.argv[1]])
        assert code == 0, (command, code)
"""


def test_everything_works_with_sockets_blocked(tmp_path: Path) -> None:
    script = tmp_path / "blocked.py"
    script.write_text(BLOCKED)
    report = typeset(tmp_path / "report.pdf", "= One\nThe district hired 30 new principals in 2012.")
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "data"), str(report)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    assert "OUTSIDE" not in done.stderr
    assert "30 new principals" in done.stdout
