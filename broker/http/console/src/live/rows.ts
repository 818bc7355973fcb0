// The partitions as the broker's events tell them. 10,000 of them may change once a second; each has a signal, which only
// the rows on the screen follow, and nothing else is drawn again.
import { batch, signal } from "@preact/signals";
import type { RowValues } from "../api/types";

export interface RowFields {
  topic: string;
  partition: number;
  leader: number;
  epoch: number;
  writer: number;
  start: number;
  high: number;
  size: number;
  recordsIn: number;
  bytesIn: number;
  bytesOut: number;
  refused: number;
  status: string;
}

export type Column = keyof RowFields;

export const camel = (name: string): string =>
  name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

export class Row {
  /** Rises when a figure changes. */
  readonly version = signal(0);
  readonly id: string;

  constructor(private fields: RowFields) {
    this.id = rowId(fields.topic, fields.partition);
  }

  get now(): Readonly<RowFields> {
    return this.fields;
  }

  get healthy(): boolean {
    return this.fields.status === "ok" && this.fields.leader >= 0;
  }

  update(fields: RowFields): void {
    this.fields = fields;
    this.version.value++;
  }
}

const rowId = (topic: string, partition: number): string => `${topic}/${partition}`;

const names = new Intl.Collator("en");

const byName = (a: Row, b: Row): number =>
  a.now.topic === b.now.topic ? a.now.partition - b.now.partition : names.compare(a.now.topic, b.now.topic);

/** All partitions, in order of names. */
export class Rows {
  private columns: Column[] = [];
  private map = new Map<string, Row>();
  private sorted: Row[] | null = null;

  /** Rises when partitions come or go. */
  readonly shape = signal(0);
  /** Rises with every delta: for what is computed over all rows. */
  readonly tick = signal(0);

  get all(): readonly Row[] {
    this.sorted ??= [...this.map.values()].sort(byName);
    return this.sorted;
  }

  find(topic: string, partition: number): Row | undefined {
    return this.map.get(rowId(topic, partition));
  }

  replace(columns: string[], rows: RowValues[]): void {
    this.columns = columns.map(camel) as Column[];
    batch(() => {
      const kept = new Map<string, Row>();
      for (const values of rows) {
        const fields = this.fieldsOf(values);
        const id = rowId(fields.topic, fields.partition);
        const row = this.map.get(id);
        if (row) {
          row.update(fields);
          kept.set(id, row);
        } else {
          kept.set(id, new Row(fields));
        }
      }
      this.map = kept;
      this.reshape();
      this.tick.value++;
    });
  }

  change(rows: RowValues[], gone: [string, number][]): void {
    batch(() => {
      let reshaped = false;
      for (const values of rows) {
        const fields = this.fieldsOf(values);
        const id = rowId(fields.topic, fields.partition);
        const row = this.map.get(id);
        if (row) {
          row.update(fields);
        } else {
          this.map.set(id, new Row(fields));
          reshaped = true;
        }
      }
      for (const [topic, partition] of gone) reshaped = this.map.delete(rowId(topic, partition)) || reshaped;
      if (reshaped) this.reshape();
      this.tick.value++;
    });
  }

  /** As an event's `columns` and `rows`, for a tab that joins. */
  dump(): { columns: string[]; rows: RowValues[] } {
    return {
      columns: [...this.columns],
      rows: [...this.map.values()].map((row) => this.columns.map((column) => row.now[column])),
    };
  }

  private fieldsOf(values: RowValues): RowFields {
    const fields = {
      topic: "",
      partition: 0,
      leader: -1,
      epoch: 0,
      writer: 0,
      start: 0,
      high: 0,
      size: 0,
      recordsIn: 0,
      bytesIn: 0,
      bytesOut: 0,
      refused: 0,
      status: "ok",
    } as Record<string, string | number>;
    for (let i = 0; i < this.columns.length; i++) {
      const value = values[i];
      const column = this.columns[i];
      if (value !== undefined && column !== undefined) fields[column] = value;
    }
    return fields as unknown as RowFields;
  }

  private reshape(): void {
    this.sorted = null;
    this.shape.value++;
  }
}
