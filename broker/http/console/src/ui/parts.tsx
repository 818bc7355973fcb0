// The small parts that every page uses.
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ApiError } from "../api/client";
import { Glyph, StateShape } from "./icons";

export function Failure({ error }: { error: unknown }) {
  const known = error instanceof ApiError;
  return (
    <div class="failure" role="alert">
      <StateShape state="error" />
      <div>
        <strong>{error instanceof Error ? error.message : String(error)}</strong>
        {known && error.hint !== "" && <span>{error.hint}</span>}
        {known && <span class="mono muted">{error.reason}</span>}
      </div>
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** What was said last at the bottom of the page: "Copied", "Topic made". */
export const notice = signal("");
let noticeTimer: ReturnType<typeof setTimeout> | undefined;

export function say(text: string): void {
  notice.value = text;
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => {
    notice.value = "";
  }, 4000);
}

export async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    say("Copied");
  } catch {
    say("This browser does not let the page copy");
  }
}

export function Copy({ text, what }: { text: string; what: string }) {
  return (
    <button
      type="button"
      class="button quiet small"
      aria-label={`Copy ${what}`}
      title={`Copy ${what}`}
      onClick={() => void copy(text)}
    >
      <Glyph name="copy" />
    </button>
  );
}

/** A command to take to a terminal. */
export function Command({ text }: { text: string }) {
  return (
    <div class="command">
      <code>{text}</code>
      <Copy text={text} what="command" />
    </div>
  );
}

export interface Tab {
  id: string;
  title: string;
  href: string;
}

export function Tabs({ tabs, current, label }: { tabs: Tab[]; current: string; label: string }) {
  return (
    <nav class="tabs" aria-label={label}>
      {tabs.map((tab) => (
        <a key={tab.id} href={tab.href} aria-current={tab.id === current ? "page" : undefined}>
          {tab.title}
        </a>
      ))}
    </nav>
  );
}

export interface Choice<T extends string> {
  id: T;
  title: string;
}

export function Segmented<T extends string>(props: {
  label: string;
  choices: Choice<T>[];
  current: T;
  onChoose: (id: T) => void;
}) {
  return (
    <fieldset class="segmented bare">
      <legend class="hidden-text">{props.label}</legend>
      {props.choices.map((choice) => (
        <button
          key={choice.id}
          type="button"
          class="button"
          aria-pressed={choice.id === props.current}
          onClick={() => props.onChoose(choice.id)}
        >
          {choice.title}
        </button>
      ))}
    </fieldset>
  );
}

export interface Loaded<T> {
  value: T | null;
  error: unknown;
  again: () => void;
}

/** Loads when `key` changes; keeps the old value while the new one is on its way, if it is for the same thing. */
export function useLoaded<T>(key: string, load: (signal: AbortSignal) => Promise<T>): Loaded<T> {
  const [state, setState] = useState<{ key: string; value: T | null; error: unknown }>({
    key: "",
    value: null,
    error: null,
  });
  const [turn, setTurn] = useState(0);
  // `key` stands for what `load` depends on.
  useEffect(() => {
    const abort = new AbortController();
    load(abort.signal).then(
      (value) => {
        if (!abort.signal.aborted) setState({ key, value, error: null });
      },
      (error) => {
        if (!abort.signal.aborted) setState((old) => ({ key, value: old.key === key ? old.value : null, error }));
      },
    );
    return () => abort.abort();
  }, [key, turn]);
  return {
    value: state.key === key ? state.value : null,
    error: state.key === key ? state.error : null,
    again: () => setTurn((n) => n + 1),
  };
}
