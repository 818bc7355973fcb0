// Changes of settings, of a topic or of the broker: collected in the table, checked and confirmed here.
import { send, topicPath } from "../api/client";
import type { ConfigEntry } from "../api/types";
import { qalam, settingWords } from "../cli";
import { meaning, plural } from "../format";
import { CheckedConfirmation, Differences } from "./confirm";

/** null: back to the default. */
export type Changes = Record<string, string | null>;

export function AlterConfig(props: { topic?: string; config: ConfigEntry[]; changes: Changes; done: () => void }) {
  const { topic, config, changes } = props;
  const set = Object.fromEntries(
    Object.entries(changes).filter((entry): entry is [string, string] => entry[1] !== null),
  );
  const unset = Object.keys(changes).filter((key) => changes[key] === null);
  const path = topic === undefined ? "api/v1/config" : `${topicPath(topic)}/config`;
  const whose = topic === undefined ? "the broker" : topic;

  const shown = (entry: ConfigEntry | undefined) => {
    if (!entry) return "–";
    const said = meaning(entry.key, entry.value);
    return said === "" ? entry.value : `${entry.value} (${said})`;
  };

  const check = async () => {
    const answer = await send<{ config: ConfigEntry[] }>("PATCH", path, { set, unset, validateOnly: true });
    const lines = Object.keys(changes).map((key) => ({
      key,
      before: shown(config.find((entry) => entry.key === key)),
      after: shown(answer.config.find((entry) => entry.key === key)),
    }));
    const command =
      topic === undefined
        ? qalam(
            "config",
            "set",
            ...Object.entries(set).map(([key, value]) => `${key}=${value}`),
            ...unset.flatMap((key) => ["--unset", key]),
          )
        : qalam("topic", "alter", topic, ...settingWords(set, unset));
    return {
      title: "Change settings",
      summary: (
        <>
          <p>
            {plural(lines.length, "setting")} of <strong>{whose}</strong>, all or none,{" "}
            {topic === undefined ? "at once and kept over restarts." : "in force from each partition's next append on."}
          </p>
          <Differences lines={lines} />
        </>
      ),
      command,
      confirm: "Apply",
      run: async () => {
        await send("PATCH", path, { set, unset });
        props.done();
        return `Settings of ${whose} changed`;
      },
    };
  };
  return <CheckedConfirmation title="Change settings" check={check} />;
}
