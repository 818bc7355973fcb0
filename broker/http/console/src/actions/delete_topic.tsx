import { send, topicPath } from "../api/client";
import { qalam } from "../cli";
import { bytes, count, plural } from "../format";
import { rows } from "../live/store";
import { go } from "../router";
import { CheckedConfirmation } from "./confirm";

export function DeleteTopic({ name }: { name: string }) {
  const check = async () => {
    await send("DELETE", `${topicPath(name)}?validate_only=true`);
    const mine = rows.all.filter((row) => row.now.topic === name);
    const records = mine.reduce((sum, { now }) => sum + now.high - now.start, 0);
    const size = mine.reduce((sum, { now }) => sum + now.size, 0);
    return {
      title: "Delete topic",
      summary: (
        <>
          <p>
            <strong>{name}</strong> goes with its {plural(mine.length, "partition")}: {count(records)} records,{" "}
            {bytes(size)}.
          </p>
          <p>
            Producers and readers of it get UNKNOWN_TOPIC at once. The files stay on disk for file.delete.delay.ms,
            renamed.
          </p>
        </>
      ),
      command: qalam("topic", "delete", name, "--yes"),
      confirm: "Delete topic",
      typed: name,
      danger: true,
      run: async () => {
        await send("DELETE", topicPath(name));
        go("#/topics");
        return `Topic ${name} is gone`;
      },
    };
  };
  return <CheckedConfirmation title="Delete topic" check={check} />;
}
