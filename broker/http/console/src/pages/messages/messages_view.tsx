// Records of a topic: looked up from either end, an offset or a time, filtered, or followed as they come.

import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import type { LogRecord } from "../../api/types";
import { count, plural, short } from "../../format";
import { preferences } from "../../preferences";
import { recordId } from "../../records";
import { route, setQuery } from "../../router";
import { listenPause } from "../../ui/keys";
import { List } from "../../ui/list";
import { Empty, Failure } from "../../ui/parts";
import { parseTime } from "../../zone_time";
import { Controls, type From } from "./controls";
import { download } from "./download";
import { tailRate, useTail } from "./live_tail";
import { columnsOf } from "./message_columns";
import { RecordPanel } from "./record_panel";
import { type RecordQuery, useRecords } from "./record_search";

/** What the broker is asked for; an Error for what can't be understood; null while something is missing. */
function fromOf(from: From, at: string): string | Error | null {
  if (from === "newest" || from === "oldest") return from;
  if (at.trim() === "") return null;
  if (from === "offset") return /^\d+$/.test(at.trim()) ? `offset:${at.trim()}` : new Error("An offset is a number.");
  const ms = parseTime(at, preferences.zone.value, Date.now());
  return ms === null
    ? new Error("A time is 2026-11-29 10:53, with or without seconds, or how long ago: -15m.")
    : `time:${ms}`;
}

export function MessagesView({ topic }: { topic: string }) {
  const { query } = route.value;
  const from = (query.from ?? "newest") as From;
  const at = query.at ?? "";
  const partition = query.p ?? "";
  const contains = query.contains ?? "";
  const key = query.key ?? "";
  const live = query.live === "1";
  const [turn, setTurn] = useState(0);
  const [paused, setPaused] = useState(false);

  const start = useMemo(() => fromOf(from, at), [from, at, turn]);
  const wanted: RecordQuery | null =
    live || typeof start !== "string" ? null : { topic, partition, from: start, contains, key };
  const found = useRecords(wanted, turn);
  const tail = useTail(live ? { topic, partition, contains, key } : null, paused);
  const records = live ? tail.records : found.records;

  const columns = useMemo(() => columnsOf(topic), [topic, preferences.zone.value]);
  const close = useCallback(() => setQuery({ open: undefined }), []);
  const open = query.open;
  const opened = /^(\d+)@(\d+)$/.exec(open ?? "");

  useEffect(() => listenPause(() => live && setPaused((old) => !old)), [live]);
  useEffect(() => {
    if (!live) setPaused(false);
  }, [live]);

  const openRecord = (record: LogRecord) => {
    if (live) setPaused(true); // So that it stays where it is.
    setQuery({ open: recordId(record) });
  };

  return (
    <>
      <Controls
        topic={topic}
        {...{ from, at, partition, contains, key, live, paused }}
        tailState={tail.state}
        waiting={tail.waiting}
        onPause={() => setPaused(!paused)}
        onAgain={() => setTurn(turn + 1)}
        onDownload={records.length === 0 ? null : () => void download(topic, records)}
        error={start instanceof Error ? start.message : null}
      />
      {found.error !== null && !live && <Failure error={found.error} />}
      {(live ? [tail.why] : found.problems)
        .filter((problem) => problem !== "")
        .map((problem) => (
          <Failure key={problem} error={problem} />
        ))}
      <div class="beside">
        <List
          label={`Records of ${topic}`}
          columns={columns}
          items={records}
          id={recordId}
          {...(open === undefined ? {} : { current: open })}
          onOpen={openRecord}
          onReach={(record) => open !== undefined && openRecord(record)}
          empty={
            <Nothing
              live={live}
              busy={found.busy}
              waits={start === null}
              filtered={contains !== "" || key !== ""}
              tailing={tail.state}
            />
          }
        />
        {opened && (
          <RecordPanel
            topic={topic}
            partition={Number(opened[1])}
            offset={opened[2] ?? ""}
            listed={records.find((record) => recordId(record) === open)}
            onClose={close}
          />
        )}
      </div>
      <p class="foot muted">
        {live ? (
          <>
            <span>
              {plural(records.length, "record")} shown, newest first, at most {tailRate} a second
            </span>
            {tail.dropped > 0 && <span class="badge warning">▲ dropped {count(tail.dropped)}</span>}
          </>
        ) : (
          <>
            <span>
              {plural(records.length, "record")} of {short(found.scanned)} looked at
              {from === "newest" ? ", newest first" : ", oldest first"}
              {found.busy ? " …" : ""}
            </span>
            {!found.busy && !found.complete && records.length + found.scanned > 0 && (
              <button type="button" class="button small" onClick={found.more}>
                {from === "newest" ? "Older" : "Newer"}
              </button>
            )}
          </>
        )}
      </p>
    </>
  );
}

function Nothing(props: { live: boolean; busy: boolean; waits: boolean; filtered: boolean; tailing: string }) {
  if (props.live) {
    return (
      <Empty title={props.tailing === "lost" ? "No connection" : "Waiting for records"}>
        <p>
          {props.filtered
            ? "Those that match the filter appear here as they are written."
            : "They appear here as they are written."}
        </p>
      </Empty>
    );
  }
  if (props.waits) return <Empty title="From where?">Enter an offset or a time, then Look.</Empty>;
  if (props.busy) return <Empty title="Reading…" />;
  return <Empty title={props.filtered ? "Nothing found so far" : "No records here"} />;
}
