import { get } from "../../api/client";
import type { LogRecord } from "../../api/types";
import { plural } from "../../format";
import { ndjsonOf } from "../../records";
import { say } from "../../ui/parts";
import { recordPath } from "./record_view";

export async function download(topic: string, records: LogRecord[]): Promise<void> {
  try {
    const whole = await Promise.all(
      records.map(async (record) =>
        record.truncated
          ? (await get<{ record: LogRecord }>(recordPath(topic, record.partition, record.offset))).record
          : record,
      ),
    );
    const blob = new Blob([`${whole.map(ndjsonOf).join("\n")}\n`], { type: "application/x-ndjson" });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `${topic}.ndjson`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    say(`${plural(records.length, "record")} downloaded`);
  } catch (error) {
    say(error instanceof Error ? error.message : "That did not work");
  }
}
