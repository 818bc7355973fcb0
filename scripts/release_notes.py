#!/usr/bin/env python3
"""Gathers docs/changes/*.md into a section for CHANGELOG.md.

Usage: scripts/release_notes.py VERSION [--write]
Prints the section; with --write puts it on top of CHANGELOG.md and removes the files.
"""
import argparse
import datetime
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("version")
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    changes = sorted((ROOT / "docs/changes").glob("*.md"))
    if not changes:
        print("release_notes: nothing in docs/changes", file=sys.stderr)
        return 1
    lines = [f"- {change.read_text().strip()}" for change in changes]
    section = f"## {args.version} ({datetime.date.today():%Y-%m-%d})\n\n" + "\n".join(lines) + "\n"
    print(section)
    if args.write:
        log = ROOT / "CHANGELOG.md"
        head, _, rest = log.read_text().partition("\n## ")
        log.write_text(head.rstrip() + "\n\n" + section + ("\n## " + rest if rest else ""))
        for change in changes:
            change.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
