import { count, zoneName } from "../../format";
import { rows } from "../../live/store";
import { setQuery } from "../../router";
import { Glyph } from "../../ui/icons";

export type From = "newest" | "oldest" | "offset" | "time";

interface ControlsProps {
  topic: string;
  from: From;
  at: string;
  partition: string;
  contains: string;
  key: string;
  live: boolean;
  paused: boolean;
  tailState: string;
  waiting: number;
  onPause: () => void;
  onAgain: () => void;
  onDownload: (() => void) | null;
  error: string | null;
}

export function Controls(props: ControlsProps) {
  const { from, live, paused } = props;
  const partitions = rows.all.filter((row) => row.now.topic === props.topic).map((row) => row.now.partition);
  return (
    <form
      class="toolbar"
      onSubmit={(event) => {
        event.preventDefault();
        const form = new FormData(event.currentTarget);
        setQuery({
          at: String(form.get("at") ?? "") || undefined,
          contains: String(form.get("word") ?? "") || undefined,
          key: String(form.get("key") ?? "") || undefined,
          open: undefined,
        });
        props.onAgain();
      }}
    >
      <label class="inline-field">
        From
        <select
          value={live ? "live" : from}
          onChange={(event) => {
            const next = event.currentTarget.value;
            setQuery({
              live: next === "live" ? "1" : undefined,
              from: next === "live" || next === "newest" ? undefined : next,
              at: undefined,
              open: undefined,
            });
          }}
        >
          <option value="newest">newest</option>
          <option value="oldest">oldest</option>
          <option value="offset">offset</option>
          <option value="time">time</option>
          <option value="live">now on (live)</option>
        </select>
      </label>
      {(from === "offset" || from === "time") && !live && (
        <input
          key={from}
          type="text"
          name="at"
          class="at"
          aria-label={from === "offset" ? "Offset" : `Time in ${zoneName()}`}
          aria-invalid={props.error !== null}
          title={props.error ?? undefined}
          placeholder={from === "offset" ? "offset" : "2026-11-29 10:53 or -15m"}
          defaultValue={props.at}
          autocomplete="off"
        />
      )}
      <label class="inline-field">
        Partition
        <select
          value={props.partition}
          onChange={(event) => setQuery({ p: event.currentTarget.value || undefined, open: undefined })}
        >
          <option value="">all</option>
          {partitions.map((partition) => (
            <option key={partition} value={String(partition)}>
              {partition}
            </option>
          ))}
        </select>
      </label>
      <input
        type="search"
        name="word"
        aria-label="Value contains"
        placeholder="Value contains…"
        defaultValue={props.contains}
      />
      <input
        type="text"
        name="key"
        class="key"
        aria-label="Key contains"
        placeholder="Key…"
        defaultValue={props.key}
        autocomplete="off"
      />
      <button type="submit" class="button">
        {live ? "Apply" : "Look"}
      </button>
      {props.error !== null && <span class="error">{props.error}</span>}
      <span class="spacer" />
      {live ? (
        <>
          <span class={`badge ${paused ? "warning" : props.tailState === "open" ? "ok" : ""}`}>
            {paused
              ? "❚❚ paused"
              : props.tailState === "open"
                ? "● following"
                : props.tailState === "lost"
                  ? "✕ no connection"
                  : "◌ connecting"}
          </span>
          <button type="button" class="button" aria-pressed={paused} onClick={props.onPause}>
            <Glyph name={paused ? "play" : "pause"} />{" "}
            {paused ? `Go on${props.waiting > 0 ? ` (${count(props.waiting)} new)` : ""}` : "Pause"}
          </button>
          <button type="button" class="button" onClick={() => setQuery({ live: undefined, open: undefined })}>
            Stop
          </button>
        </>
      ) : (
        <button type="button" class="button" onClick={() => setQuery({ live: "1", open: undefined })}>
          <Glyph name="play" /> Live tail
        </button>
      )}
      <button type="button" class="button" disabled={props.onDownload === null} onClick={() => props.onDownload?.()}>
        <Glyph name="download" /> NDJSON
      </button>
    </form>
  );
}
