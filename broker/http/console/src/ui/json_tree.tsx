// JSON as a tree that opens. Only text nodes are made of what a record says.
import { useState } from "preact/hooks";
import { plural } from "../format";
import { ExactNumber, type Json } from "../records";

const childrenFirst = 200;

function Scalar({ value }: { value: Json }) {
  if (value === null) return <span class="json-word">null</span>;
  if (value instanceof ExactNumber) return <span class="json-number">{value.text}</span>;
  if (typeof value === "string") return <span class="json-string">{JSON.stringify(value)}</span>;
  if (typeof value === "number") return <span class="json-number">{String(value)}</span>;
  return <span class="json-word">{String(value)}</span>;
}

function Name({ name }: { name: string | null }) {
  return name === null ? null : <span class="json-key">{name}: </span>;
}

export function JsonTree({ value, name = null, depth = 0 }: { value: Json; name?: string | null; depth?: number }) {
  const [open, setOpen] = useState(depth < 3);
  const [shown, setShown] = useState(childrenFirst);
  if (value === null || typeof value !== "object" || value instanceof ExactNumber) {
    return (
      <div class="json-line">
        <Name name={name} />
        <Scalar value={value} />
      </div>
    );
  }
  const list = Array.isArray(value);
  const entries: [string, Json][] = list ? value.map((each, i) => [String(i), each]) : Object.entries(value);
  const about = list ? `[ ${plural(entries.length, "item")} ]` : `{ ${plural(entries.length, "field")} }`;
  return (
    <div class="json-branch">
      <button type="button" class="json-toggle" aria-expanded={open} onClick={() => setOpen(!open)}>
        <span aria-hidden="true">{open ? "▾" : "▸"}</span> <Name name={name} />
        <span class="muted">{about}</span>
      </button>
      {open && (
        <div class="json-children">
          {entries.slice(0, shown).map(([key, each]) => (
            <JsonTree key={key} name={key} value={each} depth={depth + 1} />
          ))}
          {entries.length > shown && (
            <button type="button" class="button small" onClick={() => setShown(shown + 1000)}>
              {plural(entries.length - shown, "more item")}
            </button>
          )}
        </div>
      )}
    </div>
  );
}
