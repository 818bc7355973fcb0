// What is checked in as the console's dist: light, nothing inline, no source maps, and what a build gives.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

const source = new URL("../../broker/http/console/", import.meta.url).pathname;
const dist = join(source, "dist");
const weightMax = 120_000;

function filesBelow(directory) {
  return readdirSync(directory)
    .map((name) => join(directory, name))
    .flatMap((path) => (statSync(path).isDirectory() ? filesBelow(path) : [path]))
    .sort();
}

test("all of it weighs at most 120 kB gzipped", () => {
  const weights = filesBelow(dist).map((path) => [relative(dist, path), gzipSync(readFileSync(path), { level: 9 }).length]);
  const total = weights.reduce((sum, [, bytes]) => sum + bytes, 0);
  for (const [name, bytes] of weights) console.log(`${name}: ${(bytes / 1000).toFixed(1)} kB`);
  console.log(`all: ${(total / 1000).toFixed(1)} kB`);
  assert.ok(total <= weightMax);
});

test("nothing is inline, absolute or a source map", () => {
  const page = readFileSync(join(dist, "index.html"), "utf8");
  assert.doesNotMatch(page, /<script(?![^>]*\ssrc=)[^>]*>/);
  assert.doesNotMatch(page, /<style|\sstyle=|\son\w+=/);
  assert.doesNotMatch(page, /(?:src|href)="(?:\/|https?:)/);
  for (const path of filesBelow(dist)) {
    assert.doesNotMatch(path, /\.map$/);
    if (/\.(js|css)$/.test(path)) assert.doesNotMatch(readFileSync(path, "utf8"), /sourceMappingURL|\binnerHTML\s*=(?!=)[^=]*\+/);
    if (path !== join(dist, "index.html")) assert.match(path, /assets\/[\w-]+-[\w-]{8}\.\w+$/);
  }
});

test("the sources never make markup of text", () => {
  for (const path of filesBelow(join(source, "src"))) {
    assert.doesNotMatch(readFileSync(path, "utf8"), /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function/, path);
  }
});

const [major, minor] = process.versions.node.split(".").map(Number);
const builds = major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19);

test("a build gives the same files, and the checks pass", { skip: builds ? false : `Vite does not run on Node ${process.versions.node}` }, () => {
  const npm = (...words) => execFileSync("npm", words, { cwd: source, stdio: ["ignore", "pipe", "inherit"], encoding: "utf8" });
  if (!existsSync(join(source, "node_modules/.package-lock.json"))) npm("ci", "--no-audit", "--no-fund");
  console.log(npm("run", "check"));
  const fresh = mkdtempSync("/var/tmp/qalam-console-dist-");
  try {
    execFileSync("node_modules/.bin/vite", ["build", "--outDir", fresh, "--logLevel", "warn"], { cwd: source, stdio: "inherit" });
    assert.deepEqual(filesBelow(fresh).map((path) => relative(fresh, path)), filesBelow(dist).map((path) => relative(dist, path)));
    for (const path of filesBelow(fresh)) {
      assert.equal(readFileSync(path, "utf8"), readFileSync(join(dist, relative(fresh, path)), "utf8"), `${path}: run \`npm run build\` and check dist in`);
    }
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
});
