// What is around every page: navigation, where we are, whether the figures are live.
import { type ComponentChildren, Fragment } from "preact";
import { clock, span } from "../format";
import { arrivedAt, figuresAt, link, now, readOnly, session, stale } from "../live/store";
import markUrl from "../mark.svg";
import { preferences, theme } from "../preferences";
import { href, route } from "../router";
import { dialog } from "../ui/dialog";
import { Glyph, type IconName, StateShape } from "../ui/icons";
import { currentPage, pageKeys } from "../ui/keys";
import { notice } from "../ui/parts";
import { problemList, verdict } from "../verdict";
import { Palette } from "./palette";

const icons: Record<string, IconName> = {
  "": "overview",
  leaders: "leaders",
  topics: "topics",
  messages: "messages",
  brokers: "brokers",
  story: "story",
  settings: "settings",
};

function Item({ id, title, to, keys }: { id: string; title: string; to: string; keys?: string }) {
  const problems = id === "" ? problemList.value.length : 0;
  return (
    <li>
      <a href={to} aria-current={currentPage() === id ? "page" : undefined} title={title}>
        <Glyph name={icons[id] ?? "overview"} />
        <span class="word">{title}</span>
        {problems > 0 && (
          <span class={`badge badge-count ${verdict.value.state}`}>
            {problems}
            <span class="hidden-text"> problems</span>
          </span>
        )}
        {keys !== undefined && problems === 0 && (
          <span class="keys" aria-hidden="true">
            {keys}
          </span>
        )}
      </a>
    </li>
  );
}

function Side() {
  return (
    <nav class="side" aria-label="Pages">
      <a class="brand" href="#/">
        <img src={markUrl} alt="" />
        <span class="word">Qalam</span>
      </a>
      <ul>
        {pageKeys.map(([key, title, to]) => (
          <Item key={key} id={to.slice(2)} title={title} to={to} keys={`g ${key}`} />
        ))}
      </ul>
      <span class="spacer" />
      <ul>
        <Item id="settings" title="Settings" to="#/settings" />
      </ul>
      <div class="about">
        <LinkState />
        {session.value && (
          <span>
            node {session.value.nodeId} · {session.value.version}
          </span>
        )}
      </div>
    </nav>
  );
}

function LinkState() {
  const old = stale.value;
  const state = link.value;
  if (state === "live" && !old) {
    return (
      <span class="link-state">
        <span class="ok" aria-hidden="true">
          ●
        </span>
        live {clock(figuresAt.value)}
      </span>
    );
  }
  if (state === "polling" && !old) return <span class="link-state">◌ polling {clock(figuresAt.value)}</span>;
  if (state === "connecting") return <span class="link-state">◌ connecting</span>;
  return (
    <span class="link-state error">
      <span aria-hidden="true">✕</span> not live
    </span>
  );
}

function Banner() {
  const lost = link.value === "lost" || stale.value;
  return (
    <div class="banner" role="status" aria-live="polite">
      {lost && arrivedAt.value > 0 && (
        <p class="error">
          <StateShape state="error" />
          <span>
            <strong>The broker does not answer.</strong> What you see is from {clock(arrivedAt.value)}. Trying again.
          </span>
        </p>
      )}
      {lost && arrivedAt.value === 0 && (
        <p class="error">
          <StateShape state="error" />
          <strong>The broker does not answer.</strong> Trying again.
        </p>
      )}
      {!lost && link.value === "polling" && (
        <p class="warning">
          <StateShape state="warning" />
          Live events don't come through (a proxy may hold them back); asking every few seconds instead.
        </p>
      )}
    </div>
  );
}

/** How old the figures are, where it matters. Outside the live region, or every second would be read aloud. */
function Age() {
  const lost = link.value === "lost" || stale.value;
  if (!lost || arrivedAt.value === 0) return null;
  return <span class="badge error">figures are {span(now.value - arrivedAt.value)} old</span>;
}

function Crumbs() {
  const { parts } = route.value;
  const [page = "", ...rest] = parts;
  const title = pageKeys.find(([, , to]) => to === `#/${page}`)?.[1] ?? "Settings";
  const crumbs: { title: string; to: string }[] = [{ title, to: href([page]) }];
  if (page === "topics" || page === "brokers") {
    for (const [i, part] of rest.entries()) crumbs.push({ title: part, to: href([page, ...rest.slice(0, i + 1)]) });
  } else if (rest.length >= 2) {
    const [topic = "", partition = "", offset] = rest;
    crumbs.push({ title: topic, to: href(["topics", topic]) });
    crumbs.push({ title: partition, to: href(["topics", topic], { open: partition }) });
    if (offset !== undefined) crumbs.push({ title: offset, to: href(parts) });
  }
  return (
    <nav aria-label="Where">
      <ol class="crumbs">
        {crumbs.map((crumb, i) => (
          <Fragment key={crumb.to}>
            <li>
              <a href={crumb.to} aria-current={i === crumbs.length - 1 ? "location" : undefined}>
                {crumb.title}
              </a>
            </li>
          </Fragment>
        ))}
      </ol>
    </nav>
  );
}

function Top() {
  const dark = theme.value === "dark";
  return (
    <header class="top">
      <Crumbs />
      <span class="spacer" />
      <Age />
      {session.value && readOnly.value && <span class="badge">read-only</span>}
      <button
        type="button"
        class="button palette-button"
        onClick={() => {
          dialog.value = <Palette />;
        }}
      >
        <Glyph name="search" />
        <span>Go to…</span>
        <kbd>Ctrl K</kbd>
      </button>
      <button
        type="button"
        class="button quiet"
        aria-label={dark ? "Light theme" : "Dark theme"}
        title={dark ? "Light theme" : "Dark theme"}
        onClick={() => {
          preferences.theme.value = dark ? "light" : "dark";
        }}
      >
        <Glyph name={dark ? "sun" : "moon"} />
      </button>
    </header>
  );
}

export function Shell({ children }: { children: ComponentChildren }) {
  const old = stale.value || (link.value === "lost" && arrivedAt.value > 0);
  return (
    <div class="shell">
      <button type="button" class="skip" onClick={() => document.getElementById("main")?.focus()}>
        To the content
      </button>
      <Side />
      <Top />
      <Banner />
      <main class={`main${old ? " old" : ""}`} id="main" tabIndex={-1}>
        {children}
      </main>
      <div class="notices" role="status">
        {notice.value !== "" && <div class="notice">{notice}</div>}
      </div>
      {dialog.value}
    </div>
  );
}
