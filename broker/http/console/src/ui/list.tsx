// A real table of any length: only the rows on the screen exist. Sorting in the head, j and k and Enter on the rows.
import type { ReadonlySignal } from "@preact/signals";
import type { ComponentChildren, RefObject } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { rowHeight } from "../preferences";
import { listenList } from "./keys";
import { fit, type ListColumn } from "./list_columns";
import { ListHead, type Sorting } from "./list_head";
import { ListRow } from "./list_row";
import { useVirtual } from "./virtual";
export interface ListProps<T> {
  label: string;
  columns: ListColumn<T>[];
  items: readonly T[];
  id: (item: T) => string;
  /** The id of the row that is open beside the list. */
  current?: string;
  sorting?: Sorting;
  onOpen?: (item: T) => void;
  /** Called when j or k reach a row, for a panel that follows. */
  onReach?: (item: T) => void;
  /** What tells that an item has changed: only its row is drawn again. */
  follow?: (item: T) => ReadonlySignal<unknown>;
  /** As tall as its rows, up to so many pixels, instead of filling the page. */
  fitting?: number;
  empty?: ComponentChildren;
}

const headHeight = 32;
const emptyHeight = 230;

/** The width of an element, followed. */
function useWidth(element: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(1000);
  useLayoutEffect(() => {
    const watched = element.current;
    if (!watched) return undefined;
    setWidth(watched.clientWidth);
    const observer = new ResizeObserver(() => setWidth(watched.clientWidth));
    observer.observe(watched);
    return () => observer.disconnect();
  }, [element]);
  return width;
}

export function List<T>(props: ListProps<T>) {
  const { items } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const room = useWidth(scroller);
  const { columns, widths } = useMemo(() => fit(props.columns, room), [props.columns, room]);
  const height = rowHeight();
  const { first, end, show } = useVirtual(scroller, items.length, height, headHeight);
  const [reached, setReached] = useState(0);
  const state = useRef({ props, reached, show });
  state.current = { props, reached, show };

  useEffect(
    () =>
      listenList({
        move: (by) => {
          const { props: latest, reached: at, show: bring } = state.current;
          if (latest.items.length === 0) return;
          const inside = scroller.current?.contains(document.activeElement) ?? false;
          const next = Math.min(latest.items.length - 1, Math.max(0, inside ? at + by : at));
          setReached(next);
          bring(next);
          focusRow(scroller.current, next, 10);
          const item = latest.items[next];
          if (item !== undefined) latest.onReach?.(item);
        },
        open: () => undefined,
      }),
    [],
  );

  const reachable = reached >= first && reached < Math.min(end, items.length) ? reached : first;
  const last = Math.min(end, items.length);
  const content = items.length === 0 ? headHeight + emptyHeight : headHeight + items.length * height + 2;
  return (
    <div
      class={`list${props.fitting === undefined ? "" : " fitting"}`}
      ref={scroller}
      style={{ height: `${Math.min(props.fitting ?? Number.MAX_SAFE_INTEGER, content)}px` }}
    >
      <table
        style={{ minWidth: `${widths.reduce((sum, each) => sum + each, 0)}px` }}
        aria-label={props.label}
        aria-rowcount={items.length + 1}
      >
        <colgroup>
          {columns.map((column, i) => (
            <col key={column.id} style={{ width: `${widths[i]}px` }} />
          ))}
        </colgroup>
        <ListHead columns={columns} sorting={props.sorting} />
        <tbody>
          {first > 0 && <Gap key="before" height={first * height} span={columns.length} />}
          {items.slice(first, last).map((item, i) => (
            <ListRow
              key={props.id(item)}
              item={item}
              index={first + i}
              columns={columns as ListColumn<unknown>[]}
              current={props.current !== undefined && props.id(item) === props.current}
              reachable={first + i === reachable}
              open={props.onOpen as ((item: unknown) => void) | undefined}
              focused={setReached}
              follow={props.follow as ((item: unknown) => ReadonlySignal<unknown>) | undefined}
            />
          ))}
          {last < items.length && <Gap key="after" height={(items.length - last) * height} span={columns.length} />}
        </tbody>
      </table>
      {items.length === 0 && props.empty}
    </div>
  );
}

/** Stands for the rows that are not drawn. */
function Gap({ height, span }: { height: number; span: number }) {
  return (
    <tr class="gap">
      <td colSpan={span} style={{ height: `${height}px` }} />
    </tr>
  );
}

/** The row may be drawn only after the next frames. */
function focusRow(scroller: HTMLElement | null, index: number, tries: number): void {
  const row = scroller?.querySelector<HTMLElement>(`tr[data-index="${index}"]`);
  if (row) row.focus({ preventScroll: true });
  else if (tries > 0) requestAnimationFrame(() => focusRow(scroller, index, tries - 1));
}
