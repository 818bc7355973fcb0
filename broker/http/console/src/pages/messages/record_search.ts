// Pages of records from the broker, which looks at a bounded number of bytes for each: with a filter it may take several
// answers until something is found.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { get } from "../../api/client";
import type { LogRecord, RecordsPage } from "../../api/types";

const pageSize = 50;
const answersMax = 8; // One after another, without being asked again.

export interface RecordQuery {
  topic: string;
  partition: string;
  from: string;
  contains: string;
  key: string;
}

export interface Found {
  records: LogRecord[];
  scanned: number;
  problems: string[];
  /** There is nothing more in this direction. */
  complete: boolean;
  busy: boolean;
  error: unknown;
  more: () => void;
}

interface State {
  records: LogRecord[];
  token: string;
  scanned: number;
  problems: string[];
  complete: boolean;
  busy: boolean;
  error: unknown;
}

const begin: State = { records: [], token: "", scanned: 0, problems: [], complete: false, busy: true, error: null };

/** null: nothing to look for. `turn` starts over. */
export function useRecords(query: RecordQuery | null, turn: number): Found {
  const [state, setState] = useState<State>(begin);
  const id = query === null ? "" : JSON.stringify(query);
  const abort = useRef<AbortController | null>(null);

  const load = useCallback(async (wanted: RecordQuery, old: State) => {
    const mine = new AbortController();
    abort.current?.abort();
    abort.current = mine;
    let now: State = { ...old, busy: true, error: null };
    setState(now);
    try {
      const goal = old.records.length + pageSize;
      for (let answers = 0; answers < answersMax && !now.complete && now.records.length < goal; answers++) {
        const page: RecordsPage = await get<RecordsPage>(
          "api/v1/records",
          { ...wanted, limit: goal - now.records.length, page_token: now.token },
          mine.signal,
        );
        now = {
          ...now,
          records: [...now.records, ...page.records],
          token: page.nextPageToken,
          scanned: now.scanned + page.scanned,
          problems: page.problems,
          complete: page.nextPageToken === "",
        };
        setState(now);
      }
      setState({ ...now, busy: false });
    } catch (error) {
      if (!mine.signal.aborted) setState({ ...now, busy: false, error });
    }
  }, []);

  // `turn` asks for the same again.
  useEffect(() => {
    if (id === "") {
      setState({ ...begin, busy: false });
      return undefined;
    }
    void load(JSON.parse(id) as RecordQuery, begin);
    return () => abort.current?.abort();
  }, [id, turn, load]);

  return { ...state, more: () => id !== "" && !state.busy && void load(JSON.parse(id) as RecordQuery, state) };
}
