// Records: found, filtered, followed, kept as a link, downloaded; and whatever they hold does no harm.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { Broker, sleep, until } from "./support/broker.mjs";
import { launch, noProblems, open, visit } from "./support/browser.mjs";

let broker;
let browser;

before(async () => {
  broker = await new Broker().start();
  browser = await launch();
  await broker.qalam(["topic", "create", "orders", "-p", "2"]);
  const lines = Array.from({ length: 300 }, (_, i) => JSON.stringify({ key: `k${i}`, value: JSON.stringify({ order: i, state: i % 100 === 7 ? "paid" : "placed" }), headers: [{ key: "source", value: "test" }] }));
  await broker.qalam(["produce", "orders", "-p", "0", "--json"], `${lines.slice(0, 200).join("\n")}\n`);
  await broker.qalam(["produce", "orders", "-p", "1", "--json"], `${lines.slice(200).join("\n")}\n`);
});

after(async () => {
  await browser?.close();
  await broker?.stop();
});

const offsets = (page) => page.locator("tr.item th").allInnerTexts();

test("newest, oldest, an offset and a time", async () => {
  const { context, page, problems } = await open(browser, `${broker.http}#/messages?topic=orders&p=0`);
  await page.locator("tr.item").first().waitFor();
  assert.equal((await offsets(page))[0], "199");
  await page.getByLabel("From").selectOption("oldest");
  await until("the oldest is first", async () => (await offsets(page))[0] === "0");
  await page.getByLabel("From").selectOption("offset");
  await page.getByLabel("Offset", { exact: true }).fill("120");
  await page.keyboard.press("Enter");
  await until("offset 120 is first", async () => (await offsets(page))[0] === "120");
  await page.getByLabel("From").selectOption("time");
  await page.getByLabel(/^Time in/).fill("yesterday-ish");
  await page.keyboard.press("Enter");
  await page.getByText(/A time is 2026/).waitFor();
  await page.getByLabel(/^Time in/).fill("-1h");
  await page.keyboard.press("Enter");
  await until("an hour ago is before all", async () => (await offsets(page))[0] === "0");
  noProblems(problems);
  await context.close();
});

test("a filter finds what contains a word, over all partitions, and a key", async () => {
  const { context, page, problems } = await open(browser, `${broker.http}#/messages?topic=orders&contains=paid`);
  await until("three are paid", async () => (await offsets(page)).length === 3);
  await page.getByText("3 records of 300 looked at").waitFor();
  await page.getByLabel("Value contains").fill("");
  await page.getByLabel("Key contains").fill("k299");
  await page.keyboard.press("Enter");
  await until("one has the key", async () => (await offsets(page)).length === 1);
  noProblems(problems);
  await context.close();
});

test("older pages follow, and the download is what the command line writes", async () => {
  const { context, page, problems } = await open(browser, `${broker.http}#/messages?topic=orders&p=1`);
  await page.getByRole("button", { name: "Older" }).click();
  await page.getByText("100 records of").waitFor();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "NDJSON" }).click()]);
  const lines = readFileSync(await download.path(), "utf8").trim().split("\n").map(JSON.parse);
  const told = (await broker.qalam(["consume", "orders:1", "--from", "start", "-e", "-o", "ndjson"])).trim().split("\n").map(JSON.parse);
  assert.deepEqual(lines.reverse(), told.map((record) => ({ ...record, offset: String(record.offset), timestamp: String(record.timestamp) })));
  noProblems(problems);
  await context.close();
});

test("a permalink shows the record alone, with its neighbours", async () => {
  const { context, page, problems } = await open(browser, `${broker.http}#/messages?topic=orders&p=0`);
  await page.getByRole("row", { name: /k190/ }).click();
  await page.getByRole("link", { name: "Permalink of this record" }).click();
  await page.getByRole("heading", { name: "orders/0 @ 190" }).waitFor();
  const address = page.url();
  const other = await open(browser, address);
  await other.page.locator("main").getByText('"placed"').waitFor();
  await other.page.getByText("k190").first().waitFor();
  await other.page.getByRole("link", { name: "Newer" }).click();
  await other.page.getByRole("heading", { name: "orders/0 @ 191" }).waitFor();
  noProblems([...problems, ...other.problems]);
  await other.context.close();
  await context.close();
});

