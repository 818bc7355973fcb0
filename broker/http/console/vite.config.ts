import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

const weightMax = 120_000; // Bytes of all assets, gzipped: also what tests/console checks.

/** Prints what the console weighs on the wire, and fails the build when that is too much. */
function weight(): Plugin {
  let dist = "";
  return {
    name: "weight",
    apply: "build",
    configResolved(config) {
      dist = config.build.outDir;
    },
    closeBundle() {
      const files = readdirSync(dist, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
      const bytes = files.map((each) => gzipSync(readFileSync(join(each.parentPath, each.name)), { level: 9 }).length);
      const total = bytes.reduce((sum, each) => sum + each, 0);
      console.log(`all assets gzipped: ${(total / 1000).toFixed(1)} kB of at most ${weightMax / 1000} kB`);
      if (total > weightMax) throw new Error("the console is too heavy");
    },
  };
}

// `npm run dev` serves the sources and passes requests on to a broker: QALAM_HTTP=http://127.0.0.1:7480.
const broker = process.env.QALAM_HTTP ?? "http://127.0.0.1:7480";
const proxied = Object.fromEntries(
  ["/api", "/events", "/openapi.json", "/metrics", "/healthz", "/readyz"].map((path) => [path, { target: broker }]),
);

export default defineConfig({
  base: "./", // Relative: the console works below any path.
  plugins: [weight()],
  server: { host: "127.0.0.1", proxy: proxied },
  build: {
    target: "es2022",
    modulePreload: { polyfill: false }, // Nothing inline: the broker's Content-Security-Policy forbids it.
    assetsInlineLimit: 0,
    sourcemap: false,
    reportCompressedSize: false,
  },
});
