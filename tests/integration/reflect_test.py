#!/usr/bin/env python3
"""A client from the reflection service alone (reflect_client.py), against a real broker."""
import pathlib
import subprocess
import sys

from harness import Broker, temporary_directory

CLIENT = pathlib.Path(__file__).with_name("reflect_client.py")


def main():
    with temporary_directory() as base, Broker(base / "data") as broker:
        for _ in range(2):  # A topic of its own each time: nothing is left behind.
            done = subprocess.run([sys.executable, "-B", CLIENT, "--target", broker.address], timeout=120)
            if done.returncode != 0:
                sys.exit(done.returncode)
        code = broker.stop()
    sys.exit(code)


if __name__ == "__main__":
    main()
