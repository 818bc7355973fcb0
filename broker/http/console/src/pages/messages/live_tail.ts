// New records as they are written: a stream of its own, open only while somebody looks.
import { useEffect, useRef, useState } from "preact/hooks";
import { url } from "../../api/client";
import type { LogRecord, TailEvent } from "../../api/types";
import { EventStream } from "../../live/event_stream";

const keptMax = 1000;
export const tailRate = 50; // Records a second that the broker sends at most.

export interface Tail {
  records: LogRecord[];
  /** Came while paused. */
  waiting: number;
  /** Not sent by the broker (too many a second), or more than a page keeps while paused. */
  dropped: number;
  state: "connecting" | "open" | "lost" | "hidden";
  /** Why it ended, or why a partition can't be followed. */
  why: string;
}

/** What came in one event, of several partitions, in order of time. */
const inOrder = (records: LogRecord[]): LogRecord[] =>
  [...records].sort((a, b) => Number(a.timestamp) - Number(b.timestamp));

const nothing: Tail = { records: [], waiting: 0, dropped: 0, state: "connecting", why: "" };

export interface TailFilter {
  topic: string;
  partition: string;
  contains: string;
  key: string;
}

/** An error as the API writes it. */
function reasonOf(error: unknown): string {
  const told = (error as { error?: { message?: string }; message?: string } | null) ?? {};
  return told.error?.message ?? told.message ?? "the broker ended the tail";
}

/** null: not tailing. The newest record comes first. */
export function useTail(filter: TailFilter | null, paused: boolean): Tail {
  const [tail, setTail] = useState<Tail>(nothing);
  const held = useRef<LogRecord[]>([]);
  const isPaused = useRef(paused);
  isPaused.current = paused;
  const id = filter === null ? "" : JSON.stringify(filter);

  useEffect(() => {
    if (paused || held.current.length === 0) return;
    const newer = held.current;
    held.current = [];
    setTail((old) => ({ ...old, waiting: 0, records: [...newer.reverse(), ...old.records].slice(0, keptMax) }));
  }, [paused]);

  useEffect(() => {
    if (id === "") return undefined;
    const wanted = JSON.parse(id) as TailFilter;
    setTail(nothing);
    held.current = [];
    let stream: EventStream | null = null;

    const take = (event: TailEvent) => {
      if (isPaused.current) {
        const all = [...held.current, ...inOrder(event.records)];
        held.current = all.slice(-keptMax);
        const lost = all.length - held.current.length + event.dropped;
        setTail((old) => ({ ...old, waiting: held.current.length, dropped: old.dropped + lost }));
        return;
      }
      setTail((old) => ({
        ...old,
        state: "open",
        dropped: old.dropped + event.dropped,
        records: [...inOrder(event.records).reverse(), ...old.records].slice(0, keptMax),
      }));
    };

    const look = () => {
      if (document.visibilityState === "hidden") {
        stream?.close();
        stream = null;
        setTail((old) => ({ ...old, state: "hidden" }));
        return;
      }
      if (stream) return;
      const address = url("events/records", {
        topic: wanted.topic,
        partition: wanted.partition,
        contains: wanted.contains,
        key: wanted.key,
        rate: tailRate,
      });
      stream = new EventStream(
        address,
        {
          events: {
            records: take,
            end: (why: unknown) => setTail((old) => ({ ...old, why: typeof why === "string" ? why : reasonOf(why) })),
          },
          opened: () => setTail((old) => ({ ...old, state: "open" })),
          lost: () => setTail((old) => ({ ...old, state: "lost" })),
        },
        true,
      );
    };
    look();
    document.addEventListener("visibilitychange", look);
    return () => {
      document.removeEventListener("visibilitychange", look);
      stream?.close();
    };
  }, [id]);
  return tail;
}
