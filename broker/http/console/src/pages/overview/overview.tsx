// Is it well, what is not, how much goes through, what happened.

import { span } from "../../format";
import { cluster, now } from "../../live/store";
import { StateShape } from "../../ui/icons";
import { problemList, verdict } from "../../verdict";
import { Busiest } from "./busiest";
import { Charts } from "./charts";
import { Feed } from "./feed";
import { Figures } from "./figures";

function VerdictLine() {
  const { state, text } = verdict.value;
  const broker = cluster.value?.brokers[0];
  return (
    <section class={`panel verdict ${state}`}>
      <StateShape state={state} />
      <div>
        <h1>{text}</h1>
        {broker && (
          <p class="muted">
            Broker {broker.id} at {broker.address}, version {broker.version}, up{" "}
            {span(now.value - Number(broker.startedMs))}
          </p>
        )}
      </div>
    </section>
  );
}

function Problems() {
  const list = problemList.value;
  if (list.length === 0) return null;
  return (
    <section class="panel" aria-label="Problems">
      <header>
        <h2>Problems</h2>
        <span class="badge error">{list.length}</span>
      </header>
      <ul class="problem-list">
        {list.map((problem) => (
          <li key={problem.text}>
            <StateShape state={problem.state} />
            <a href={problem.href}>{problem.text}</a>
          </li>
        ))}
      </ul>
    </section>
  );
}

export function Overview() {
  return (
    <div class="page">
      <VerdictLine />
      <Problems />
      <Figures />
      <Charts />
      <div class="two">
        <Busiest />
        <Feed />
      </div>
    </div>
  );
}
