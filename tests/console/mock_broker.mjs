// A pretended broker that speaks the console's part of the HTTP API: for states that a real broker can't be brought into
// at will (a failed partition, a proxy that holds events back, sixteen writer threads), and for working on the pages.
//   node mock_broker.mjs --port 7480 --topics 12 --partitions 24 --writers 4 [--read-only] [--offline orders/3]
// Node's own modules only.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const dist = join(dirname(fileURLToPath(import.meta.url)), "../../broker/http/console/dist");
const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const names = ["orders", "payments", "clicks", "inventory", "sessions", "audit-log", "emails", "shipments", "prices", "metrics.raw", "search-index", "fraud_scores"];
const columns = ["topic", "partition", "leader", "epoch", "writer", "start", "high", "size", "recordsIn", "bytesIn", "bytesOut", "refused", "status"];

// Always the same numbers for the same seed, so that screenshots are, too.
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export class MockBroker {
  constructor(options = {}) {
    this.options = { partitions: 24, topics: 6, writers: 4, mode: "operator", seed: 7, ...options };
    this.random = random(this.options.seed);
    this.startedMs = Date.now() - 3 * 86_400_000 - 4 * 3_600_000;
    this.clients = new Set();
    this.tails = new Set();
    this.changes = []; // What was asked for, for tests.
    this.eventsRefused = false;
    this.feed = [];
    this.history = [];
    this.makePartitions();
    for (let second = 900; second > 0; second--) this.history.push(this.totalsAt(Date.now() - second * 1000));
  }

  makePartitions() {
    const { partitions, topics, writers, offline = [] } = this.options;
    this.rows = [];
    for (let i = 0; i < partitions; i++) {
      const t = i % topics;
      const topic = t < names.length ? names[t] : `tenant-${String(t).padStart(4, "0")}.events`;
      const partition = Math.floor(i / topics);
      const busy = this.random() < 0.7 || i < 12 ? Math.exp(this.random() * 5) * (t === 0 ? 40 : 4) : 0;
      const high = Math.floor(1e5 + this.random() * 5e6);
      this.rows.push({
        topic, partition, leader: 1, epoch: 1 + Math.floor(this.random() * 6), writer: Math.floor(this.random() * this.random() * writers),
        start: Math.floor(high * 0.2 * this.random()), high, size: high * 190, base: busy, recordsIn: busy, bytesIn: busy * 210, bytesOut: busy * 420,
        refused: 0, status: offline.includes(`${topic}/${partition}`) ? "offline: CORRUPTION: batch at position 8812 fails its CRC" : "ok",
      });
    }
    for (const row of this.rows) if (row.status !== "ok") Object.assign(row, { leader: -1, base: 0, recordsIn: 0, bytesIn: 0, bytesOut: 0 });
    if (this.options.refusing) Object.assign(this.rows[0], { refused: 3.4 });
    this.topics = new Map();
    for (const row of this.rows) {
      const topic = this.topics.get(row.topic) ?? { name: row.topic, topicId: "tFqYqjbERUiDtHEFJbaNeA", partitionsCount: 0, replicationFactor: 1, config: row.topic === "clicks" ? { "retention.ms": "86400000", "qalam.flush": "os" } : {} };
      topic.partitionsCount++;
      this.topics.set(row.topic, topic);
    }
  }

  step() {
    const wave = 1 + 0.25 * Math.sin(Date.now() / 40_000);
    const changed = [];
    for (const row of this.rows) {
      if (row.base === 0) continue;
      row.recordsIn = row.base * wave * (0.8 + 0.4 * this.random());
      row.bytesIn = row.recordsIn * 210;
      row.bytesOut = row.recordsIn * 420 * (0.9 + 0.2 * this.random());
      row.high += Math.round(row.recordsIn);
      row.size += Math.round(row.bytesIn);
      changed.push(row);
    }
    const rows = changed.sort((a, b) => b.recordsIn - a.recordsIn).slice(0, 1200).map((row) => this.values(row));
    const atMs = Date.now();
    const totals = this.totalsAt(atMs);
    this.history.push(totals);
    this.history.splice(0, this.history.length - 900);
    this.sendAll("delta", { atMs, totals: totals.figures, writers: this.writers(), rows, gone: this.gone ?? [], problems: this.problems(), feed: this.fresh ?? [] });
    this.gone = [];
    this.fresh = [];
    for (const tail of this.tails) this.sendTail(tail);
  }

  values(row) {
    return columns.map((column) => (typeof row[column] === "number" && /In|Out|refused/.test(column) ? Math.round(row[column] * 10) / 10 : row[column]));
  }

  problems() {
    return this.rows.filter((row) => row.status !== "ok").map((row) => `${row.topic}/${row.partition}: ${row.status}`);
  }

  totalsAt(atMs) {
    const sum = (field) => this.rows.reduce((total, row) => total + row[field], 0);
    const wave = 1 + 0.25 * Math.sin(atMs / 40_000) + 0.08 * this.random();
    const records = this.rows.reduce((total, row) => total + row.base, 0) * wave;
    return {
      atMs,
      figures: {
        recordsIn: records, bytesIn: records * 210, bytesOut: records * 420, refused: sum("refused"), duplicates: this.random() < 0.1 ? 1 : 0,
        parkedReaders: 14, residentBytes: 96 * 2 ** 20, diskFreeBytes: 312 * 2 ** 30, logBytes: sum("size"), streams: 42,
        syncMsP50: 0.4 + 0.2 * this.random(), syncMsP99: 1.1 + 1.5 * this.random() ** 4, groupBatches: 6 + 4 * this.random(),
        partitions: this.rows.length, offline: this.rows.filter((row) => row.status !== "ok").length,
      },
    };
  }

  writers() {
    return Array.from({ length: this.options.writers }, (_, number) => ({
      number, queueDepth: Math.floor(this.random() * 4), groups: 120 + 60 * this.random(), batchesPerGroup: 4 + 5 * this.random(), bytesPerGroup: 50_000 + 60_000 * this.random(),
      writeMsP50: 0.06, writeMsP99: 0.2, syncMsP50: 0.4 + 0.3 * this.random(), syncMsP99: 1 + 2 * this.random(), refused: 0,
      partitions: this.rows.filter((row) => row.writer === number).length,
    }));
  }

  cluster() {
    return {
      clusterId: "XcZbj9NNRI6yJ7dZ52W0sQ",
      brokers: [{ id: 1, address: "127.0.0.1:7420", version: "0.1.0", startedMs: String(this.startedMs), writerThreads: this.options.writers, logBytes: "0", diskFreeBytes: "83493068800", residentBytes: "30949376", dataDirectoryId: "YdF8OLy9RFW9ooI6nV12Lw" }],
      topicsCount: this.topics.size, partitionsCount: this.rows.length, offlinePartitionsCount: 0, problems: this.problems(),
    };
  }

  tell(level, text, topic, partition) {
    const line = { atMs: Date.now(), level, text, ...(topic === undefined ? {} : { topic }), ...(partition === undefined ? {} : { partition }) };
    this.feed.push(line);
    if (this.clients.size > 0) this.fresh = [...(this.fresh ?? []), line];
  }

  send(client, event, data) {
    client.write(`id: ${Date.now()}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  sendAll(event, data) {
    for (const client of this.clients) this.send(client, event, data);
  }

  sendTail({ response, topic, contains, key }) {
    const records = Array.from({ length: 3 }, () => this.record(topic, 0, this.tailOffset++)).filter(
      (record) => (record.value ?? "").includes(contains) && (record.key ?? "").includes(key),
    );
    this.send(response, "records", { records, dropped: 2 });
  }

  tailOffset = 9_000_000;

  record(topic, partition, offset) {
    const base = { topic, partition, offset: String(offset), timestamp: String(Date.now() - (this.tailOffset - offset)), leader_epoch: 3 };
    const header = { headers: [{ key: "traceparent", value: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" }, { key: "source", value: "checkout" }] };
    const hostile = this.options.hostile;
    if (hostile) return { ...base, key: hostile, value: JSON.stringify({ [hostile]: hostile }), value_bytes: 90, truncated: false, headers: [{ key: hostile, value: hostile }] };
    if (offset % 11 === 0) return { ...base, key: `order-${offset}`, value: null, value_bytes: 0, truncated: false, headers: [] };
    if (offset % 7 === 0) return { ...base, key: null, value_base64: Buffer.from([...Array(200).keys()]).toString("base64"), value_bytes: 200, truncated: false, headers: [] };
    const value = JSON.stringify({ order: offset, id: 12345678901234567890n.toString(), customer: `c-${offset % 97}`, state: ["placed", "paid", "shipped"][offset % 3], total: { amount: (offset % 500) + 0.99, currency: "EUR" }, items: [{ sku: "AX-1", n: 2 }, { sku: "BR-9", n: 1 }] });
    return { ...base, key: `order-${offset}`, value, value_bytes: value.length, truncated: false, ...header };
  }

  explanation(topic, partition, offset) {
    return {
      topic, partition, offset: String(offset),
      batch: {
        sender: { clientId: "checkout-7f9c", protocol: "grpc", peer: "ipv4:10.2.0.14:40122" }, receivedMs: String(Date.now() - 60_000), checkNs: "18400", queueNs: "212000", totalNs: "1184000",
        baseOffset: String(Math.max(0, offset - 4)), lastOffset: String(offset + 7), leaderEpoch: 3, bytes: "2310", producerId: "1041", producerEpoch: 0, baseSequence: 88120, expectedOffset: "-1", duplicates: 1,
        durability: "DURABILITY_FSYNC",
        group: { number: "81231", writerThread: 2, batches: 9, bytes: "48211", closed: "GROUP_CLOSED_QUEUE_EMPTY", writeNs: "96000", syncNs: "790000" },
        firstReadNs: "1310000", traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
      },
      lines: ["received  from client checkout-7f9c over grpc, ipv4:10.2.0.14:40122", "checked   in 18.4 us, then waited 212 us", "written   by writer 2 in group 81231 of 9 batches, closed because nothing else waited", "answered  1.18 ms after it was received, durability fsync"],
    };
  }

  refusals() {
    return {
      completeSinceMs: String(this.startedMs),
      refusals: Array.from({ length: 12 }, (_, i) => ({
        atMs: String(Date.now() - i * 7300), sender: { clientId: "billing", protocol: "grpc", peer: "ipv4:10.2.0.9:51022" }, code: i % 3 === 0 ? "OUT_OF_ORDER_SEQUENCE" : "UNEXPECTED_OFFSET",
        message: "the log ends at 10412, not at 10411", producerId: i % 2 ? "-1" : "77", producerEpoch: 0, baseSequence: 40 + i, expectedOffset: "10411", logEndOffset: "10412", records: 1, bytes: "311", queueNs: "40000", traceparent: "",
      })),
    };
  }

  config(entries) {
    return entries.map(([key, value, source, dynamic, description]) => ({ key, value, source, dynamic, description }));
  }

  topicConfig(name) {
    const own = this.topics.get(name)?.config ?? {};
    return this.config([
      ["retention.ms", own["retention.ms"] ?? "604800000", own["retention.ms"] ? "SOURCE_TOPIC" : "SOURCE_DEFAULT", true, "How long records are kept: a segment is deleted once its newest record is older. -1: for ever."],
      ["segment.bytes", "1073741824", "SOURCE_DEFAULT", true, "A segment file of this size is sealed and the next one started."],
      ["qalam.flush", own["qalam.flush"] ?? "fsync", own["qalam.flush"] ? "SOURCE_TOPIC" : "SOURCE_DEFAULT", true, "What an acknowledgement means. fsync: the record is on the disk."],
    ]);
  }

  brokerConfig() {
    return this.config([
      ["node.id", "1", "SOURCE_DEFAULT", false, "This node's number. A data directory belongs to the node that made it."],
      ["listeners", "127.0.0.1:7420", "SOURCE_BROKER", false, "Where gRPC clients connect, separated by commas; port 0 picks a free one."],
      ["log.retention.ms", "604800000", "SOURCE_DEFAULT", true, "Default of topics' retention.ms. How long records are kept."],
      ["log.segment.bytes", "1073741824", "SOURCE_DYNAMIC", true, "Default of topics' segment.bytes. A segment file of this size is sealed."],
      ["qalam.flush", "fsync", "SOURCE_DEFAULT", true, "Default of topics' qalam.flush. What an acknowledgement means."],
    ]);
  }

  records(query) {
    const topic = query.get("topic");
    const from = query.get("from") ?? "newest";
    const mine = this.rows.filter((row) => row.topic === topic && (query.get("partition") === null || row.partition === Number(query.get("partition"))));
    const skip = Number(query.get("page_token") ?? 0);
    const limit = Number(query.get("limit") ?? 50);
    const found = [];
    for (let i = skip; i < skip + limit; i++) {
      const row = mine[i % mine.length];
      if (!row) break;
      const offset = from === "newest" ? row.high - 1 - Math.floor(i / mine.length) : from.startsWith("offset:") ? Number(from.slice(7)) + i : row.start + Math.floor(i / mine.length);
      const record = this.record(topic, row.partition, offset);
      if ((record.value ?? "").includes(query.get("contains") ?? "") && (record.key ?? "").includes(query.get("key") ?? "")) found.push(record);
    }
    return { records: found, nextPageToken: String(skip + limit), scanned: limit, complete: true, problems: [] };
  }

  answer(method, path, query, body) {
    const parts = path.split("/").map(decodeURIComponent);
    if (method !== "GET") return this.change(method, parts, query, body);
    switch (path) {
      case "/api/v1/session": return { mode: this.options.mode, version: "0.1.0", nodeId: 1, startedMs: String(this.startedMs), console: true };
      case "/api/v1/cluster": return this.cluster();
      case "/api/v1/topics": return { topics: [...this.topics.values()], nextPageToken: "" };
      case "/api/v1/config": return { config: this.brokerConfig() };
      case "/api/v1/records": return this.records(query);
      case "/api/v1/refusals": return this.refusals();
      case "/api/v1/explain": return this.explanation(query.get("topic"), Number(query.get("partition")), Number(query.get("offset")));
      case "/api/v1/streams": return { streams: Array.from({ length: 42 }, (_, i) => ({ kind: i % 3 ? "produce" : "tail", topic: names[i % 6], partition: i % 4, clientId: `checkout-${i % 5}`, protocol: "grpc", peer: `ipv4:10.2.0.${i}:40122`, openedMs: String(this.startedMs + i * 1e6) })), count: "42" };
      case "/api/v1/figures": return this.figures();
      case "/api/v1/history": {
        const keys = Object.keys(this.history[0].figures);
        return { stepMs: 1000, columns: ["atMs", ...keys], rows: this.history.map((each) => [each.atMs, ...keys.map((key) => each.figures[key])]) };
      }
    }
    if (parts[3] === "topics" && parts.length === 5 && this.topics.has(parts[4])) return { topic: this.topics.get(parts[4]), partitions: [], config: this.topicConfig(parts[4]) };
    if (parts[3] === "topics" && parts[7] === "epochs") {
      const row = this.rows.find((each) => each.topic === parts[4] && each.partition === Number(parts[6]));
      return { epochs: Array.from({ length: row?.epoch ?? 0 }, (_, i) => ({ epoch: row.epoch - i, startOffset: String(Math.floor((row.high * (row.epoch - i - 1)) / row.epoch)) })) };
    }
    if (parts[3] === "records" && parts.length === 7) return { record: this.record(parts[4], Number(parts[5]), Number(parts[6])) };
    return null;
  }

  figures() {
    const histogram = (counts) => ({ bounds: [0.0001, 0.001, 0.01], counts: counts.map(String), sum: 1 });
    return {
      atMs: String(Date.now()), parkedReaders: "3", residentBytes: String(2 ** 26), diskFreeBytes: String(2 ** 36),
      writers: this.writers().map(({ number, queueDepth }) => ({ number, queueDepth: String(queueDepth), groupBatches: histogram([1, 5, 1, 0]), groupBytes: histogram([1, 5, 1, 0]), writeSeconds: histogram([4, 2, 1, 0]), syncSeconds: histogram([1, 5, 1, 0]), refused: {} })),
      partitions: this.rows.map((row) => ({ topic: row.topic, partition: row.partition, records: String(row.high), bytes: String(row.size), batches: "1", duplicates: "0", refused: "0", fetchedBytes: "0", logStartOffset: String(row.start), highWatermark: String(row.high), sizeBytes: String(row.size), offline: row.status !== "ok", writerThread: row.writer, leaderEpoch: row.epoch })),
    };
  }

  change(method, parts, query, body) {
    this.changes.push({ method, path: parts.join("/"), query: query.toString(), body });
    const dry = body?.validateOnly === true || query.get("validate_only") === "true";
    if (method === "POST" && parts.length === 4) {
      const topic = { name: body.name, topicId: "", partitionsCount: body.partitionsCount || 1, replicationFactor: 1, config: body.config ?? {} };
      if (!dry) this.addTopic(topic);
      return { topic };
    }
    if (method === "DELETE") {
      if (!dry) this.removeTopic(parts[4]);
      return {};
    }
    if (parts.at(-1) === "trim") return { logStartOffset: body.beforeOffset };
    if (method === "PATCH") {
      const entries = parts[3] === "config" ? this.brokerConfig() : this.topicConfig(parts[4]);
      for (const entry of entries) if (body.set?.[entry.key] !== undefined) Object.assign(entry, { value: body.set[entry.key], source: "SOURCE_TOPIC" });
      return { config: entries };
    }
    return null;
  }

  addTopic(topic) {
    this.topics.set(topic.name, topic);
    for (let partition = 0; partition < topic.partitionsCount; partition++) {
      const row = { topic: topic.name, partition, leader: 1, epoch: 0, writer: partition % this.options.writers, start: 0, high: 0, size: 0, base: 1e-9, recordsIn: 0, bytesIn: 0, bytesOut: 0, refused: 0, status: "ok" };
      this.rows.push(row);
    }
    this.tell("info", `topic ${topic.name} made`, topic.name);
  }

  removeTopic(name) {
    this.gone = this.rows.filter((row) => row.topic === name).map((row) => [row.topic, row.partition]);
    this.rows = this.rows.filter((row) => row.topic !== name);
    this.topics.delete(name);
  }

  serve(request, response) {
    const { pathname, searchParams } = new URL(request.url, "http://localhost");
    const json = (status, value) => {
      response.writeHead(status, { "Content-Type": "application/json", "Cache-Control": "no-store" });
      response.end(JSON.stringify(value));
    };
    if (pathname === "/events" || pathname === "/events/records") {
      if (this.eventsRefused) return json(503, {});
      response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
      response.write("retry: 1000\n\n");
      const tail = { response, topic: searchParams.get("topic"), contains: searchParams.get("contains") ?? "", key: searchParams.get("key") ?? "" };
      if (pathname === "/events") {
        this.clients.add(response);
        this.send(response, "snapshot", { atMs: Date.now(), intervalMs: 1000, cluster: this.cluster(), totals: this.totalsAt(Date.now()).figures, writers: this.writers(), columns, rows: this.rows.map((row) => this.values(row)), feed: this.feed });
      } else {
        this.tails.add(tail);
      }
      request.on("close", () => {
        this.clients.delete(response);
        this.tails.delete(tail);
      });
      return undefined;
    }
    if (pathname.startsWith("/api/")) return this.serveApi(request, pathname, searchParams, json);
    return this.serveFile(pathname, response);
  }

  serveApi(request, pathname, searchParams, json) {
    let text = "";
    request.on("data", (part) => {
      text += part;
    });
    request.on("end", () => {
      const refuse = (status, reason, message) => json(status, { error: { reason, message, hint: "", details: {} } });
      if (request.method !== "GET" && this.options.mode !== "operator") return refuse(403, "PERMISSION_DENIED", "this console is read-only");
      if (request.method !== "GET" && request.headers["x-qalam-request"] !== "1") return refuse(403, "PERMISSION_DENIED", "no X-Qalam-Request");
      const answer = this.answer(request.method, pathname, searchParams, text === "" ? undefined : JSON.parse(text));
      return answer === null ? refuse(404, "NOT_FOUND", `nothing at ${pathname}`) : json(200, answer);
    });
  }

  serveFile(pathname, response) {
    const file = join(dist, normalize(pathname === "/" ? "/index.html" : pathname));
    try {
      const data = readFileSync(file);
      response.writeHead(200, { "Content-Type": types[extname(file)] ?? "application/octet-stream", "Content-Security-Policy": policy });
      response.end(data);
    } catch {
      response.writeHead(404);
      response.end();
    }
  }

  async start(port = 0) {
    this.server = createServer((request, response) => this.serve(request, response));
    await new Promise((done) => this.server.listen(port, "127.0.0.1", done));
    this.port = this.server.address().port;
    this.address = `http://127.0.0.1:${this.port}/`;
    this.timer = setInterval(() => this.step(), 1000);
    return this;
  }

  async stop() {
    clearInterval(this.timer);
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const argument = (name) => (process.argv.includes(`--${name}`) ? process.argv[process.argv.indexOf(`--${name}`) + 1] : undefined);
  const options = Object.fromEntries(["topics", "partitions", "writers"].filter(argument).map((name) => [name, Number(argument(name))]));
  if (process.argv.includes("--read-only")) options.mode = "read-only";
  if (argument("offline")) options.offline = argument("offline").split(",");
  if (process.argv.includes("--refusing")) options.refusing = true;
  const broker = await new MockBroker(options).start(Number(argument("port") ?? 0));
  broker.tell("info", "orders/3: epoch 9, leader 1, 180 ms without one", "orders", 3);
  broker.tell("warning", "payments/1: 41 batches refused: OUT_OF_ORDER_SEQUENCE", "payments", 1);
  broker.tell("info", "topic clicks: retention.ms 604800000 → 86400000", "clicks");
  console.log(broker.address);
}
