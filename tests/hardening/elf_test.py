#!/usr/bin/env python3
"""Checks what the compiler and the linker were told to harden: usage: elf_test.py PROGRAM...

Reads the ELF files with readelf and objdump: position independent, full RELRO, no executable stack, stack protector,
FORTIFY, CET (endbr64 where a call may land), no search path and no text relocations. Prints a line a program and
"N passed, N failed".
"""
import re
import subprocess
import sys


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def findings(path):
    """What is missing in the file at `path`, in words."""
    header = run("readelf", "-hW", path)
    segments = run("readelf", "-lW", path)
    dynamic = run("readelf", "-dW", path)
    symbols = run("readelf", "--dyn-syms", "-W", path)
    if "Type:                              DYN" not in header:
        yield "not position independent"
    if "INTERP" in segments and not re.search(r"FLAGS_1.*\bPIE\b", dynamic):
        yield "a program, but not PIE"
    if "GNU_RELRO" not in segments:
        yield "no RELRO"
    if not re.search(r"\(FLAGS\).*BIND_NOW|FLAGS_1.*\bNOW\b", dynamic):
        yield "RELRO is not full: symbols are bound late"
    stack = re.search(r"GNU_STACK\s+\S+ \S+ \S+ \S+ \S+ (\S+)", segments)
    if not stack or "E" in stack.group(1):
        yield "the stack may be executed"
    if re.search(r"LOAD.* RWE ", segments):
        yield "a segment may be written and executed"
    if "__stack_chk_fail" not in symbols:
        yield "no stack protector"
    if not re.search(r"__(memcpy|memset|memmove|snprintf|vsnprintf|fprintf|printf|read|pread64|poll|fdelt|strcpy)_chk",
                     symbols):
        yield "no FORTIFY"
    if re.search(r"\((RPATH|RUNPATH)\)", dynamic):
        yield "a search path for libraries is built in"
    if "TEXTREL" in dynamic:
        yield "text relocations"
    yield from cet_findings(path)


def cet_findings(path):
    """Functions of ours that may be called by a pointer begin with endbr64: a quarter to a half of all (what only its own
    file can call needs none). Without the flag no function does.

    The mark of the whole file (.note.gnu.property) can't be asked for: Debian 12's crt1.o does not carry it.
    """
    code = run("objdump", "-d", "--no-show-raw-insn", "--section=.text", path)
    functions = re.findall(r"^[0-9a-f]+ <([^>]+)>:\n\s*[0-9a-f]+:\s+(\S+)", code, re.MULTILINE)
    # Not those that only their own file can call: lambdas, anonymous namespaces, parts.
    ours = [(name, first) for name, first in functions
            if "5qalam" in name and not re.search(r"\.|_GLOBAL__N_|EUl", name)]
    if not ours and "<main>:" in code:
        ours = [(name, first) for name, first in functions if name == "main"]
    marked = sum(first == "endbr64" for _, first in ours)
    if not ours or marked < len(ours) / 8:
        yield f"no CET: {marked} of {len(ours)} functions begin with endbr64"


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    failed = 0
    for path in sys.argv[1:]:
        found = list(findings(path))
        failed += bool(found)
        print(f"{path}: {'; '.join(found) or 'hardened'}")
    print(f"{len(sys.argv) - 1 - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
