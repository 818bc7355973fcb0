// One EventSource that never gives up. The browser's own retrying ends when the broker answers with an error, and it
// does not notice a connection on which nothing comes any more; both are looked after here.
import { url } from "../api/client";

export interface StreamHandlers {
  /** Named events, parsed. */
  events: Record<string, (data: never) => void>;
  /** The connection is there; nothing has come yet. */
  opened?: () => void;
  /** The connection is gone; it is being tried again. */
  lost: () => void;
}

const silenceMaxMs = 6000;
const retryMs = 1500;

export class EventStream {
  private source: EventSource | null = null;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private heardAt = Date.now();
  private lastId = "";
  private watch: ReturnType<typeof setInterval> | undefined;

  /** `silent`: nothing may come for long, so silence means nothing. */
  constructor(
    private readonly address: string,
    private readonly handlers: StreamHandlers,
    silent = false,
  ) {
    this.open();
    if (!silent) this.watch = setInterval(() => this.lookForSilence(), 1000);
  }

  close(): void {
    clearTimeout(this.retry);
    clearInterval(this.watch);
    this.source?.close();
    this.source = null;
  }

  private open(): void {
    clearTimeout(this.retry);
    this.source?.close();
    this.heardAt = Date.now();
    // A new EventSource can't set the header that the browser's own retry has.
    const source = new EventSource(url(this.address, { last_event_id: this.lastId }));
    this.source = source;
    source.onopen = () => {
      this.heardAt = Date.now();
      this.handlers.opened?.();
    };
    source.onerror = () => {
      this.handlers.lost();
      if (source.readyState === EventSource.CLOSED) this.openLater();
    };
    for (const [name, handler] of Object.entries(this.handlers.events)) {
      source.addEventListener(name, (event) => {
        this.heardAt = Date.now();
        let data: unknown = null;
        const { data: text, lastEventId } = event as MessageEvent<string>;
        this.lastId = lastEventId;
        try {
          data = JSON.parse(text);
        } catch {
          data = text;
        }
        (handler as (data: unknown) => void)(data);
      });
    }
  }

  private openLater(): void {
    clearTimeout(this.retry);
    this.retry = setTimeout(() => this.open(), retryMs);
  }

  private lookForSilence(): void {
    if (Date.now() - this.heardAt < silenceMaxMs) return;
    this.handlers.lost();
    this.open();
  }
}
