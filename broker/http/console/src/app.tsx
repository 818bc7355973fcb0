// Which page a route shows.
import { Component, type ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { link } from "./live/store";
import { BrokerPage } from "./pages/brokers/broker";
import { Brokers } from "./pages/brokers/brokers";
import { Leaders } from "./pages/leaders/leaders";
import { Messages } from "./pages/messages/messages";
import { RecordPage } from "./pages/messages/record_page";
import { Overview } from "./pages/overview/overview";
import { Settings } from "./pages/settings";
import { StoryPage } from "./pages/story/story_page";
import { TopicPage } from "./pages/topics/topic";
import { Topics } from "./pages/topics/topics";
import { route } from "./router";
import { Shell } from "./shell/shell";
import { Empty, Failure } from "./ui/parts";
import { verdict } from "./verdict";

const number = (text: string | undefined): number => (text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : -1);

function Page() {
  const [page, first, second, third] = route.value.parts;
  switch (page) {
    case undefined:
      return <Overview />;
    case "leaders":
      return <Leaders />;
    case "topics":
      return first === undefined ? <Topics /> : <TopicPage key={first} name={first} />;
    case "messages":
      return first !== undefined && third !== undefined ? (
        <RecordPage topic={first} partition={number(second)} offset={third} />
      ) : (
        <Messages />
      );
    case "brokers":
      return first === undefined ? <Brokers /> : <BrokerPage id={number(first)} />;
    case "story":
      return first === undefined || second === undefined ? (
        <StoryPage />
      ) : (
        <StoryPage topic={first} partition={number(second)} {...(third === undefined ? {} : { offset: third })} />
      );
    case "settings":
      return <Settings />;
    default:
      return (
        <Empty title="There is no such page">
          <a href="#/">Overview</a>
        </Empty>
      );
  }
}

/** A mistake in one page leaves the others usable. */
class Guard extends Component<{ children: ComponentChildren }, { error: unknown }> {
  override state = { error: null };

  override componentDidCatch(error: unknown): void {
    console.error(error);
    this.setState({ error });
  }

  override render() {
    return this.state.error === null ? this.props.children : <Failure error={this.state.error} />;
  }
}

export function App() {
  const { parts } = route.value;
  const state = link.value === "lost" ? "error" : verdict.value.state;
  const shape = { ok: "", unknown: "", info: "", warning: "▲ ", error: "✕ " }[state];
  useEffect(() => {
    document.title = `${shape}${parts.length === 0 ? "" : `${parts.join("/")} · `}Qalam`;
  }, [parts, shape]);
  return (
    <Shell>
      <Guard key={parts.join("/")}>
        <Page />
      </Guard>
    </Shell>
  );
}
