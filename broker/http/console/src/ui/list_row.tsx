// A row of a list. Drawn again only for another item, or when the item says that it has changed.
import type { ReadonlySignal } from "@preact/signals";
import { Component, createRef } from "preact";

import type { ListColumn } from "./list_columns";

interface RowProps<T> {
  item: T;
  index: number;
  columns: ListColumn<T>[];
  current: boolean;
  reachable: boolean;
  open: ((item: T) => void) | undefined;
  focused: (index: number) => void;
  follow: ((item: T) => ReadonlySignal<unknown>) | undefined;
}

export class ListRow<T> extends Component<RowProps<T>> {
  private element = createRef<HTMLTableRowElement>();
  private stop: (() => void) | undefined;

  override componentDidMount(): void {
    this.listen();
  }

  override componentDidUpdate(before: RowProps<T>): void {
    if (before.item !== this.props.item) this.listen();
  }

  override componentWillUnmount(): void {
    this.stop?.();
  }

  private listen(): void {
    this.stop?.();
    let first = true;
    this.stop = this.props.follow?.(this.props.item).subscribe(() => {
      if (!first) this.forceUpdate();
      first = false;
    });
  }

  override shouldComponentUpdate(next: RowProps<T>): boolean {
    const { item, index, columns, current, reachable } = this.props;
    return (
      next.item !== item ||
      next.index !== index ||
      next.columns !== columns ||
      next.current !== current ||
      next.reachable !== reachable
    );
  }

  private onClick = (event: MouseEvent) => {
    if ((event.target as Element).closest("a, button")) return;
    if (getSelection()?.type === "Range") return; // Somebody marks text to copy it.
    this.props.open?.(this.props.item);
  };

  private onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.target !== this.element.current) return;
    event.preventDefault();
    this.props.open?.(this.props.item);
  };

  override render({ item, index, columns, current, reachable, open, focused }: RowProps<T>) {
    return (
      <tr
        ref={this.element}
        class={`item${open ? " opens" : ""}${current ? " current" : ""}`}
        data-index={index}
        aria-rowindex={index + 2}
        aria-current={current ? "true" : undefined}
        tabIndex={reachable ? 0 : -1}
        onClick={this.onClick}
        onKeyDown={this.onKeyDown}
        onFocus={() => focused(index)}
      >
        {columns.map((column) => {
          const name = [column.align, column.className].filter(Boolean).join(" ") || undefined;
          return column.heading ? (
            <th key={column.id} scope="row" class={name}>
              {column.cell(item)}
            </th>
          ) : (
            <td key={column.id} class={name}>
              {column.cell(item)}
            </td>
          );
        })}
      </tr>
    );
  }
}
