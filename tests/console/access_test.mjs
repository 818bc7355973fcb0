// axe finds nothing to complain about, on any page, in both themes; and what moves can be told to keep still.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Broker } from "./support/broker.mjs";
import { axe, launch, noProblems, open, visit } from "./support/browser.mjs";
import { pages } from "./support/pages.mjs";

let broker;
let browser;

before(async () => {
  broker = await new Broker().start();
  browser = await launch();
  await broker.qalam(["topic", "create", "orders", "-p", "3"]);
  await broker.qalam(["produce", "orders", "-p", "0", "-H", "source=test"], '{"order": 1, "state": "paid"}\n');
});

after(async () => {
  await browser?.close();
  await broker?.stop();
});

for (const colorScheme of ["light", "dark"]) {
  test(`axe: every page, ${colorScheme}`, async () => {
    const { context, page, problems } = await open(browser, broker.http, { colorScheme });
    const found = [];
    for (const [name, hash, ready] of pages) {
      await visit(page, hash);
      await page.locator(ready).first().waitFor();
      for (const violation of await axe(page)) found.push(`${name}: ${violation}`);
    }
    assert.deepEqual(found, []);
    noProblems(problems);
    await context.close();
  });

  test(`axe: dialogs, ${colorScheme}`, async () => {
    const { context, page, problems } = await open(browser, `${broker.http}#/topics/orders`, { colorScheme });
    const found = [];
    const look = async (name) => {
      for (const violation of await axe(page)) found.push(`${name}: ${violation}`);
      await page.keyboard.press("Escape");
    };
    await page.getByRole("button", { name: "Delete…" }).click();
    await page.getByLabel("Type orders to confirm").waitFor();
    await look("delete");
    await page.keyboard.press("Control+k");
    await page.getByRole("option").first().waitFor();
    await look("palette");
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keys" }).waitFor();
    await look("help");
    await visit(page, "#/topics");
    await page.getByRole("button", { name: "Create topic" }).click();
    await page.getByLabel("Name").fill("orders");
    await page.getByRole("button", { name: "Preview" }).click();
    await page.getByRole("alert").waitFor();
    await look("create, refused");
    assert.deepEqual(found, []);
    noProblems(problems);
    await context.close();
  });
}

test("a chart's figures are also a table", async () => {
  const { context, page, problems } = await open(browser, broker.http);
  const chart = page.locator(".chart").first();
  await chart.getByText("Table").click();
  await chart.locator("tbody tr").first().waitFor();
  assert.match(await chart.locator("tbody tr").first().innerText(), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/);
  noProblems(problems);
  await context.close();
});

test("who asks for less motion gets none", async () => {
  const { context, page } = await open(browser, broker.http, { reducedMotion: "reduce" });
  await page.locator(".verdict").waitFor();
  const moving = await page.evaluate(() => [...document.querySelectorAll("*")].filter((each) => {
    const style = getComputedStyle(each);
    return style.animationName !== "none" || Number.parseFloat(style.transitionDuration) > 0;
  }).length);
  assert.equal(moving, 0);
  await context.close();
});
