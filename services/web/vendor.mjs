// Copies the files that browsers need from node_modules to static/vendor, which is not under version control.
import { copyFileSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const wanted = { "htmx.org/dist/htmx.min.js": "htmx.min.js" };

mkdirSync(join(here, "static", "vendor"), { recursive: true });
for (const [from, to] of Object.entries(wanted)) {
  copyFileSync(join(here, "node_modules", from), join(here, "static", "vendor", to));
}
