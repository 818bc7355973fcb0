// States that a real broker is hard to bring into, with the pretended one.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { MockBroker } from "./mock_broker.mjs";
import { until } from "./support/broker.mjs";
import { axe, launch, noProblems, open, visit } from "./support/browser.mjs";
import { pages } from "./support/pages.mjs";

let browser;

before(async () => {
  browser = await launch();
});

after(() => browser?.close());

async function withMock(options, use) {
  const broker = await new MockBroker(options).start();
  try {
    await use(broker);
  } finally {
    await broker.stop();
  }
}

test("a partition that failed is in the verdict, in the list of problems and in the grid", () =>
  withMock({ offline: ["orders/3"], writers: 16 }, async (broker) => {
    const { context, page, problems } = await open(browser, broker.address);
    await page.getByRole("heading", { name: "1 of 24 partitions can't be written or read." }).waitFor();
    await page.getByRole("link", { name: /orders\/3: offline: CORRUPTION/ }).click();
    await page.locator(".side-panel h2", { hasText: "orders/3" }).waitFor();
    await visit(page, "#/leaders?problems=1");
    await page.getByText("1 of 24 partitions").waitFor();
    await page.locator("tr.item").getByRole("img", { name: "here, not served" }).waitFor();
    assert.match(await page.title(), /^✕ /);
    noProblems(problems);
    await context.close();
  }));

test("refused batches lead to their stories", () =>
  withMock({ refusing: true }, async (broker) => {
    const { context, page, problems } = await open(browser, broker.address);
    await page.getByRole("link", { name: "orders/0: the writer refuses 3.4 batches/s" }).click();
    await page.getByText("the log ends at 10412, not at 10411").first().waitFor();
    noProblems(problems);
    await context.close();
  }));

test("where events don't come through, figures are asked for, and events are taken up again", () =>
  withMock({}, async (broker) => {
    broker.eventsRefused = true;
    const { context, page, problems } = await open(browser, `${broker.address}#/leaders`);
    await page.getByText(/Live events don't come through/).waitFor({ timeout: 15_000 });
    await page.getByText("24 of 24 partitions").waitFor();
    broker.eventsRefused = false;
    await page.getByText(/Live events don't come through/).waitFor({ state: "detached", timeout: 10_000 });
    noProblems(problems);
    await context.close();
  }));

test("a resync takes the fresh snapshot, and what is gone in it goes", () =>
  withMock({}, async (broker) => {
    const { context, page, problems } = await open(browser, `${broker.address}#/leaders`);
    await page.getByText("24 of 24 partitions").waitFor();
    broker.rows = broker.rows.slice(0, 10);
    broker.sendAll("resync", {});
    for (const client of broker.clients) client.end();
    await page.getByText("10 of 10 partitions").waitFor({ timeout: 5000 });
    noProblems(problems);
    await context.close();
  }));

test("hostile text in everything the broker says stays text", () =>
  withMock({ hostile: '<img src=x onerror="globalThis.hurt=1">', offline: ["orders/3"] }, async (broker) => {
    broker.tell("error", '<script>globalThis.hurt=1</script>"><svg onload=globalThis.hurt=1>', "<b>bold</b>", 0);
    const { context, page, problems } = await open(browser, broker.address);
    for (const [, hash] of pages) {
      await visit(page, hash);
      await page.waitForTimeout(150);
    }
    assert.equal(await page.evaluate(() => globalThis.hurt), undefined);
    assert.equal(await page.locator("main img, main script").count(), 0);
    noProblems(problems);
    await context.close();
  }));

test("the story of a write adds up", () =>
  withMock({}, async (broker) => {
    const { context, page, problems } = await open(browser, `${broker.address}#/story/orders/1/4242`);
    const took = await page.locator(".waterfall tbody tr").evaluateAll((rows) => rows.map((row) => `${row.cells[0].innerText}: ${row.cells[1].innerText}`));
    assert.deepEqual(took, ["Received: –", "Check: 18 µs", "Queue: 0.21 ms", "Write: 96 µs", "Sync: 0.79 ms", "Hand over: 68 µs", "Acknowledged: 1.18 ms", "First read: + 1.31 ms"]);
    await page.getByText("number 5 of 12 in the batch").waitFor();
    noProblems(problems);
    await context.close();
  }));

test("one change is one request, after one that only asks", () =>
  withMock({}, async (broker) => {
    const { context, page, problems } = await open(browser, `${broker.address}#/brokers/1?tab=config`);
    await page.getByRole("button", { name: "Edit settings" }).click();
    await page.getByLabel("New value of log.retention.ms").fill("30d");
    await page.getByRole("row", { name: /log\.segment\.bytes/ }).getByRole("button", { name: "Default" }).click();
    await page.getByRole("button", { name: "Preview 2 changes" }).click();
    await page.getByRole("button", { name: "Apply" }).click();
    await page.getByText("Settings of the broker changed").waitFor();
    const body = { set: { "log.retention.ms": "30d" }, unset: ["log.segment.bytes"] };
    assert.deepEqual(broker.changes.map((change) => change.body), [{ ...body, validateOnly: true }, body]);
    noProblems(problems);
    await context.close();
  }));

test("below a base path everything is found", () =>
  withMock({}, async (broker) => {
    const serve = broker.server.listeners("request")[0];
    broker.server.removeAllListeners("request");
    broker.server.on("request", (request, response) => {
      if (!request.url.startsWith("/ops/qalam/")) {
        response.writeHead(404);
        response.end();
        return;
      }
      request.url = request.url.slice("/ops/qalam".length);
      serve(request, response);
    });
    const { context, page, problems } = await open(browser, `${broker.address}ops/qalam/#/topics/orders?tab=messages`);
    await page.locator("tr.item").first().waitFor();
    await until("live", async () => (await page.locator(".link-state").innerText()).startsWith("●"));
    noProblems(problems);
    await context.close();
  }));

for (const colorScheme of ["light", "dark"]) {
  test(`axe: with problems, 16 writers and refusals, ${colorScheme}`, () =>
    withMock({ offline: ["orders/3"], refusing: true, writers: 16 }, async (broker) => {
      const { context, page, problems } = await open(browser, broker.address, { colorScheme });
      const found = [];
      for (const [name, hash, ready] of pages) {
        await visit(page, hash);
        await page.locator(ready).first().waitFor();
        for (const violation of await axe(page)) found.push(`${name}: ${violation}`);
      }
      assert.deepEqual(found, []);
      noProblems(problems);
      await context.close();
    }));
}
