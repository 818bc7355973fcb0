// One broker: its memory, disk and threads, who is connected, its settings.

import { get } from "../../api/client";
import type { Broker, ConfigEntry } from "../../api/types";
import { bytes, count, num, plural, span, time } from "../../format";
import { cluster, now, totals } from "../../live/store";
import { href, route } from "../../router";
import { Copy, Empty, Failure, Tabs, useLoaded } from "../../ui/parts";
import { diskLasts } from "../../verdict";
import { ConfigTable } from "../config_table";
import { StreamList } from "./stream_list";
import { Writers } from "./writers";

function Facts({ broker }: { broker: Broker }) {
  const figures = totals.value;
  const left = figures ? diskLasts(figures.diskFreeBytes, figures.bytesIn) : null;
  return (
    <section class="panel">
      <div class="body">
        <dl class="facts columns">
          <dt>Address</dt>
          <dd>
            {broker.address} <Copy text={broker.address} what="address" />
          </dd>
          <dt>Up for</dt>
          <dd title={time(num(broker.startedMs))}>{span(now.value - num(broker.startedMs))}</dd>
          <dt>Version</dt>
          <dd>{broker.version}</dd>
          <dt>Memory</dt>
          <dd>{bytes(figures?.residentBytes ?? num(broker.residentBytes))}</dd>
          <dt>Logs</dt>
          <dd>{bytes(figures?.logBytes ?? num(broker.logBytes))}</dd>
          <dt>Disk free</dt>
          <dd>
            {bytes(figures?.diskFreeBytes ?? num(broker.diskFreeBytes))}
            {left !== null && <span class="muted"> · {span(left)} at this rate</span>}
          </dd>
          <dt>Streams</dt>
          <dd>
            {count(figures?.streams ?? 0)}{" "}
            <span class="muted">· {plural(figures?.parkedReaders ?? 0, "waiting reader")}</span>
          </dd>
          <dt>Directory id</dt>
          <dd class="mono">{broker.dataDirectoryId}</dd>
        </dl>
      </div>
    </section>
  );
}

function Config() {
  const loaded = useLoaded("broker config", (abort) => get<{ config: ConfigEntry[] }>("api/v1/config", {}, abort));
  if (loaded.error !== null && !loaded.value) return <Failure error={loaded.error} />;
  if (!loaded.value) return <p class="muted">…</p>;
  return <ConfigTable config={loaded.value.config} defaults={[]} changed={loaded.again} />;
}

export function BrokerPage({ id }: { id: number }) {
  const tab = route.value.query.tab ?? "writers";
  const broker = cluster.value?.brokers.find((each) => each.id === id);
  if (!broker) return cluster.value ? <Empty title={`There is no broker ${id}`} /> : <p class="muted">…</p>;
  const link = (each: string) => href(["brokers", id], { tab: each === "writers" ? undefined : each });
  return (
    <div class={`page${tab === "streams" ? " filling" : ""}`}>
      <div class="page-head">
        <h1>Broker {id}</h1>
      </div>
      <Facts broker={broker} />
      <Tabs
        label="Broker"
        current={tab}
        tabs={[
          { id: "writers", title: "Writer threads", href: link("writers") },
          { id: "streams", title: "Streams", href: link("streams") },
          { id: "config", title: "Settings", href: link("config") },
        ]}
      />
      {tab === "streams" ? <StreamList /> : tab === "config" ? <Config /> : <Writers />}
    </div>
  );
}
