#!/usr/bin/env python3
"""The program qalam-qa-check: exit codes and output, on the example of tests/qa/README.md.

usage: check_program_test.py PROGRAM
"""
import pathlib
import subprocess
import sys
import tempfile
import unittest

PROGRAM = str(pathlib.Path(sys.argv.pop(1)).resolve()) if len(sys.argv) > 1 else ""
README = pathlib.Path(__file__).resolve().parent.parent / "README.md"


def example():
    lines = README.read_text(encoding="utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith('{"event":"plan"'))
    return lines[start:lines.index("```", start)]


class CheckProgram(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, name, lines, end="\n"):
        (self.folder / name).write_text("\n".join(lines) + end, encoding="utf-8")
        return name

    def check(self, *args):
        done = subprocess.run([PROGRAM, *args], cwd=self.folder, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    def test_the_example_passes(self):
        self.assertEqual(self.check(self.write("good", example())), (0, "good: passed\n1 passed, 0 failed\n"))

    def test_a_violation_comes_with_the_lines_that_prove_it(self):
        lines = [line for line in example() if '"found"' not in line]
        lines = [line.replace('"log_end":1', '"log_end":0') for line in lines]
        code, out = self.check(self.write("bad", lines), self.write("good", example()))
        self.assertEqual(code, 1)
        ack = next(i for i, line in enumerate(lines) if '"ack"' in line)
        self.assertIn("bad: failed\n", out)
        self.assertIn('  lost in orders/0: "a-0", acknowledged at offset 0, is in no read-back\n'
                      f"    line {ack + 1}: {lines[ack]}\n", out)
        self.assertTrue(out.endswith("good: passed\n1 passed, 1 failed\n"), out)

    def test_too_little_is_unknown_and_fails(self):
        lines = [line for line in example() if '"fault"' not in line]
        code, out = self.check(self.write("quiet", lines))
        self.assertEqual(code, 1)
        self.assertIn("quiet: unknown\n", out)
        self.assertIn('  fault-not-fired: "kill" never fired\n', out)
        self.assertIn("0 passed, 1 failed", out)

    def test_what_is_malformed_never_passes(self):
        self.assertEqual(self.check(self.write("empty", [], end="")),
                         (1, 'empty: malformed: the history has no "plan"\n0 passed, 1 failed\n'))
        code, out = self.check(self.write("cut", example(), end=""))
        self.assertEqual((code, out.splitlines()[0]), (1, "cut: malformed: line 9: cut short: no newline at its end"))
        self.assertEqual(self.check("missing"), (1, "missing: cannot be read\n0 passed, 1 failed\n"))
        self.assertEqual(self.check(".")[0], 1)

    def test_only_the_first_of_many_are_shown(self):
        lines = example()
        lines += [lines[6].replace('"r1"', f'"x{i}"').replace('"a-0"', '"ghost"') for i in range(9)]
        self.assertIn("  phantom: 4 more\n", self.check(self.write("many", lines))[1])

    def test_usage(self):
        code, out = self.check("--help")
        self.assertEqual((code, out.split()[:2]), (0, ["usage:", "qalam-qa-check"]))
        self.assertEqual(self.check()[0], 2)
        self.assertEqual(self.check("--unheard")[0], 2)


if __name__ == "__main__":
    unittest.main()
