// Routes live behind the '#', so that the broker serves one page and the console works below any path:
// #/topics/orders?tab=config is { parts: ["topics", "orders"], query: { tab: "config" } }.
import { signal } from "@preact/signals";

export interface Route {
  parts: string[];
  query: Record<string, string>;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function parse(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  return {
    parts: path
      .split("/")
      .filter((part) => part !== "")
      .map(decode),
    query: Object.fromEntries(new URLSearchParams(query)),
  };
}

export const route = signal<Route>(parse(location.hash));

addEventListener("hashchange", () => {
  route.value = parse(location.hash);
});

/** The address of a page: href(["topics", "orders"], { tab: "config" }). Empty values are left out. */
export function href(parts: (string | number)[], query: Record<string, string | number | undefined> = {}): string {
  const kept = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  const text = new URLSearchParams(kept.map(([name, value]) => [name, String(value)])).toString();
  return `#/${parts.map((part) => encodeURIComponent(part)).join("/")}${text === "" ? "" : `?${text}`}`;
}

export function go(to: string): void {
  location.hash = to;
}

/** Changes parts of the query without a new entry in the history: filters, sorting, what is open. */
export function setQuery(change: Record<string, string | undefined>): void {
  const { parts, query } = route.peek();
  history.replaceState(null, "", href(parts, { ...query, ...change }));
  route.value = parse(location.hash);
}
