// Beside the list: the record that is open.
import { useEffect } from "preact/hooks";
import type { LogRecord } from "../../api/types";
import { count } from "../../format";
import { href } from "../../router";
import { Glyph } from "../../ui/icons";
import { listenClose } from "../../ui/keys";
import { RecordView } from "./record_view";

interface RecordPanelProps {
  topic: string;
  partition: number;
  offset: string;
  /** As the list has it; the panel asks for it whole. */
  listed: LogRecord | undefined;
  onClose: () => void;
}

export function RecordPanel({ topic, partition, offset, listed, onClose }: RecordPanelProps) {
  useEffect(() => listenClose(onClose), [onClose]);
  return (
    <aside class="panel side-panel wide" aria-label={`Record ${partition}@${offset}`}>
      <header>
        <h2 class="ellipsis">
          {topic}/{partition} @ {count(offset)}
        </h2>
        <span class="spacer" />
        <a
          class="button quiet small"
          href={href(["messages", topic, partition, offset])}
          aria-label="Permalink of this record"
          title="Permalink"
        >
          <Glyph name="link" />
        </a>
        <button type="button" class="button quiet small" aria-label="Close" onClick={onClose}>
          <Glyph name="close" />
        </button>
      </header>
      <div class="body">
        <RecordView
          key={`${partition}@${offset}`}
          topic={topic}
          partition={partition}
          offset={offset}
          {...(listed ? { listed } : {})}
        />
      </div>
    </aside>
  );
}
