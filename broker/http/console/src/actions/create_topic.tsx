import { useState } from "preact/hooks";
import { send } from "../api/client";
import type { Topic } from "../api/types";
import { qalam, settingWords } from "../cli";
import { plural } from "../format";
import { go, href } from "../router";
import { Dialog } from "../ui/dialog";
import { Glyph } from "../ui/icons";
import { Failure } from "../ui/parts";
import { Confirmation, type Step } from "./confirm";

interface Setting {
  key: string;
  value: string;
}

/** "key=value" lines; what is not one is an error with its line. */
function parseSettings(text: string): Record<string, string> {
  const settings: Record<string, string> = {};
  for (const line of text.split("\n").map((each) => each.trim())) {
    if (line === "") continue;
    const at = line.indexOf("=");
    if (at < 1) throw new Error(`"${line}" is not KEY=VALUE`);
    settings[line.slice(0, at).trim()] = line.slice(at + 1).trim();
  }
  return settings;
}

function summaryOf(topic: Topic, settings: Setting[]) {
  return (
    <>
      <p>
        The broker will make the topic <strong>{topic.name}</strong> with {plural(topic.partitionsCount, "partition")}.
      </p>
      {settings.length > 0 && (
        <ul class="mono">
          {settings.map(({ key, value }) => (
            <li key={key}>
              {key} = {value}
            </li>
          ))}
        </ul>
      )}
      <p class="muted">The number of partitions can't be changed later.</p>
    </>
  );
}

export function CreateTopic() {
  const [name, setName] = useState("");
  const [partitions, setPartitions] = useState("");
  const [settings, setSettings] = useState("");
  const [error, setError] = useState<unknown>(null);
  const [step, setStep] = useState<Step | null>(null);

  const preview = async (event: Event) => {
    event.preventDefault();
    setError(null);
    try {
      const config = parseSettings(settings);
      const request = { name, partitionsCount: Number(partitions) || 0, config };
      const checked = await send<{ topic: Topic }>("POST", "api/v1/topics", { ...request, validateOnly: true });
      setStep({
        title: "Create topic",
        summary: summaryOf(
          { ...checked.topic, name },
          Object.entries(config).map(([key, value]) => ({ key, value })),
        ),
        command: qalam(
          "topic",
          "create",
          name,
          "-p",
          String(checked.topic.partitionsCount),
          ...settingWords(config, []),
        ),
        confirm: "Create topic",
        run: async () => {
          await send("POST", "api/v1/topics", request);
          go(href(["topics", name]));
          return `Topic ${name} is there`;
        },
        back: () => setStep(null),
      });
    } catch (problem) {
      setError(problem);
    }
  };

  return (
    <Dialog title="Create topic">
      {step ? (
        <Confirmation {...step} />
      ) : (
        <form onSubmit={(event) => void preview(event)}>
          <label class="field">
            <span>Name</span>
            <input
              type="text"
              required
              maxLength={249}
              autocomplete="off"
              spellcheck={false}
              value={name}
              onInput={(event) => setName(event.currentTarget.value)}
            />
            <span class="hint">1 to 249 of a-z A-Z 0-9 . _ -</span>
          </label>
          <label class="field">
            <span>Partitions</span>
            <input
              type="number"
              min="1"
              max="100000"
              placeholder="num.partitions of the broker"
              value={partitions}
              onInput={(event) => setPartitions(event.currentTarget.value)}
            />
            <span class="hint">More of them spread over more writer threads; order holds within one.</span>
          </label>
          <label class="field">
            <span>Settings of its own</span>
            <textarea
              rows={3}
              class="mono"
              spellcheck={false}
              placeholder={"retention.ms=7d\nsegment.bytes=64MiB"}
              value={settings}
              onInput={(event) => setSettings(event.currentTarget.value)}
            />
            <span class="hint">KEY=VALUE, one a line. Sizes and durations may have units.</span>
          </label>
          {error !== null && <Failure error={error} />}
          <footer>
            <button type="submit" class="button primary">
              Preview <Glyph name="forward" />
            </button>
          </footer>
        </form>
      )}
    </Dialog>
  );
}
