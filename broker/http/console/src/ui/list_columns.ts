// What a list shows of each item, and what of that fits.
import type { ComponentChildren } from "preact";

export interface ListColumn<T> {
  id: string;
  title: string;
  /** Explains the heading to who points at it. */
  hint?: string;
  /** Pixels, at least. One column without takes what is left, between `min` (180) and `max` (420). */
  width?: number;
  min?: number;
  max?: number;
  /** Left out where the list is too narrow, the largest number first. */
  optional?: number;
  align?: "number" | "center";
  /** "down": the first click puts the largest on top. Absent: can't be sorted by. */
  sort?: "up" | "down";
  /** Names the row: exactly one column. */
  heading?: boolean;
  className?: string;
  cell: (item: T) => ComponentChildren;
}

const least = <T>(column: ListColumn<T>): number => column.width ?? column.min ?? 180;

/** The columns that a width has room for, and how wide each is at least. */
export function fit<T>(columns: ListColumn<T>[], width: number): { columns: ListColumn<T>[]; widths: number[] } {
  const shown = [...columns];
  const need = () => shown.reduce((sum, column) => sum + least(column), 0);
  while (need() > width) {
    const victim = shown.reduce<ListColumn<T> | null>(
      (most, column) => (column.optional !== undefined && column.optional > (most?.optional ?? 0) ? column : most),
      null,
    );
    if (!victim) break;
    shown.splice(shown.indexOf(victim), 1);
  }
  const rest = Math.max(0, width - need());
  const widths = shown.map((column) =>
    column.width === undefined ? Math.min(column.max ?? 420, least(column) + rest) : column.width,
  );
  return { columns: shown, widths };
}
