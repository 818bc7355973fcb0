"""Where the built programs are, and what the integration tests' harness lends us."""
import os
import pathlib
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(SOURCE / "tests" / "integration"))
os.environ.setdefault("QALAM_TEST_BIN", str(SOURCE / "build" / "release"))

import harness  # noqa: E402: found through the path above

BIN = pathlib.Path(os.environ["QALAM_TEST_BIN"])
FOLDERS = {"qalam-qa-check": "tests/qa/checker", "qalam-qa-load": "tests/qa/load", "libqalam-qa-faults.so": "tests/qa/faults",
           "qalam-qa-torn": "tests/qa/disk", "qalam-qa-rot": "tests/qa/disk"}


def find(name):
    """Path of a built program: of the product or of this harness."""
    if name not in FOLDERS:
        return harness.tool(name)
    path = BIN / FOLDERS[name] / name
    if not path.is_file():
        raise SystemExit(f"qalam-qa: no {path}; build it with: scripts/build release {name}")
    return str(path)