test("the live tail follows, filters, pauses and counts what it dropped", async () => {
  const { context, page, problems } = await open(browser, `${broker.http}#/messages?topic=orders&live=1&contains=live`);
  await page.getByText("● following").waitFor();
  await sleep(300);
  await broker.qalam(["produce", "orders"], "live one\nnot wanted\nlive two\n");
  await until("two came", async () => (await offsets(page)).length === 2, 3000);
  await page.locator("h1").click();
  await page.keyboard.press("p");
  await page.getByText("❚❚ paused").waitFor();
  await broker.qalam(["produce", "orders"], "live three\n");
  await page.getByRole("button", { name: "Go on (1 new)" }).waitFor({ timeout: 3000 });
  assert.equal((await offsets(page)).length, 2, "nothing moves while paused");
  await page.keyboard.press("p");
  await until("the third came", async () => (await offsets(page)).length === 3);
  await broker.qalam(["produce", "orders"], `${Array.from({ length: 2000 }, (_, i) => `live ${i}`).join("\n")}\n`);
  await page.getByText(/▲ dropped [\d,]+/).waitFor({ timeout: 5000 });
  noProblems(problems);
  await context.close();
});

test("hostile keys, values, headers and topic names stay text", async () => {
  const attacks = [
    "<script>globalThis.hurt=1</script>",
    '"><img src=x onerror="globalThis.hurt=1">',
    "<svg/onload=globalThis.hurt=1>",
    "javascript:globalThis.hurt=1",
    "{{constructor.constructor('globalThis.hurt=1')()}}",
    "\u202e\u0000\u001b[31m${globalThis.hurt=1}",
  ];
  // As far as names allow.
  await broker.qalam(["topic", "create", "javascript.alert_1"]);
  await broker.qalam(["topic", "create", "__proto__"]);
  const lines = attacks.map((text) => JSON.stringify({ key: text, value: JSON.stringify({ [text]: [text, { __proto__: text }] }), headers: [{ key: text, value: text }] }));
  for (const topic of ["javascript.alert_1", "__proto__"]) await broker.qalam(["produce", topic, "--json"], `${lines.join("\n")}\n`);
  const { context, page, problems } = await open(browser, `${broker.http}#/messages?topic=javascript.alert_1&from=oldest`);
  for (let i = 0; i < attacks.length; i++) {
    await page.locator("tr.item").nth(i).click();
    await page.locator(".value-json").waitFor();
    await page.getByRole("button", { name: "Text", exact: true }).click();
    await page.getByRole("button", { name: "Hex", exact: true }).click();
  }
  for (const hash of ["#/", "#/leaders", "#/topics", "#/topics/__proto__", "#/topics/__proto__?tab=messages", "#/messages/__proto__/0/0", "#/story/__proto__/0/0", `#/topics/${encodeURIComponent(attacks[1])}`, `#/messages?topic=${encodeURIComponent(attacks[0])}&contains=${encodeURIComponent(attacks[1])}`, `#/story/${encodeURIComponent(attacks[2])}/0/0`, "#/%E0%A4%A"]) {
    await visit(page, hash);
    await sleep(250);
  }
  assert.equal(await page.evaluate(() => globalThis.hurt), undefined);
  assert.equal(await page.locator("main img, main script").count(), 0);
  noProblems(problems);
  await context.close();
});

test("binary, null and large records are shown for what they are", async () => {
  await broker.qalam(["topic", "create", "odd"]);
  const large = JSON.stringify({ id: 0, text: "x".repeat(300_000) }).replace('"id":0', '"id":12345678901234567890');
  const lines = [JSON.stringify({ key: "gone", value: null }), JSON.stringify({ key: null, value_base64: Buffer.from([0xff, 0x00, 0x9f]).toString("base64") }), JSON.stringify({ key: "large", value: large })];
  await broker.qalam(["produce", "odd", "--json"], `${lines.join("\n")}\n`);
  const { context, page, problems } = await open(browser, `${broker.http}#/messages?topic=odd&from=oldest`);
  await page.getByText("3 B binary: ff 00 9f").waitFor();
  await page.getByRole("row", { name: /gone/ }).click();
  await page.getByText("no value: a tombstone").waitFor();
  await page.getByRole("row", { name: /large/ }).click();
  await page.locator(".json-number", { hasText: "12345678901234567890" }).waitFor();
  await page.getByRole("button", { name: "Text", exact: true }).click();
  assert.equal((await page.locator("pre.value-text").innerText()).length, large.length);
  noProblems(problems);
  await context.close();
});
