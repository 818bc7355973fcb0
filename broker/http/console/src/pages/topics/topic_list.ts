// The broker's list of topics with what was set on each, fetched a page at a time.
import { signal } from "@preact/signals";
import { get } from "../../api/client";
import type { Topic } from "../../api/types";

export const listed = signal<Map<string, Topic>>(new Map());

export const listError = signal<unknown>(null);

const pageSize = 1000;

const pagesMax = 100;

export async function loadList(abort: AbortSignal): Promise<void> {
  let token = "";
  const found = new Map<string, Topic>();
  try {
    for (let page = 0; page < pagesMax; page++) {
      const answer = await get<{ topics: Topic[]; nextPageToken: string }>(
        "api/v1/topics",
        { page_size: pageSize, page_token: token },
        abort,
      );
      for (const topic of answer.topics) found.set(topic.name, topic);
      listed.value = new Map([...listed.value, ...found]);
      token = answer.nextPageToken;
      if (token === "") break;
    }
    listed.value = found;
    listError.value = null;
  } catch (error) {
    if (!abort.aborted) listError.value = error;
  }
}
