// Bytes as offset, hexadecimal and characters, sixteen a line.
import { bytes as sizeText } from "../format";

const shownMax = 16 * 1024;

function hexLines(data: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < data.length; at += 16) {
    const part = [...data.subarray(at, at + 16)];
    const hex = part.map((byte, i) => byte.toString(16).padStart(2, "0") + (i === 7 ? " " : "")).join(" ");
    const characters = part.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : ".")).join("");
    lines.push(`${at.toString(16).padStart(8, "0")}  ${hex.padEnd(48)}  ${characters}`);
  }
  return lines.join("\n");
}

export function HexDump({ data }: { data: Uint8Array }) {
  return (
    <>
      <pre class="value-text">{hexLines(data.subarray(0, shownMax))}</pre>
      {data.length > shownMax && <p class="muted">The first {sizeText(shownMax)} of it.</p>}
    </>
  );
}
