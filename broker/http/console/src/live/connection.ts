// Keeps live/store.ts up to date. Browsers allow six HTTP/1.1 connections to a host, so of all tabs on this broker one,
// the holder of a lock, has the connection, and tells the others over a BroadcastChannel. Where the browser has no locks
// (plain HTTP to another host) every tab has its own.
import { get } from "../api/client";
import type { Delta, Session, Snapshot } from "../api/types";
import { EventStream } from "./event_stream";
import { loadRecent } from "./history";
import { Polling } from "./polling";
import { applyDelta, applySnapshot, arrivedAt, currentSnapshot, feed, type Link, link, session } from "./store";

type Shared =
  | { kind: "hello" }
  | { kind: "snapshot"; event: Snapshot; link: Link }
  | { kind: "delta"; event: Delta }
  | { kind: "link"; link: Link };

const place = location.pathname.replace(/[^/]*$/, "");
const channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(`qalam${place}`);
const pollAfterMs = 8000;

let leading = false;
let polling: Polling | null = null;
let lostAt = 0;

function tell(message: Shared): void {
  if (leading) channel?.postMessage(message);
}

function setLink(next: Link): void {
  if (link.value === next) return;
  const before = link.value;
  link.value = next;
  tell({ kind: "link", link: next });
  if (next === "live" && before !== "live") void refreshSession();
}

async function refreshSession(): Promise<void> {
  try {
    session.value = await get<Session>("api/v1/session");
    await loadRecent();
  } catch {
    // The next connection asks again.
  }
}

function stopPolling(): void {
  polling?.close();
  polling = null;
}

function startPolling(): void {
  polling ??= new Polling(
    (snapshot) => {
      const event = { ...snapshot, feed: feed.value };
      applySnapshot(event);
      setLink("polling");
      tell({ kind: "snapshot", event, link: "polling" });
    },
    () => setLink("lost"),
  );
}

function lead(): void {
  leading = true;
  new EventStream("events", {
    events: {
      snapshot: (event: Snapshot) => {
        lostAt = 0;
        stopPolling();
        applySnapshot(event);
        setLink("live");
        tell({ kind: "snapshot", event, link: "live" });
      },
      delta: (event: Delta) => {
        lostAt = 0;
        stopPolling();
        applyDelta(event);
        setLink("live");
        tell({ kind: "delta", event });
      },
      // We were too slow and missed something: a fresh snapshot follows.
      resync: () => undefined,
    },
    lost: () => {
      lostAt ||= Date.now();
      if (polling === null) setLink("lost");
    },
  });
  setInterval(() => {
    // Events don't come: maybe answers do.
    if (lostAt > 0 && Date.now() - lostAt > pollAfterMs) startPolling();
  }, 1000);
}

function follow(message: Shared): void {
  switch (message.kind) {
    case "hello": {
      const event = currentSnapshot();
      if (leading && event) tell({ kind: "snapshot", event, link: link.value });
      break;
    }
    case "snapshot":
      if (leading) break;
      applySnapshot(message.event);
      setLink(message.link);
      break;
    case "delta":
      if (leading || arrivedAt.value === 0) break; // A delta before the snapshot says nothing.
      applyDelta(message.event);
      break;
    case "link":
      if (!leading) setLink(message.link);
      break;
  }
}

export function connect(): void {
  channel?.addEventListener("message", (event: MessageEvent<Shared>) => follow(event.data));
  void refreshSession();
  if (!channel || !navigator.locks) {
    lead();
    return;
  }
  channel.postMessage({ kind: "hello" } satisfies Shared);
  void navigator.locks.request(`qalam${place}`, () => {
    lead();
    return new Promise<never>(() => undefined); // Held until the tab goes.
  });
}
