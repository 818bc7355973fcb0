// The commands that do in a terminal what a page does.
import { cluster } from "./live/store";

const plain = /^[\w@%+=:,./-]+$/;

/** A word as a POSIX shell takes it. */
const quote = (word: string): string => (plain.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

export function qalam(...words: string[]): string {
  const address = cluster.value?.brokers[0]?.address;
  const where = address === undefined || address === "127.0.0.1:7420" ? [] : ["-b", address];
  return ["qalam", ...where, ...words].map(quote).join(" ");
}

export function settingWords(set: Record<string, string>, unset: string[]): string[] {
  return [
    ...Object.entries(set).flatMap(([key, value]) => ["-c", `${key}=${value}`]),
    ...unset.flatMap((key) => ["--unset", key]),
  ];
}
