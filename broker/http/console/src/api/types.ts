// What the broker answers: proto3 JSON of proto/qalam/v1, so 64-bit numbers are strings.

export type Int64 = string;

export interface Broker {
  id: number;
  address: string;
  version: string;
  startedMs: Int64;
  writerThreads: number;
  logBytes: Int64;
  diskFreeBytes: Int64;
  residentBytes: Int64;
  dataDirectoryId: string;
}

export interface Cluster {
  clusterId: string;
  brokers: Broker[];
  topicsCount: number;
  partitionsCount: number;
  offlinePartitionsCount: number;
  problems: string[];
}

export interface Session {
  mode: "operator" | "read-only";
  version: string;
  nodeId: number;
  startedMs: Int64;
}

export interface Topic {
  name: string;
  topicId: string;
  partitionsCount: number;
  replicationFactor: number;
  config: Record<string, string>;
}

export interface PartitionInfo {
  topic: string;
  partition: number;
  leader: number;
  leaderEpoch: number;
  replicas: number[];
  isr: number[];
  logStartOffset: Int64;
  highWatermark: Int64;
  logEndOffset: Int64;
  durableOffset: Int64;
  sizeBytes: Int64;
  writerThread: number;
  segmentsCount: number;
  status: string;
}

export interface ConfigEntry {
  key: string;
  value: string;
  source: "SOURCE_UNSPECIFIED" | "SOURCE_DEFAULT" | "SOURCE_BROKER" | "SOURCE_DYNAMIC" | "SOURCE_TOPIC";
  dynamic: boolean;
  description: string;
}

export interface TopicDescription {
  topic: Topic;
  partitions: PartitionInfo[];
  config: ConfigEntry[];
}

export interface StreamInfo {
  kind: string;
  topic: string;
  partition: number;
  clientId: string;
  protocol: string;
  peer: string;
  openedMs: Int64;
}

export interface Streams {
  streams: StreamInfo[];
  count: Int64;
}

/** A record as the command line writes it. What is not UTF-8 is in the `_base64` field instead. */
export interface LogRecord {
  topic: string;
  partition: number;
  offset: Int64;
  timestamp: Int64;
  leader_epoch: number;
  key?: string | null;
  key_base64?: string;
  value?: string | null;
  value_base64?: string;
  value_bytes?: number;
  truncated?: boolean;
  headers: RecordHeader[];
}

export interface RecordHeader {
  key: string;
  value?: string | null;
  value_base64?: string;
}

export interface RecordsPage {
  records: LogRecord[];
  nextPageToken: string;
  /** Records that were looked at. */
  scanned: number;
  complete: boolean;
  /** Partitions that could not be read, and why. */
  problems: string[];
}

export interface Sender {
  clientId: string;
  protocol: string;
  peer: string;
}

export interface BatchStory {
  sender: Sender;
  receivedMs: Int64;
  checkNs: Int64;
  queueNs: Int64;
  totalNs: Int64;
  baseOffset: Int64;
  lastOffset: Int64;
  leaderEpoch: number;
  bytes: Int64;
  producerId: Int64;
  producerEpoch: number;
  baseSequence: number;
  expectedOffset: Int64;
  duplicates: number;
  durability: string;
  group: {
    number: Int64;
    writerThread: number;
    batches: number;
    bytes: Int64;
    closed: string;
    writeNs: Int64;
    syncNs: Int64;
  };
  firstReadNs: Int64;
  traceparent: string;
}

export interface Explanation {
  topic: string;
  partition: number;
  offset: Int64;
  batch: BatchStory;
  lines: string[];
}

export interface Refusal {
  atMs: Int64;
  sender: Sender;
  code: string;
  message: string;
  producerId: Int64;
  producerEpoch: number;
  baseSequence: number;
  expectedOffset: Int64;
  logEndOffset: Int64;
  records: number;
  bytes: Int64;
  queueNs: Int64;
  traceparent: string;
}

export interface Refusals {
  refusals: Refusal[];
  completeSinceMs: Int64;
}

export interface EpochStart {
  epoch: number;
  startOffset: Int64;
}

export interface History {
  stepMs: number | Int64;
  columns: string[];
  rows: number[][];
}

// --- events: plain numbers ---

export interface Totals {
  recordsIn: number;
  bytesIn: number;
  bytesOut: number;
  refused: number;
  duplicates: number;
  parkedReaders: number;
  residentBytes: number;
  diskFreeBytes: number;
  logBytes: number;
  streams: number;
  syncMsP50: number;
  syncMsP99: number;
  groupBatches: number;
  partitions: number;
  offline: number;
}

export interface Writer {
  number: number;
  queueDepth: number;
  groups: number;
  batchesPerGroup: number;
  bytesPerGroup: number;
  writeMsP50: number;
  writeMsP99: number;
  syncMsP50: number;
  syncMsP99: number;
  refused: number;
  partitions: number;
}

export interface FeedLine {
  atMs: number;
  level: "info" | "warning" | "error";
  text: string;
  topic?: string;
  partition?: number;
}

export type RowValues = (string | number)[];

export interface Snapshot {
  atMs: number;
  intervalMs: number;
  cluster: Cluster;
  totals: Totals;
  writers: Writer[];
  columns: string[];
  rows: RowValues[];
  feed: FeedLine[];
}

export interface Delta {
  atMs: number;
  totals?: Totals;
  writers?: Writer[];
  rows?: RowValues[];
  gone?: [string, number][];
  problems?: string[];
  feed?: FeedLine[];
}

export interface TailEvent {
  records: LogRecord[];
  dropped: number;
}
