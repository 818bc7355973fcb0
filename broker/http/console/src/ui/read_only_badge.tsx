import { session } from "../live/store";

/** Where an action would be, on a broker that refuses them. Nothing until it is known. */
export function ReadOnlyBadge() {
  return session.value === null ? null : <span class="badge">read-only: no changes from here</span>;
}
