// Figures topic by topic.
import { computed } from "@preact/signals";
import { rows } from "../../live/store";

export interface TopicSum {
  name: string;
  partitions: number;
  records: number;
  size: number;
  recordsIn: number;
  bytesIn: number;
  bytesOut: number;
  refused: number;
  unhealthy: number;
}

/** Topic by topic, over its partitions; a new list with every delta. */
export const topicSums = computed<TopicSum[]>(() => {
  rows.tick.value;
  const found: TopicSum[] = [];
  let sum: TopicSum | undefined;
  for (const row of rows.all) {
    const { now } = row;
    if (sum?.name !== now.topic) {
      sum = {
        name: now.topic,
        partitions: 0,
        records: 0,
        size: 0,
        recordsIn: 0,
        bytesIn: 0,
        bytesOut: 0,
        refused: 0,
        unhealthy: 0,
      };
      found.push(sum);
    }
    sum.partitions++;
    sum.records += now.high - now.start;
    sum.size += now.size;
    sum.recordsIn += now.recordsIn;
    sum.bytesIn += now.bytesIn;
    sum.bytesOut += now.bytesOut;
    sum.refused += now.refused;
    if (!row.healthy) sum.unhealthy++;
  }
  return found;
});
