// Which zone times are shown in: a short list for pages with times, all zones in the settings.
import { zoneName } from "../format";
import { preferences } from "../preferences";

type SupportedValuesOf = (key: "timeZone") => string[];

function allZones(): string[] {
  const { supportedValuesOf } = Intl as unknown as { supportedValuesOf?: SupportedValuesOf };
  return supportedValuesOf?.("timeZone") ?? [];
}

export function ZoneChoice({ all = false }: { all?: boolean }) {
  const chosen = preferences.zone.value;
  const zones = new Set(all ? allZones() : []);
  zones.delete("UTC");
  if (chosen !== "local" && chosen !== "UTC") zones.add(chosen);
  const local = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return (
    <select
      aria-label="Time zone"
      title={`Times in ${zoneName()}`}
      value={chosen}
      onChange={(event) => {
        preferences.zone.value = event.currentTarget.value;
      }}
    >
      <option value="local">{local === "UTC" ? "This computer's time" : `${local} (this computer)`}</option>
      <option value="UTC">UTC</option>
      {[...zones].map((zone) => (
        <option key={zone} value={zone}>
          {zone}
        </option>
      ))}
    </select>
  );
}
