// The keyboard: single keys for the page's list, "g" and a letter for pages. Fields keep what is typed in them.
import { go, route } from "../router";

export interface ListKeys {
  move: (by: number) => void;
  open: () => void;
}

export const pageKeys: [string, string, string][] = [
  ["o", "Overview", "#/"],
  ["l", "Leaders", "#/leaders"],
  ["t", "Topics", "#/topics"],
  ["m", "Messages", "#/messages"],
  ["b", "Brokers", "#/brokers"],
  ["s", "Story of a write", "#/story"],
];

export const otherKeys: [string, string][] = [
  ["/", "search on this page"],
  ["j  k", "next, previous row"],
  ["Enter", "open the row"],
  ["p", "pause the live tail, and go on"],
  ["Esc", "close what is open"],
  ["Ctrl K", "go to anything"],
  ["?", "this help"],
];

const lists: ListKeys[] = [];
const pauses: (() => void)[] = [];
const closers: (() => void)[] = [];

function stacked<T>(stack: T[], entry: T): () => void {
  stack.push(entry);
  return () => {
    const at = stack.indexOf(entry);
    if (at >= 0) stack.splice(at, 1);
  };
}

/** The newest one registered gets the keys. Each returns how to take it back. */
export const listenList = (keys: ListKeys) => stacked(lists, keys);
export const listenPause = (pause: () => void) => stacked(pauses, pause);
export const listenClose = (close: () => void) => stacked(closers, close);

let awaitsPage = 0;

function typing(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

function focusSearch(): boolean {
  const field = document.querySelector<HTMLInputElement>("main input[type=search]");
  field?.focus();
  field?.select();
  return field !== null;
}

export function listenToKeys(open: { palette: () => void; help: () => void }): void {
  addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      open.palette();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.key === "Escape") {
      if (typing(event.target)) (event.target as HTMLElement).blur();
      else closers.at(-1)?.();
      return;
    }
    if (typing(event.target)) return;
    if (performance.now() < awaitsPage) {
      awaitsPage = 0;
      const page = pageKeys.find(([key]) => key === event.key);
      if (page) {
        event.preventDefault();
        go(page[2]);
        return;
      }
    }
    switch (event.key) {
      case "g":
        awaitsPage = performance.now() + 1200;
        break;
      case "/":
        event.preventDefault();
        if (!focusSearch()) open.palette();
        break;
      case "j":
      case "k":
        lists.at(-1)?.move(event.key === "j" ? 1 : -1);
        break;
      case "p":
        pauses.at(-1)?.();
        break;
      case "?":
        open.help();
        break;
    }
  });
}

/** The page that a route belongs to, for the navigation. */
export const currentPage = (): string => route.value.parts[0] ?? "";
