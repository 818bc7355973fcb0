// How this browser shows things, and what is running here.

import { time, zoneName } from "../format";
import { copyrights, mit } from "../licences";
import { cluster, link, now, readOnly, session } from "../live/store";
import { type Density, preferences, type Theme } from "../preferences";
import { KeyTable } from "../shell/help";
import { Segmented } from "../ui/parts";
import { ZoneChoice } from "../ui/zone_choice";

function Choices() {
  return (
    <section class="panel">
      <header>
        <h2>This browser</h2>
      </header>
      <div class="body settings">
        <div class="field">
          <span>Theme</span>
          <Segmented<Theme>
            label="Theme"
            choices={[
              { id: "system", title: "As the system" },
              { id: "light", title: "Light" },
              { id: "dark", title: "Dark" },
            ]}
            current={preferences.theme.value}
            onChoose={(theme) => {
              preferences.theme.value = theme;
            }}
          />
        </div>
        <div class="field">
          <span>Rows</span>
          <Segmented<Density>
            label="Rows"
            choices={[
              { id: "compact", title: "Compact" },
              { id: "comfortable", title: "Comfortable" },
            ]}
            current={preferences.density.value}
            onChoose={(density) => {
              preferences.density.value = density;
            }}
          />
        </div>
        <div class="field">
          <span>Time zone</span>
          <ZoneChoice all />
          <span class="hint">
            Now {time(now.value, { fraction: false })} {zoneName()}
          </span>
        </div>
      </div>
    </section>
  );
}

const connections = {
  live: "live, by events once a second",
  polling: "by asking every few seconds; events don't come through",
  connecting: "connecting",
  lost: "lost; trying again",
} as const;

function About() {
  const broker = cluster.value?.brokers[0];
  return (
    <section class="panel">
      <header>
        <h2>About</h2>
      </header>
      <div class="body stack">
        <dl class="facts">
          <dt>Broker</dt>
          <dd>{broker ? `${broker.id} at ${broker.address}, version ${broker.version}` : "–"}</dd>
          <dt>Cluster</dt>
          <dd class="mono">{cluster.value?.clusterId ?? "–"}</dd>
          <dt>Console</dt>
          <dd>
            {session.value === null ? (
              "–"
            ) : readOnly.value ? (
              <>
                <span class="badge">read-only</span> The broker refuses changes over HTTP (qalam.http.mode).
              </>
            ) : (
              <>
                <span class="badge accent">operator</span> Topics and settings can be changed from here.
              </>
            )}
          </dd>
          <dt>Figures</dt>
          <dd>{connections[link.value]}</dd>
          <dt>Elsewhere</dt>
          <dd>
            <a href="openapi.json">OpenAPI</a> · <a href="metrics">metrics</a> · <a href="readyz">readiness</a>
          </dd>
        </dl>
        <details>
          <summary>Licences</summary>
          <ul>
            {copyrights.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
          <p class="licence muted">{mit}</p>
        </details>
      </div>
    </section>
  );
}

export function Settings() {
  return (
    <div class="page">
      <div class="page-head">
        <h1>Settings</h1>
      </div>
      <div class="two">
        <div class="stack">
          <Choices />
          <About />
        </div>
        <section class="panel">
          <header>
            <h2>Keys</h2>
          </header>
          <div class="body">
            <KeyTable />
          </div>
        </section>
      </div>
    </div>
  );
}
