// 10,000 partitions: how soon Leaders shows them, and how smoothly it scrolls while they change. The browser draws in
// software here and shares the cores with the broker and with whatever else runs. So what the page costs is measured in
// processor time of its main thread, which others can't spoil; what came of it, frame by frame, is printed, and must hold
// where the machine has a core to spare.
import assert from "node:assert/strict";
import { cpus, loadavg } from "node:os";
import { after, before, test } from "node:test";
import { Broker, sleep } from "./support/broker.mjs";
import { launch, noProblems, open } from "./support/browser.mjs";

const topics = 10;
const partitions = 1000;
const firstPaintMaxMs = 1000;
const frameMaxMs = 16.8; // 60 a second, as the browser's clock tells it.
const workMaxMs = 16;

let broker;
let browser;
let producer;

before(async () => {
  broker = await new Broker().start();
  browser = await launch();
  for (let i = 0; i < topics; i++) await broker.qalam(["topic", "create", `topic-${i}`, "-p", String(partitions)]);
  producer = broker.start_qalam(["produce", "topic-0", "--rate", "500/s"]);
  producer.stdin.on("error", () => undefined);
  producer.stdin.write("x\n".repeat(200_000));
  await sleep(2500);
});

after(async () => {
  producer?.kill("SIGKILL");
  await browser?.close();
  await broker?.stop();
});

test("Leaders shows 10,000 partitions within a second", async () => {
  const times = [];
  for (let i = 0; i < 5; i++) {
    const { context, page, problems } = await open(browser, "about:blank");
    await page.addInitScript(() => {
      new MutationObserver((_, observer) => {
        if (!document.querySelector("tr.item")) return;
        observer.disconnect();
        requestAnimationFrame(() => setTimeout(() => {
          globalThis.firstRowsMs = performance.now();
        }));
      }).observe(document, { childList: true, subtree: true });
    });
    await page.goto(`${broker.http}#/leaders`);
    await page.waitForFunction(() => globalThis.firstRowsMs !== undefined);
    times.push(await page.evaluate(() => globalThis.firstRowsMs));
    await page.getByText("10,000 of 10,000 partitions").waitFor();
    noProblems(problems);
    await context.close();
  }
  times.sort((a, b) => a - b);
  console.log(`first rows after ${times.map((ms) => ms.toFixed(0)).join(", ")} ms; load ${(loadavg()[0] / cpus().length).toFixed(1)} a core`);
  assert.ok(times[0] <= firstPaintMaxMs, `${times[0]} ms at best`);
});

const quantile = (list, share) => [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * share))];

test("it scrolls at p95 <= 16 ms a frame while figures change", async () => {
  const { context, page, problems } = await open(browser, `${broker.http}#/leaders`);
  await page.locator("tr.item").first().waitFor();
  await sleep(1500);
  const session = await context.newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const cpuMs = async () => 1000 * (await session.send("Performance.getMetrics")).metrics.find((each) => each.name === "TaskDuration").value;
  const frames = [];
  const work = []; // A frame, over ten of them each.
  for (let part = 0; part < 40; part++) {
    const before = await cpuMs();
    const took = await page.evaluate(async () => {
      const list = document.querySelector(".list");
      const took = [];
      let last = await new Promise((done) => requestAnimationFrame(done));
      for (let i = 0; i < 10; i++) {
        list.scrollTop += 90; // About three rows: a quick wheel.
        const next = await new Promise((done) => requestAnimationFrame(done));
        took.push(next - last);
        last = next;
      }
      return took;
    });
    work.push(((await cpuMs()) - before) / 11);
    frames.push(...took);
  }
  const rows = await page.locator("tr.item").count();
  const load = loadavg()[0] / cpus().length;
  console.log(`frames p50 ${quantile(frames, 0.5).toFixed(1)} ms, p95 ${quantile(frames, 0.95).toFixed(1)} ms, longest ${Math.max(...frames).toFixed(1)} ms; load ${load.toFixed(1)} a core`);
  console.log(`processor time a frame p50 ${quantile(work, 0.5).toFixed(1)} ms, p95 ${quantile(work, 0.95).toFixed(1)} ms; ${rows} rows exist`);
  assert.ok(rows < 100, `${rows} rows exist`);
  assert.ok(quantile(work, 0.95) <= workMaxMs, "processor time");
  if (load < 0.8) assert.ok(quantile(frames, 0.95) <= frameMaxMs, "frames");
  noProblems(problems);
  await context.close();
});

test("filters, sorting and the way to the last row answer at once", async () => {
  const { context, page, problems } = await open(browser, `${broker.http}#/leaders`);
  await page.locator("tr.item").first().waitFor();
  await page.getByRole("button", { name: "Records/s" }).click();
  await page.locator("th[aria-sort=descending]").waitFor();
  await page.locator("tr.item").first().getByText(/topic-0/).waitFor({ timeout: 5000 });
  await page.getByLabel("Topic or partition contains").fill("topic-9/99");
  await page.getByText("11 of 10,000 partitions").waitFor();
  await page.getByLabel("Topic or partition contains").fill("");
  await page.getByRole("button", { name: "Partition", exact: true }).click();
  await page.locator(".list").evaluate((list) => list.scrollTo(0, list.scrollHeight));
  await page.locator("tr.item", { hasText: "topic-9/999" }).waitFor();
  noProblems(problems);
  await context.close();
});
