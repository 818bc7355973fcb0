// A console that only looks: no page offers a change, and the API refuses one.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Broker } from "./support/broker.mjs";
import { launch, noProblems, open, visit } from "./support/browser.mjs";
import { pages } from "./support/pages.mjs";

let broker;
let browser;

before(async () => {
  broker = await new Broker(["qalam.http.mode=read-only"]).start();
  browser = await launch();
  await broker.qalam(["topic", "create", "orders", "-p", "2"]);
  await broker.qalam(["produce", "orders", "-p", "0"], "one\n");
});

after(async () => {
  await browser?.close();
  await broker?.stop();
});

test("the API refuses every change", async () => {
  const headers = { "Content-Type": "application/json", "X-Qalam-Request": "1" };
  for (const [method, path, body] of [
    ["POST", "api/v1/topics", { name: "other" }],
    ["POST", "api/v1/topics", { name: "other", validateOnly: true }],
    ["PATCH", "api/v1/topics/orders/config", { set: { "retention.ms": "1d" } }],
    ["POST", "api/v1/topics/orders/partitions/0/trim", { beforeOffset: "1" }],
    ["PATCH", "api/v1/config", { set: { "log.retention.ms": "1d" } }],
    ["DELETE", "api/v1/topics/orders", undefined],
  ]) {
    const answer = await fetch(broker.http + path, { method, headers, body: body && JSON.stringify(body) });
    assert.equal(answer.status, 403, `${method} ${path}`);
    assert.equal((await answer.json()).error.reason, "PERMISSION_DENIED");
  }
  assert.equal((await broker.get("api/v1/topics")).topics.length, 1);
});

test("no page offers one, and it says why", async () => {
  const { context, page, problems } = await open(browser, broker.http);
  await page.locator(".top").getByText("read-only").waitFor();
  for (const [name, hash, ready] of pages) {
    await visit(page, hash);
    await page.locator(ready).first().waitFor();
    const offered = await page.getByRole("button", { name: /create|delete|trim|edit/i }).count();
    assert.equal(offered, 0, name);
  }
  await visit(page, "#/topics");
  await page.getByText("read-only: no changes from here").waitFor();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("create");
  await page.getByText("Nothing has that in its name.").waitFor();
  noProblems(problems);
  await context.close();
});

test("without the header a change is refused in operator mode, too, and so is another site's", async () => {
  const operator = await new Broker().start();
  try {
    for (const headers of [
      { "Content-Type": "application/json" },
      { "Content-Type": "application/json", "X-Qalam-Request": "1", Origin: "http://evil.example" },
      { "Content-Type": "application/json", "X-Qalam-Request": "1", "Sec-Fetch-Site": "cross-site" },
    ]) {
      const answer = await fetch(`${operator.http}api/v1/topics`, { method: "POST", headers, body: JSON.stringify({ name: "other" }) });
      assert.equal(answer.status, 403, JSON.stringify(headers));
    }
    assert.equal((await operator.get("api/v1/topics")).topics.length, 0);
  } finally {
    await operator.stop();
  }
});
