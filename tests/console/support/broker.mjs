// A real qalamd on a temporary directory, and the qalam command against it. Programs come from QALAM_TEST_BIN.
import { execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = new URL("../../../", import.meta.url).pathname;
const built = process.env.QALAM_TEST_BIN ?? join(root, "build/release");

export function program(name) {
  const found = [name, `client/cli/${name}`, `broker/node/${name}`, `bin/${name}`].map((each) => join(built, each)).find(existsSync);
  if (!found) throw new Error(`no ${name} below ${built}; set QALAM_TEST_BIN to the build directory`);
  return found;
}

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Waits until `ask` answers something true; returns it. */
export async function until(what, ask, timeoutMs = 10_000) {
  const begun = Date.now();
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() - begun > timeoutMs) throw new Error(`not in ${timeoutMs} ms: ${what}`);
    await sleep(20);
  }
}

export class Broker {
  #process = null;
  #settings;
  #ports = null;

  constructor(settings = []) {
    this.#settings = settings;
    this.directory = mkdtempSync(join(process.env.QALAM_TEST_TMP ?? "/var/tmp", "qalam-console-"));
  }

  get http() {
    return `http://127.0.0.1:${this.#ports.http}/`;
  }

  get pid() {
    return this.#process.pid;
  }

  /** After the first time on the same ports again, as a broker that comes back. */
  async start() {
    const portFile = join(this.directory, "ports");
    rmSync(portFile, { force: true });
    const { grpc = 0, http = 0 } = this.#ports ?? {};
    const settings = [`qalam.http.listeners=127.0.0.1:${http}`, ...this.#settings];
    if (process.env.QALAM_CONSOLE_DIR) settings.push(`qalam.http.console.dir=${process.env.QALAM_CONSOLE_DIR}`);
    const log = openSync(join(this.directory, "log"), "a");
    this.#process = spawn(
      program("qalamd"),
      ["--data-dir", join(this.directory, "data"), "--listen", `127.0.0.1:${grpc}`, "--port-file", portFile, ...settings.flatMap((each) => ["--set", each])],
      { stdio: ["ignore", log, log] },
    );
    await until("the broker is ready", () => {
      if (this.#process.exitCode !== null) throw new Error(`qalamd ended with ${this.#process.exitCode}:\n${this.log()}`);
      return existsSync(portFile);
    }, 60_000);
    const text = readFileSync(portFile, "utf8");
    this.#ports = Object.fromEntries([...text.matchAll(/(\w+)=\S*:(\d+)/g)].map(([, name, port]) => [name, Number(port)]));
    return this;
  }

  log() {
    return readFileSync(join(this.directory, "log"), "utf8").split("\n").slice(-30).join("\n");
  }

  async #end(signal) {
    if (!this.#process || this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = new Promise((done) => this.#process.once("exit", done));
    this.#process.kill(signal);
    await ended;
  }

  kill() {
    return this.#end("SIGKILL");
  }

  async stop() {
    await this.#end("SIGTERM");
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** The command; `input` goes to its stdin. */
  async qalam(words, input = "") {
    const promise = run(program("qalam"), ["-b", `127.0.0.1:${this.#ports.grpc}`, ...words], { maxBuffer: 1 << 26 });
    promise.child.stdin.end(input);
    return (await promise).stdout;
  }

  /** A command that goes on until its `kill` is called. */
  start_qalam(words) {
    return spawn(program("qalam"), ["-b", `127.0.0.1:${this.#ports.grpc}`, ...words], { stdio: ["pipe", "ignore", "inherit"] });
  }

  async get(path) {
    return (await fetch(this.http + path)).json();
  }
}
