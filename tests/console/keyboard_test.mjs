// Everything without a mouse.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Broker, until } from "./support/broker.mjs";
import { launch, noProblems, open } from "./support/browser.mjs";

let broker;
let browser;

before(async () => {
  broker = await new Broker().start();
  browser = await launch();
  await broker.qalam(["topic", "create", "orders", "-p", "3"]);
  await broker.qalam(["topic", "create", "payments"]);
  await broker.qalam(["produce", "orders", "-p", "0"], "one\ntwo\nthree\n");
});

after(async () => {
  await browser?.close();
  await broker?.stop();
});

const heading = (page) => page.locator("main h1").first().innerText();

test("pages by g and a letter, rows by j, k and Enter, search by /, help by ?", async () => {
  const { context, page, problems } = await open(browser, broker.http);
  const { keyboard } = page;
  await page.getByText(/partitions can be written and read/).waitFor();
  for (const [key, title] of [["l", "Leaders"], ["t", "Topics"], ["m", "Messages"], ["b", "Brokers"], ["s", "Story of a write"], ["t", "Topics"]]) {
    await keyboard.press("g");
    await keyboard.press(key);
    await until(`g ${key}`, async () => (await heading(page)) === title);
  }
  await keyboard.press("/");
  await keyboard.type("pay");
  await until("one topic is left", async () => (await page.locator("tr.item").count()) === 1);
  await keyboard.press("Escape");
  await keyboard.press("j");
  await keyboard.press("Enter");
  await until("its page", async () => (await heading(page)) === "payments");

  await keyboard.press("g");
  await keyboard.press("l");
  await until("Leaders", async () => (await heading(page)) === "Leaders");
  await page.locator("tr.item").first().waitFor();
  await keyboard.press("j");
  await keyboard.press("j");
  await until("the second row has the focus", () => page.evaluate(() => document.activeElement?.getAttribute("aria-rowindex") === "3"));
  await keyboard.press("k");
  await keyboard.press("Enter");
  await page.locator(".side-panel h2", { hasText: "orders/0" }).waitFor();
  await keyboard.press("j");
  await page.locator(".side-panel h2", { hasText: "orders/1" }).waitFor();
  await keyboard.press("Escape");
  await page.locator(".side-panel").waitFor({ state: "detached" });

  await keyboard.press("?");
  await page.getByRole("dialog", { name: "Keys" }).waitFor();
  await keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  noProblems(problems);
  await context.close();
});

test("the palette finds pages, topics and actions", async () => {
  const { context, page, problems } = await open(browser, broker.http);
  const { keyboard } = page;
  await page.getByText(/partitions can be written and read/).waitFor();
  await keyboard.press("Control+k");
  await keyboard.type("paym");
  await keyboard.press("Enter");
  await until("the topic's page", async () => (await heading(page)) === "payments");
  await keyboard.press("Control+k");
  await keyboard.type("create");
  await keyboard.press("Enter");
  await page.getByRole("dialog", { name: "Create topic" }).waitFor();
  await keyboard.press("Escape");
  await keyboard.press("Control+k");
  await keyboard.type("dark theme");
  await keyboard.press("Enter");
  await until("it is dark", () => page.evaluate(() => document.documentElement.dataset.theme === "dark"));
  await page.reload();
  await until("it stays dark", () => page.evaluate(() => document.documentElement.dataset.theme === "dark"));
  noProblems(problems);
  await context.close();
});

test("a topic can be made, filled and deleted with the keyboard alone", async () => {
  const { context, page, problems } = await open(browser, `${broker.http}#/topics`);
  const { keyboard } = page;
  await page.locator("tr.item").first().waitFor();
  await page.getByRole("button", { name: "Create topic" }).focus();
  await keyboard.press("Enter");
  await page.getByLabel("Name").focus();
  await keyboard.type("typed");
  await keyboard.press("Enter");
  await page.getByText("The broker will make the topic").waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Create topic" }).focus();
  await keyboard.press("Enter");
  await until("its page", async () => (await heading(page)) === "typed");
  await page.getByRole("button", { name: "Delete…" }).focus();
  await keyboard.press("Enter");
  await page.getByLabel("Type typed to confirm").focus();
  await keyboard.type("typed");
  await keyboard.press("Enter");
  await until("it is gone", async () => (await broker.get("api/v1/topics")).topics.length === 2);
  noProblems(problems);
  await context.close();
});

test("Tab reaches everything in order, with a visible focus, and never gets stuck", async () => {
  const { context, page, problems } = await open(browser, `${broker.http}#/leaders`);
  await page.locator("tr.item").first().waitFor();
  const seen = [];
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press("Tab");
    const stop = await page.evaluate(() => {
      const element = document.activeElement;
      if (!element || element === document.body) return null;
      const style = getComputedStyle(element);
      return { name: `${element.tagName} ${element.textContent?.trim().slice(0, 30)}`, ring: style.outlineStyle !== "none" && Number.parseFloat(style.outlineWidth) > 0 };
    });
    if (stop === null) break;
    seen.push(stop);
  }
  assert.ok(seen.length >= 14 && seen.length < 60, `${seen.length} stops`);
  assert.deepEqual(seen.filter((stop) => !stop.ring).map((stop) => stop.name), [], "each shows its focus");
  assert.ok(seen.some((stop) => stop.name.startsWith("TR")), "the rows are reached");
  noProblems(problems);
  await context.close();
});
