// What a record holds, whatever bytes those are.
import type { LogRecord, RecordHeader } from "./api/types";
import { bytes } from "./format";

export type Content =
  | { kind: "null" }
  | { kind: "text"; text: string; size: number }
  | { kind: "binary"; data: Uint8Array; size: number };

const encoder = new TextEncoder();

function decodeBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return new Uint8Array();
  }
}

function contentOf(text: string | null | undefined, base64: string | undefined, size?: number): Content {
  if (base64 !== undefined) {
    const data = decodeBase64(base64);
    return { kind: "binary", data, size: size ?? data.length };
  }
  if (text === null || text === undefined) return { kind: "null" };
  return { kind: "text", text, size: size ?? encoder.encode(text).length };
}

export const recordKey = (record: LogRecord): Content => contentOf(record.key, record.key_base64);
export const recordValue = (record: LogRecord): Content =>
  contentOf(record.value, record.value_base64, record.value_bytes);
export const headerValue = (header: RecordHeader): Content => contentOf(header.value, header.value_base64);

export const bytesOf = (content: Content): Uint8Array =>
  content.kind === "text" ? encoder.encode(content.text) : content.kind === "binary" ? content.data : new Uint8Array();

const hexOf = (data: Uint8Array): string => [...data].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");

const previewMax = 400;

/** One line for a table. Line ends and other control characters are shown, not obeyed. */
export function preview(content: Content): string {
  switch (content.kind) {
    case "null":
      return "null";
    case "text":
      return content.text
        .slice(0, previewMax)
        .replace(/\r?\n/g, " ⏎ ")
        .replace(/\p{Cc}/gu, "·");
    case "binary":
      return `${bytes(content.size)} binary: ${hexOf(content.data.slice(0, 24))}${content.size > 24 ? " …" : ""}`;
  }
}

/** A number as it was written: JSON.parse would round what a double can't hold. */
export class ExactNumber {
  constructor(readonly text: string) {}
}

export type Json = null | boolean | number | string | ExactNumber | Json[] | { [key: string]: Json };

type Reviver = (key: string, value: unknown, context?: { source?: string }) => unknown;

const exact: Reviver = (_, value, context) =>
  typeof value === "number" && context?.source !== undefined && String(value) !== context.source
    ? new ExactNumber(context.source)
    : value;

/** The JSON object or array that a text is; undefined for all else. */
export function jsonOf(content: Content): Json | undefined {
  if (content.kind !== "text" || !/^\s*[[{]/.test(content.text)) return undefined;
  try {
    return JSON.parse(content.text, exact as (key: string, value: unknown) => unknown) as Json;
  } catch {
    return undefined;
  }
}

/** As `qalam consume -o ndjson` writes it, and `qalam produce --json` takes it. */
export function ndjsonOf(record: LogRecord): string {
  const { value_bytes: _, truncated: __, ...rest } = record;
  return JSON.stringify(rest);
}

export const recordId = (record: LogRecord): string => `${record.partition}@${record.offset}`;
