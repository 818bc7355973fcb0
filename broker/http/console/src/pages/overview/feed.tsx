import type { FeedLine } from "../../api/types";
import { clock, time } from "../../format";
import { feed } from "../../live/store";
import { href } from "../../router";
import { StateShape } from "../../ui/icons";
import { Empty } from "../../ui/parts";

function FeedItem({ line }: { line: FeedLine }) {
  const to = line.topic === undefined ? null : href(["topics", line.topic], { open: line.partition });
  return (
    <li>
      <time dateTime={new Date(line.atMs).toISOString()} title={time(line.atMs)}>
        {clock(line.atMs)}
      </time>
      <StateShape state={line.level} />
      <span class="hidden-text">{line.level}</span>
      {to === null ? <span>{line.text}</span> : <a href={to}>{line.text}</a>}
    </li>
  );
}

export function Feed() {
  const list = feed.value;
  return (
    <section class="panel feed">
      <header>
        <h2>What happened</h2>
      </header>
      {list.length === 0 ? (
        <Empty title="Quiet so far">
          <p>Topics made and deleted, leaders, refusals and problems appear here.</p>
        </Empty>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it.
        <ol tabIndex={0} aria-label="Events, newest first">
          {[...list].reverse().map((line, i) => (
            <FeedItem key={`${line.atMs} ${list.length - i} ${line.text}`} line={line} />
          ))}
        </ol>
      )}
    </section>
  );
}
