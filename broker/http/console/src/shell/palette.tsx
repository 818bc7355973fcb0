// Ctrl-K: type a part of a page's, topic's or action's name and go there.
import { useEffect, useRef, useState } from "preact/hooks";
import { CreateTopic } from "../actions/create_topic";
import { readOnly } from "../live/store";
import { topicSums } from "../pages/topics/topic_sums";
import { preferences, theme } from "../preferences";
import { go, href } from "../router";
import { closeDialog, Dialog, dialog } from "../ui/dialog";
import { pageKeys } from "../ui/keys";
import { Help } from "./help";

interface Entry {
  title: string;
  kind: string;
  run: () => void;
}

const shownMax = 40;

function entries(): Entry[] {
  const pages = [...pageKeys.map(([, title, to]) => ({ title, to })), { title: "Settings", to: "#/settings" }];
  return [
    ...pages.map(({ title, to }) => ({ title, kind: "page", run: () => go(to) })),
    { title: "Partitions with problems", kind: "page", run: () => go("#/leaders?problems=1") },
    ...(readOnly.value
      ? []
      : [
          {
            title: "Create topic",
            kind: "action",
            run: () => {
              dialog.value = <CreateTopic />;
            },
          },
        ]),
    {
      title: theme.value === "dark" ? "Light theme" : "Dark theme",
      kind: "action",
      run: () => {
        preferences.theme.value = theme.value === "dark" ? "light" : "dark";
      },
    },
    {
      title: "Keys",
      kind: "action",
      run: () => {
        dialog.value = <Help />;
      },
    },
    ...topicSums.value.map((topic) => ({
      title: topic.name,
      kind: "topic",
      run: () => go(href(["topics", topic.name])),
    })),
  ];
}

/** All words must be there; what begins with the first is better. */
function search(wanted: string): Entry[] {
  const words = wanted
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  const found = entries().filter((entry) => words.every((word) => entry.title.toLowerCase().includes(word)));
  const first = words[0] ?? "";
  return found
    .map((entry, i) => ({ entry, rank: (entry.title.toLowerCase().startsWith(first) ? 0 : 1_000_000) + i }))
    .sort((a, b) => a.rank - b.rank)
    .slice(0, shownMax)
    .map(({ entry }) => entry);
}

export function Palette() {
  const [wanted, setWanted] = useState("");
  const [at, setAt] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const found = search(wanted);
  const chosen = Math.min(at, Math.max(0, found.length - 1));

  useEffect(() => {
    list.current?.children[chosen]?.scrollIntoView({ block: "nearest" });
  }, [chosen]);

  const run = (entry: Entry | undefined) => {
    if (!entry) return;
    closeDialog();
    entry.run();
  };

  return (
    <Dialog title="Go to" className="palette">
      <input
        type="text"
        role="combobox"
        aria-label="Page, topic or action"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={found.length > 0 ? `palette-${chosen}` : undefined}
        placeholder="Page, topic or action…"
        autocomplete="off"
        spellcheck={false}
        value={wanted}
        onInput={(event) => {
          setWanted(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={(event) => {
          const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
          if (by !== undefined) {
            event.preventDefault();
            setAt(Math.min(found.length - 1, Math.max(0, chosen + by)));
          } else if (event.key === "Enter") {
            event.preventDefault();
            run(found[chosen]);
          }
        }}
      />
      <div id="palette-list" role="listbox" aria-label="Found" ref={list}>
        {found.map((entry, i) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the field's, as in every combobox.
          // biome-ignore lint/a11y/useFocusableInteractive: the field keeps the focus.
          <div
            key={`${entry.kind} ${entry.title}`}
            id={`palette-${i}`}
            role="option"
            aria-selected={i === chosen}
            onClick={() => run(entry)}
            onMouseMove={() => i !== chosen && setAt(i)}
          >
            {entry.title} <span class="kind">{entry.kind}</span>
          </div>
        ))}
      </div>
      {found.length === 0 && <p class="dialog-body muted">Nothing has that in its name.</p>}
    </Dialog>
  );
}
