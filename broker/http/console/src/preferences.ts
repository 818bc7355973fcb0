// What this browser's user chose; kept in localStorage, never sent anywhere.
import { effect, type Signal, signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";
export type Density = "compact" | "comfortable";

function kept<T extends string>(name: string, initial: T, allowed?: readonly T[]): Signal<T> {
  const key = `qalam.${name}`;
  let value: T = initial;
  try {
    const stored = localStorage.getItem(key) as T | null;
    if (stored !== null && (!allowed || allowed.includes(stored))) value = stored;
  } catch {
    // Storage may be forbidden; then choices last as long as the page.
  }
  const result = signal(value);
  effect(() => {
    try {
      localStorage.setItem(key, result.value);
    } catch {
      // As above.
    }
  });
  return result;
}

export const preferences = {
  theme: kept<Theme>("theme", "system", ["system", "light", "dark"]),
  density: kept<Density>("density", "compact", ["compact", "comfortable"]),
  /** "local", "UTC" or a name such as "Europe/Vienna". */
  zone: kept<string>("zone", "local"),
};

try {
  if (preferences.zone.value !== "local") new Intl.DateTimeFormat("en", { timeZone: preferences.zone.value });
} catch {
  preferences.zone.value = "local";
}

const dark = matchMedia("(prefers-color-scheme: dark)");
const systemDark = signal(dark.matches);
dark.addEventListener("change", () => {
  systemDark.value = dark.matches;
});

/** The theme in force: what was chosen, else what the system says. */
export const theme = signal<"light" | "dark">("light");

effect(() => {
  const chosen = preferences.theme.value;
  theme.value = chosen === "system" ? (systemDark.value ? "dark" : "light") : chosen;
  document.documentElement.dataset.theme = theme.value;
  document.documentElement.dataset.density = preferences.density.value;
});

/** Pixels of a row in tables; the style sheet has the same numbers. */
export const rowHeight = () => (preferences.density.value === "compact" ? 28 : 36);
