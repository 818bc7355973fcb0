// Settings with value, source and default; edited in place, then checked and confirmed together.
import { useState } from "preact/hooks";
import { AlterConfig, type Changes } from "../actions/alter_config";
import type { ConfigEntry } from "../api/types";
import { meaning, plural } from "../format";
import { readOnly } from "../live/store";
import { dialog } from "../ui/dialog";
import { ReadOnlyBadge } from "../ui/read_only_badge";

const sources: Record<ConfigEntry["source"], [string, string]> = {
  SOURCE_UNSPECIFIED: ["unknown", ""],
  SOURCE_DEFAULT: ["built in", ""],
  SOURCE_BROKER: ["broker", "accent"],
  SOURCE_DYNAMIC: ["set live", "warning"],
  SOURCE_TOPIC: ["topic", "accent"],
};

/** A topic's setting names the broker's key that is its default: "Default of topics' retention.ms. ..." */
function defaultOf(key: string, defaults: ConfigEntry[]): ConfigEntry | undefined {
  return defaults.find((entry) => entry.description.startsWith(`Default of topics' ${key}.`));
}

const Value = ({ entry }: { entry: ConfigEntry }) => (
  <>
    <span class="mono">{entry.value === "" ? <span class="muted">empty</span> : entry.value}</span>
    {meaning(entry.key, entry.value) !== "" && <span class="muted"> {meaning(entry.key, entry.value)}</span>}
  </>
);

interface EditProps {
  entry: ConfigEntry;
  change: string | null | undefined;
  own: boolean;
  onChange: (value: string | null | undefined) => void;
}

function Edit({ entry, change, own, onChange }: EditProps) {
  return (
    <span class="edit">
      <input
        type="text"
        class="mono"
        aria-label={`New value of ${entry.key}`}
        spellcheck={false}
        disabled={change === null}
        value={change === null ? "" : (change ?? entry.value)}
        placeholder={change === null ? "the default" : ""}
        onInput={(event) => onChange(event.currentTarget.value === entry.value ? undefined : event.currentTarget.value)}
      />
      {own && (
        <button
          type="button"
          class="button small"
          aria-pressed={change === null}
          onClick={() => onChange(change === null ? undefined : null)}
        >
          Default
        </button>
      )}
    </span>
  );
}

export interface ConfigTableProps {
  /** Absent: the broker's settings. */
  topic?: string;
  config: ConfigEntry[];
  /** The broker's, to tell a topic's defaults. */
  defaults: ConfigEntry[];
  changed: () => void;
}

export function ConfigTable({ topic, config, defaults, changed }: ConfigTableProps) {
  const [editing, setEditing] = useState(false);
  const [changes, setChanges] = useState<Changes>({});
  const [wanted, setWanted] = useState("");
  const [onlySet, setOnlySet] = useState(false);
  const shown = config.filter(
    (entry) =>
      (entry.key.includes(wanted.toLowerCase()) || entry.description.toLowerCase().includes(wanted.toLowerCase())) &&
      (!onlySet || entry.source !== "SOURCE_DEFAULT"),
  );
  const ownSource = topic === undefined ? "SOURCE_DYNAMIC" : "SOURCE_TOPIC";
  const number = Object.keys(changes).length;

  const change = (key: string, value: string | null | undefined) => {
    const next = { ...changes };
    if (value === undefined) delete next[key];
    else next[key] = value;
    setChanges(next);
  };
  const stop = () => {
    setEditing(false);
    setChanges({});
  };
  const preview = () => {
    dialog.value = (
      <AlterConfig
        {...(topic === undefined ? {} : { topic })}
        config={config}
        changes={changes}
        done={() => {
          stop();
          changed();
        }}
      />
    );
  };

  return (
    <>
      <div class="toolbar">
        <input
          type="search"
          aria-label="Setting contains"
          placeholder="Setting contains…"
          value={wanted}
          onInput={(event) => setWanted(event.currentTarget.value)}
        />
        <button type="button" class="button" aria-pressed={onlySet} onClick={() => setOnlySet(!onlySet)}>
          Not default
        </button>
        <span class="spacer" />
        {readOnly.value ? (
          <ReadOnlyBadge />
        ) : editing ? (
          <>
            <button type="button" class="button" onClick={stop}>
              Cancel
            </button>
            <button type="button" class="button primary" disabled={number === 0} onClick={preview}>
              Preview {number > 0 ? plural(number, "change") : ""}
            </button>
          </>
        ) : (
          <button type="button" class="button" onClick={() => setEditing(true)}>
            Edit settings
          </button>
        )}
      </div>
      <section class="panel config">
        <table aria-label={topic === undefined ? "Settings of the broker" : `Settings of ${topic}`}>
          <thead>
            <tr>
              <th scope="col">Setting</th>
              <th scope="col">Value</th>
              <th scope="col">From</th>
              {topic !== undefined && <th scope="col">Default here</th>}
              <th scope="col">What it does</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((entry) => {
              const base = topic === undefined ? undefined : defaultOf(entry.key, defaults);
              const [source, look] = sources[entry.source] ?? sources.SOURCE_UNSPECIFIED;
              return (
                <tr key={entry.key} class={changes[entry.key] === undefined ? "" : "changed"}>
                  <th scope="row" class="mono nowrap">
                    {entry.key}
                  </th>
                  <td class="value">
                    {editing && entry.dynamic ? (
                      <Edit
                        entry={entry}
                        change={changes[entry.key]}
                        own={entry.source === ownSource}
                        onChange={(value) => change(entry.key, value)}
                      />
                    ) : (
                      <Value entry={entry} />
                    )}
                  </td>
                  <td>
                    <span class={`badge ${look}`}>{source}</span>
                    {topic === undefined && entry.dynamic && <span class="badge live">live</span>}
                  </td>
                  {topic !== undefined && <td class="muted default">{base ? <Value entry={base} /> : "–"}</td>}
                  <td class="wrap muted">{entry.description}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
        {shown.length === 0 && <p class="body muted">No setting matches.</p>}
      </section>
    </>
  );
}
