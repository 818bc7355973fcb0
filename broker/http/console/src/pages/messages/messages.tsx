// The page of all topics' messages: first, which topic.

import { go, href, route } from "../../router";
import { Empty } from "../../ui/parts";
import { ZoneChoice } from "../../ui/zone_choice";
import { topicSums } from "../topics/topic_sums";
import { MessagesView } from "./messages_view";

export function Messages() {
  const chosen = route.value.query.topic ?? "";
  const names = topicSums.value.map((topic) => topic.name);
  return (
    <div class="page filling">
      <div class="page-head">
        <h1>Messages</h1>
        <label class="inline-field">
          Topic
          <select
            class="topic-choice"
            value={chosen}
            onChange={(event) =>
              go(href(["messages"], { topic: event.currentTarget.value, live: route.value.query.live }))
            }
          >
            <option value="">choose…</option>
            {!names.includes(chosen) && chosen !== "" && <option value={chosen}>{chosen}</option>}
            {names.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <span class="spacer" />
        <ZoneChoice />
      </div>
      {chosen === "" ? <TopicChoice /> : <MessagesView key={chosen} topic={chosen} />}
    </div>
  );
}

const choicesMax = 12;

function TopicChoice() {
  const busiest = [...topicSums.value]
    .sort((a, b) => b.recordsIn - a.recordsIn || b.records - a.records)
    .slice(0, choicesMax);
  return (
    <section class="panel">
      <Empty title="Which topic?">
        <p>Choose one above, or one of the busiest:</p>
        <p class="choices">
          {busiest.map((topic) => (
            <a key={topic.name} class="button" href={href(["messages"], { topic: topic.name })}>
              {topic.name}
            </a>
          ))}
        </p>
      </Empty>
    </section>
  );
}
