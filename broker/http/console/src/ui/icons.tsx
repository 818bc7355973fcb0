// Small line icons, and the shapes that say how something is: never by colour alone.
import type { ComponentChildren } from "preact";

function Icon({ children, className = "" }: { children: ComponentChildren; className?: string }) {
  return (
    <svg
      class={`icon ${className}`}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      stroke-width="1.5"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      {children}
    </svg>
  );
}

const paths = {
  overview: "M2 9.5 5 6l3 3 5.5-6M2 13.5h12",
  leaders: "M2 3h12M2 8h12M2 13h12M5.5 1.5v13M10.5 1.5v13",
  topics: "M2 4.2 8 1.5l6 2.7L8 7zM2 8l6 2.8L14 8M2 11.8l6 2.7 6-2.7",
  messages: "M2 3h12v8H7l-3 2.5V11H2zM5 6h6M5 8.2h4",
  brokers: "M2 2.5h12v4.5H2zM2 9h12v4.5H2zM4.5 4.8h.01M4.5 11.2h.01",
  story: "M4 2v12M4 4.5h6M4 8h9M4 11.5h4",
  settings:
    "M2 4.5h7M12 4.5h2M2 11.5h2M7 11.5h7M9 4.5a1.5 1.5 0 1 0 3 0 1.5 1.5 0 1 0-3 0M4 11.5a1.5 1.5 0 1 0 3 0 1.5 1.5 0 1 0-3 0",
  search: "M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9M10.5 10.5 14 14",
  copy: "M5.5 5.5h8v8h-8zM3 10.5h-.5v-8h8V3",
  close: "M3.5 3.5l9 9M12.5 3.5l-9 9",
  pause: "M5.5 3v10M10.5 3v10",
  play: "M4.5 2.8v10.4L13 8z",
  download: "M8 2v8M4.8 7 8 10.2 11.2 7M2.5 13.5h11",
  link: "M6.5 9.5l3-3M7 4.5 8.8 2.7a3 3 0 0 1 4.3 4.3L11.3 9M9 11.5l-1.8 1.8a3 3 0 0 1-4.3-4.3L4.7 7",
  back: "M9.5 3.5 5 8l4.5 4.5",
  forward: "M6.5 3.5 11 8l-4.5 4.5",
  edit: "M10.5 2.8 13.2 5.5 5.5 13.2l-3.2.5.5-3.2z",
  plus: "M8 3v10M3 8h10",
  trash: "M2.5 4h11M6 4V2.5h4V4M4 4l.7 9.5h6.6L12 4",
  sun: "M8 5a3 3 0 1 1 0 6 3 3 0 0 1 0-6M8 1.2v1.2M8 13.6v1.2M1.2 8h1.2M13.6 8h1.2M3.2 3.2l.8.8M12 12l.8.8M12.8 3.2l-.8.8M4 12l-.8.8",
  moon: "M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7z",
} as const;

export type IconName = keyof typeof paths;

export function Glyph({ name }: { name: IconName }) {
  return (
    <Icon>
      <path d={paths[name]} />
    </Icon>
  );
}

export type State = "ok" | "warning" | "error" | "info" | "unknown";

const marks: Record<State, string> = { ok: "✓", warning: "▲", error: "✕", info: "•", unknown: "◌" };

/** The same as one character, for the rows of long lists. */
export function StateMark({ state, text }: { state: State; text: string }) {
  return (
    <span class={`state-mark ${state}`} role="img" aria-label={text} title={text}>
      {marks[state]}
    </span>
  );
}

/** A disc with a tick, a triangle, a crossed octagon, a dashed ring. */
export function StateShape({ state }: { state: State }) {
  switch (state) {
    case "ok":
      return (
        <Icon className="ok">
          <circle cx="8" cy="8" r="6.2" fill="currentColor" stroke="none" />
          <path d="M5.2 8.2 7.2 10.2 11 6.2" stroke="var(--surface)" />
        </Icon>
      );
    case "warning":
      return (
        <Icon className="warning">
          <path d="M8 1.8 15 14H1z" fill="currentColor" stroke="none" />
          <path d="M8 6.2v3.6M8 12h.01" stroke="var(--surface)" />
        </Icon>
      );
    case "error":
      return (
        <Icon className="error">
          <path d="M5.3 1.5h5.4l3.8 3.8v5.4l-3.8 3.8H5.3l-3.8-3.8V5.3z" fill="currentColor" stroke="none" />
          <path d="M5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4" stroke="var(--surface)" />
        </Icon>
      );
    case "info":
      return (
        <Icon className="muted">
          <circle cx="8" cy="8" r="2.6" fill="currentColor" stroke="none" />
        </Icon>
      );
    default:
      return (
        <Icon className="muted">
          <circle cx="8" cy="8" r="5.5" stroke-dasharray="2 2.3" />
        </Icon>
      );
  }
}
