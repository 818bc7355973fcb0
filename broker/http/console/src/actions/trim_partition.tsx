import { useState } from "preact/hooks";
import { send, topicPath } from "../api/client";
import type { Int64 } from "../api/types";
import { qalam } from "../cli";
import { count } from "../format";
import { rows } from "../live/store";
import { Dialog } from "../ui/dialog";
import { Glyph } from "../ui/icons";
import { Failure } from "../ui/parts";
import { Confirmation, type Step } from "./confirm";

export function TrimPartition({ topic, partition }: { topic: string; partition: number }) {
  const row = rows.find(topic, partition);
  const [before, setBefore] = useState("");
  const [error, setError] = useState<unknown>(null);
  const [step, setStep] = useState<Step | null>(null);
  const path = `${topicPath(topic)}/partitions/${partition}/trim`;

  const preview = async (event: Event) => {
    event.preventDefault();
    setError(null);
    try {
      if (!/^\d+$/.test(before)) throw new Error("An offset is a number.");
      const checked = await send<{ logStartOffset: Int64 }>("POST", path, { beforeOffset: before, validateOnly: true });
      const start = BigInt(row?.now.start ?? 0);
      const gone = BigInt(checked.logStartOffset) - start;
      setStep({
        title: "Trim",
        summary: (
          <>
            <p>
              {topic}/{partition} will begin at offset <strong>{count(checked.logStartOffset)}</strong>.
            </p>
            <p>
              {gone > 0n
                ? `${count(String(gone))} records are deleted, for good.`
                : "No record is deleted: the log begins there already."}
            </p>
          </>
        ),
        command: qalam("topic", "trim", topic, "-p", String(partition), "--before", before, "--yes"),
        confirm: "Delete these records",
        danger: true,
        run: async () => {
          await send("POST", path, { beforeOffset: before });
          return `${topic}/${partition} begins at ${count(checked.logStartOffset)}`;
        },
        back: () => setStep(null),
      });
    } catch (problem) {
      setError(problem);
    }
  };

  return (
    <Dialog title={`Trim ${topic}/${partition}`}>
      {step ? (
        <Confirmation {...step} />
      ) : (
        <form onSubmit={(event) => void preview(event)}>
          <label class="field">
            <span>First offset to keep</span>
            <input
              type="text"
              inputMode="numeric"
              required
              autocomplete="off"
              value={before}
              onInput={(event) => setBefore(event.currentTarget.value.trim())}
            />
            {row && (
              <span class="hint">
                The log has {count(row.now.start)} to {count(row.now.high)} (high watermark). Everything below is
                deleted.
              </span>
            )}
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
