// The pictures in docs/images: every page, both themes, on a real broker with a little shop's traffic.
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { Broker, sleep } from "./support/broker.mjs";
import { launch, open, visit } from "./support/browser.mjs";

const images = new URL("../../docs/images/", import.meta.url).pathname;
const bytesMax = 200_000;
const warmUpMs = Number(process.env.QALAM_SCREENSHOT_SECONDS ?? 150) * 1000;

const traffic = [
  // topic, partitions, records a second, settings
  ["orders", 12, 180, ["-c", "retention.ms=30d"]],
  ["payments", 6, 90, []],
  ["clicks", 8, 900, ["-c", "retention.ms=1d", "-c", "qalam.flush=os"]],
  ["inventory", 4, 25, []],
  ["shipments", 3, 6, ["-c", "segment.bytes=64MiB"]],
  ["audit-log", 1, 2, ["-c", "retention.ms=-1"]],
];

const states = ["placed", "paid", "packed", "shipped"];

function record(topic, i) {
  const value = {
    [topic.replace(/s$/, "")]: 100_000 + i,
    customer: `c-${(i * 7919) % 4000}`,
    state: states[i % states.length],
    total: { amount: ((i * 31) % 9000) / 100, currency: "EUR" },
    items: [{ sku: `AX-${i % 17}`, n: 1 + (i % 3) }, { sku: `BR-${i % 5}`, n: 1 }],
  };
  return JSON.stringify({ key: `c-${(i * 7919) % 4000}`, value: JSON.stringify(value), headers: [{ key: "source", value: "checkout" }] });
}

const shots = [
  ["overview", "#/"],
  ["leaders", "#/leaders?sort=-recordsIn&open=orders%2F3"],
  ["topics", "#/topics"],
  ["topic-partitions", "#/topics/orders"],
  ["topic-settings", "#/topics/clicks?tab=config"],
  ["topic-commands", "#/topics/orders?tab=cli"],
  ["messages", "#/messages?topic=orders"],
  ["messages-live", "#/messages?topic=payments&live=1"],
  ["record", null],
  ["brokers", "#/brokers"],
  ["broker", "#/brokers/1"],
  ["broker-streams", "#/brokers/1?tab=streams"],
  ["broker-settings", "#/brokers/1?tab=config"],
  ["story", null],
  ["refusals", "#/story/orders/0"],
  ["settings", "#/settings"],
  ["create-topic", "#/topics"],
];

mkdirSync(images, { recursive: true });
const broker = await new Broker(["qalam.writer.threads=4", "node.id=1"]).start();
const started = [];
const browser = await launch();
try {
  for (const [topic, partitions, rate, settings] of traffic) {
    await broker.qalam(["topic", "create", topic, "-p", String(partitions), ...settings]);
    const producer = broker.start_qalam(["-X", `client.id=${topic}-service`, "produce", topic, "--json", "--rate", `${rate}/s`]);
    producer.stdin.on("error", () => undefined);
    const total = Math.ceil((rate * (warmUpMs + 240_000)) / 1000);
    producer.stdin.write(Array.from({ length: total }, (_, i) => `${record(topic, i)}\n`).join(""));
    const reader = broker.start_qalam(["-X", `client.id=${topic}-report`, "consume", topic, "--from", "end", "-f"]);
    started.push(producer, reader);
  }
  for (let i = 0; i < 6; i++) await broker.qalam(["produce", "orders", "-p", "0", "--expect-offset", "1"], "late\n").catch(() => undefined);
  await sleep(warmUpMs);
  for (const colorScheme of ["light", "dark"]) {
    const { context, page } = await open(browser, broker.http, { colorScheme });
    await sleep(2000);
    for (const [name, hash] of shots) {
      if (name === "record") {
        await page.locator("tr.item th a").nth(2).click();
      } else if (name === "story") {
        const { partitions } = await broker.get("api/v1/topics/orders");
        await visit(page, `#/story/orders/3/${Number(partitions[3].highWatermark) - 20}`);
      } else {
        await visit(page, hash);
      }
      await sleep(name === "broker" || name === "messages-live" ? 6000 : 1500);
      if (name === "messages") {
        await page.locator("tr.item").nth(2).click();
        await sleep(800);
      }
      if (name === "broker-settings") await page.getByLabel("Setting contains").fill("log.");
      if (name === "create-topic") {
        await page.getByRole("button", { name: "Create topic" }).click();
        await page.getByLabel("Name").fill("returns");
        await page.getByLabel("Partitions").fill("6");
        await page.getByLabel("Settings of its own").fill("retention.ms=14d");
        await page.getByRole("button", { name: "Preview" }).click();
        await sleep(500);
      }
      await page.mouse.move(1270, 790);
      await page.screenshot({ path: join(images, `console-${name}-${colorScheme}.png`) });
      await page.keyboard.press("Escape");
    }
    await context.close();
  }
} finally {
  for (const process of started) process.kill("SIGKILL");
  await browser.close();
  await broker.stop();
}
const pictures = readdirSync(images).filter((name) => name.startsWith("console-"));
// 256 colours are enough for pages, and a third of the bytes.
execFileSync("pngquant", ["--force", "--ext", ".png", "--skip-if-larger", "--strip", ...pictures.map((name) => join(images, name))]);
for (const name of pictures) {
  const bytes = statSync(join(images, name)).size;
  console.log(`${String(bytes).padStart(7)} ${name}`);
  if (bytes > bytesMax) throw new Error(`${name} is larger than ${bytesMax} bytes`);
}
