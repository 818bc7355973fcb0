// Where most of it goes.
import { computed } from "@preact/signals";
import { byteRate, short } from "../../format";
import { rows } from "../../live/store";
import { href } from "../../router";

const busiestShown = 8;

const busiest = computed(() => {
  rows.tick.value;
  return rows.all
    .filter((row) => row.now.recordsIn > 0 || row.now.bytesOut > 0)
    .sort((a, b) => b.now.bytesIn + b.now.bytesOut - a.now.bytesIn - a.now.bytesOut)
    .slice(0, busiestShown)
    .map((row) => row.now);
});

export function Busiest() {
  const list = busiest.value;
  return (
    <section class="panel">
      <header>
        <h2>Busiest partitions</h2>
        <span class="spacer" />
        <a href={href(["leaders"], { sort: "-recordsIn" })}>all</a>
      </header>
      {list.length === 0 ? (
        <p class="body muted">Nothing is being written or read.</p>
      ) : (
        <table aria-label="Busiest partitions">
          <thead>
            <tr>
              <th scope="col">Partition</th>
              <th scope="col" class="number">
                Records/s
              </th>
              <th scope="col" class="number">
                In
              </th>
              <th scope="col" class="number">
                Out
              </th>
              <th scope="col" class="number">
                Writer
              </th>
            </tr>
          </thead>
          <tbody>
            {list.map((row) => (
              <tr key={`${row.topic}/${row.partition}`}>
                <th scope="row" class="ellipsis">
                  <a href={href(["topics", row.topic], { open: row.partition })}>
                    {row.topic}/{row.partition}
                  </a>
                </th>
                <td class="number">{short(row.recordsIn)}</td>
                <td class="number">{byteRate(row.bytesIn)}</td>
                <td class="number">{byteRate(row.bytesOut)}</td>
                <td class="number">{row.writer}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
