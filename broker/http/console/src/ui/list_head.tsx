import type { ListColumn } from "./list_columns";
export interface Sorting {
  /** "size" or "-size" (largest first). */
  by: string;
  onSort: (by: string) => void;
}

export function ListHead<T>({ columns, sorting }: { columns: ListColumn<T>[]; sorting: Sorting | undefined }) {
  return (
    <thead>
      <tr aria-rowindex={1}>
        {columns.map((column) => {
          const falling = sorting?.by === `-${column.id}`;
          const active = falling || sorting?.by === column.id;
          const next = active
            ? falling
              ? column.id
              : `-${column.id}`
            : column.sort === "down"
              ? `-${column.id}`
              : column.id;
          return (
            <th
              key={column.id}
              scope="col"
              class={column.align}
              title={column.hint}
              aria-sort={active ? (falling ? "descending" : "ascending") : undefined}
            >
              {sorting && column.sort ? (
                <button type="button" class="sort" onClick={() => sorting.onSort(next)}>
                  {column.title}
                  <span class="arrow" aria-hidden="true">
                    {active ? (falling ? "▼" : "▲") : ""}
                  </span>
                </button>
              ) : (
                column.title || <span class="hidden-text">{column.hint}</span>
              )}
            </th>
          );
        })}
      </tr>
    </thead>
  );
}
