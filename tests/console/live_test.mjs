// What an operator watches: topics made here and records written elsewhere show up by themselves, and a broker that dies
// is told, and one that comes back is followed again.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Broker, until } from "./support/broker.mjs";
import { launch, noProblems, open, visit } from "./support/browser.mjs";

let broker;
let browser;

before(async () => {
  broker = await new Broker().start();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await broker?.stop();
});

test("a topic made in the console takes records from the command line, and its offsets move within 2 s", async () => {
  const { context, page, problems } = await open(browser, `${broker.http}#/topics`);
  await page.getByRole("button", { name: "Create topic" }).click();
  await page.getByLabel("Name").fill("orders");
  await page.getByLabel("Partitions").fill("2");
  await page.getByLabel("Settings of its own").fill("retention.ms=7d");
  await page.getByRole("button", { name: "Preview" }).click();
  await page.getByText("with 2 partitions").waitFor();
  assert.equal((await broker.get("api/v1/topics")).topics.length, 0, "the preview made nothing");
  assert.match(await page.locator("dialog .command code").innerText(), /topic create orders -p 2 -c retention\.ms=7d$/);
  await page.getByRole("dialog").getByRole("button", { name: "Create topic" }).click();
  await page.getByRole("heading", { name: "orders" }).waitFor();
  assert.deepEqual((await broker.get("api/v1/topics/orders")).topic.config, { "retention.ms": "7d" });

  const cell = page.getByRole("row", { name: /^ok 1 / }).or(page.locator("tr.item", { has: page.locator("th", { hasText: /^1$/ }) }));
  await cell.first().waitFor();
  for (let turn = 1; turn <= 3; turn++) {
    await broker.qalam(["produce", "orders", "-p", "1"], "a\nb\n");
    const produced = Date.now();
    await until(`the high watermark ${2 * turn}`, async () => (await cell.first().innerText()).split(/\s+/).includes(String(2 * turn)), 2000);
    console.log(`offset seen ${Date.now() - produced} ms after the command ended`);
  }
  noProblems(problems);
  await context.close();
});

test("a killed broker is told within 5 s, and followed again after its restart", async () => {
  const { context, page, problems } = await open(browser, broker.http);
  await page.getByText(/partitions can be written and read/).waitFor();
  await broker.kill();
  const killed = Date.now();
  await page.getByText("The broker does not answer.").first().waitFor({ timeout: 5000 });
  console.log(`told ${Date.now() - killed} ms after the kill`);
  await page.getByText(/figures are \d+ s old/).waitFor({ timeout: 8000 });
  await broker.start();
  const back = Date.now();
  await page.getByText("The broker does not answer.").first().waitFor({ state: "detached", timeout: 10_000 });
  console.log(`followed again ${Date.now() - back} ms after the restart`);
  await broker.qalam(["produce", "orders", "-p", "0"], "after\n");
  await visit(page, "#/topics/orders");
  await page.locator("tr.item").first().getByText("1", { exact: true }).first().waitFor({ timeout: 3000 });
  noProblems(problems);
  await context.close();
});

test("a stopped broker, whose connections stay open, is told within 6 s", async () => {
  const { context, page, problems } = await open(browser, broker.http);
  await page.getByText(/partitions can be written and read/).waitFor();
  process.kill(broker.pid, "SIGSTOP");
  try {
    const stopped = Date.now();
    await page.getByText("The broker does not answer.").first().waitFor({ timeout: 6000 });
    console.log(`told ${Date.now() - stopped} ms after the stop`);
  } finally {
    process.kill(broker.pid, "SIGCONT");
  }
  await page.getByText("The broker does not answer.").first().waitFor({ state: "detached", timeout: 15_000 });
  noProblems(problems);
  await context.close();
});

test("tabs of one browser share one stream of events, and another takes over when its tab goes", async () => {
  const { context, page, problems } = await open(browser, broker.http);
  await page.getByText(/partitions can be written and read/).waitFor();
  let streams = 0;
  context.on("request", (request) => {
    if (new URL(request.url()).pathname === "/events") streams++;
  });
  const second = await context.newPage();
  await second.goto(broker.http);
  await second.getByText(/partitions can be written and read/).waitFor();
  await second.locator(".link-state", { hasText: "live" }).waitFor();
  assert.equal(streams, 0, "the second tab opened no stream");
  await page.close();
  await until("the second tab has a stream", () => streams === 1);
  await broker.qalam(["topic", "create", "taken-over"]);
  await visit(second, "#/topics");
  await second.getByText("taken-over").waitFor({ timeout: 3000 });
  noProblems(problems);
  await context.close();
});

test("settings change, a partition is trimmed and a topic deleted, each after a preview", async () => {
  const { context, page, problems } = await open(browser, `${broker.http}#/topics/orders?tab=config`);
  await page.getByRole("button", { name: "Edit settings" }).click();
  await page.getByLabel("New value of segment.bytes").fill("64MiB");
  await page.getByLabel("New value of retention.ms").fill("never");
  await page.getByRole("button", { name: "Preview 2 changes" }).click();
  await page.getByRole("alert").getByText("retention.ms").first().waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("row", { name: /retention\.ms/ }).getByRole("button", { name: "Default" }).click();
  await page.getByRole("button", { name: "Preview 2 changes" }).click();
  await page.getByRole("cell", { name: /67108864 \(64\.0 MiB\)/ }).waitFor();
  await page.getByRole("button", { name: "Apply" }).click();
  await page.getByText("Settings of orders changed").waitFor();
  assert.deepEqual((await broker.get("api/v1/topics/orders")).topic.config, { "segment.bytes": "64MiB" });

  await visit(page, "#/topics/orders?open=1");
  await page.getByRole("button", { name: "Trim…" }).click();
  await page.getByLabel("First offset to keep").fill("4");
  await page.getByRole("button", { name: "Preview" }).click();
  await page.getByText("4 records are deleted, for good.").waitFor();
  assert.equal((await broker.get("api/v1/topics/orders")).partitions[1].logStartOffset, "0", "the preview trimmed nothing");
  await page.getByRole("button", { name: "Delete these records" }).click();
  await page.getByText("orders/1 begins at 4").waitFor();
  assert.equal((await broker.get("api/v1/topics/orders")).partitions[1].logStartOffset, "4");

  await page.getByRole("button", { name: "Delete…" }).click();
  const confirm = page.getByRole("dialog").getByRole("button", { name: "Delete topic" });
  assert.equal(await confirm.isDisabled(), true, "not before its name is typed");
  await page.getByLabel("Type orders to confirm").fill("orders");
  await confirm.click();
  await page.getByText("Topic orders is gone").waitFor();
  await page.getByRole("row", { name: /orders/ }).waitFor({ state: "detached", timeout: 3000 });
  assert.equal((await broker.get("api/v1/topics")).topics.some((topic) => topic.name === "orders"), false);
  noProblems(problems);
  await context.close();
});
