// Debian's Chromium through playwright-core. Every page is watched: an error in its console, or anything that the
// Content-Security-Policy had to refuse, fails the test that opened it.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const chromiumPath = [process.env.QALAM_CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(
  (path) => path && existsSync(path),
);

// A broker that is gone, or that refuses, is a network error to the browser, not a mistake of the page.
const expected = /net::ERR_|Failed to load resource/;

export async function launch() {
  return chromium.launch({ executablePath: chromiumPath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}

/** A window of its own, with nothing shared: { context, page, problems }. */
export async function open(browser, address, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, timezoneId: "UTC", acceptDownloads: true, ...options });
  const problems = [];
  const page = await watched(context, problems);
  await page.goto(address);
  return { context, page, problems };
}

export async function watched(context, problems) {
  const page = await context.newPage();
  page.on("pageerror", (error) => problems.push(`page: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error" && !expected.test(message.text())) problems.push(`console: ${message.text()}`);
  });
  await page.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => console.error(`refused by the policy: ${event.violatedDirective} ${event.blockedURI}`));
  });
  return page;
}

/** Goes to another page by its address behind the '#', without loading anew. */
export async function visit(page, hash) {
  await page.evaluate((to) => {
    location.hash = to;
  }, hash);
}

/** The violations that axe finds, as text; empty: none. */
export async function axe(page) {
  await page.evaluate(axeSource);
  const found = await page.evaluate(async () => (await globalThis.axe.run(document)).violations);
  return found.map((violation) => `${violation.id}: ${violation.nodes.map((node) => `${node.html.slice(0, 160)} | ${node.any[0]?.message ?? ""}`).join("\n    ")}`);
}

export function noProblems(problems) {
  assert.deepEqual(problems, []);
}
