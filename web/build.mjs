// Bundles the page assets into web/dist: one script, one style sheet, the fonts and the outlines of the world,
// each under a name that carries the hash of its content, and manifest.json that says which name is which.
// Run by `cargo xtask ui`; the server embeds the folder. Not for: anything that runs in production.
import { build } from "esbuild";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const dist = path.join(here, "dist");

/** Packages whose files or code end up in the folder; their licences go along. */
const shipped = [
  "@fontsource-variable/inter",
  "@fontsource-variable/jetbrains-mono",
  "d3-array",
  "d3-geo",
  "internmap",
  "topojson-client",
  "world-atlas",
];

await mkdir(dist, { recursive: true });

const result = await build({
  absWorkingDir: here,
  entryPoints: { app: "src/main.js", style: "src/css/main.css" },
  outdir: dist,
  bundle: true,
  minify: true,
  format: "esm",
  target: ["chrome123", "firefox120", "safari17.5"],
  entryNames: "[name].[hash]",
  assetNames: "[name].[hash]",
  publicPath: "/static",
  loader: { ".woff2": "file", ".topo.json": "file" },
  plugins: [atlasAsFile()],
  metafile: true,
  write: false,
  legalComments: "none",
  logLevel: "warning",
});

const manifest = {};
for (const file of result.outputFiles) {
  const name = path.basename(file.path);
  const [stem] = name.split(".");
  manifest[`${stem}${path.extname(name)}`] = name;
  if (file.contents.length > 300_000) throw new Error(`${name} has ${file.contents.length} bytes; the limit is 300000`);
  await put(name, file.contents);
}
await put("licenses.txt", Buffer.from(await licences()));
manifest["licenses.txt"] = "licenses.txt";
await put("manifest.json", Buffer.from(JSON.stringify(sorted(manifest), null, 1) + "\n"));
const kept = new Set([...Object.values(manifest), "manifest.json"]);
for (const old of await readdir(dist)) if (!kept.has(old)) await rm(path.join(dist, old), { recursive: true });

const bytes = result.outputFiles.reduce((sum, o) => sum + o.contents.length, 0);
console.log(`${Object.keys(manifest).length} files, ${Math.round(bytes / 1024)} kB in web/dist`);

/** Writes what is not there yet: a file that stays the same keeps its date, so the server is not built again for it. */
async function put(name, contents) {
  const file = path.join(dist, name);
  const held = await readFile(file).catch(() => null);
  if (!held?.equals(contents)) await writeFile(file, contents);
}

/** The atlas is fetched by the map when a page has one, so it stays a file of its own instead of a part of the script. */
function atlasAsFile() {
  return {
    name: "atlas-as-file",
    setup(b) {
      b.onLoad({ filter: /world-atlas.*\.json$/ }, async (args) => ({ contents: await readFile(args.path), loader: "file" }));
    },
  };
}

async function licences() {
  const parts = [];
  for (const name of shipped) {
    const folder = path.join(here, "node_modules", name);
    const about = JSON.parse(await readFile(path.join(folder, "package.json"), "utf8"));
    const text = await readFile(path.join(folder, "LICENSE"), "utf8");
    parts.push(`${name} ${about.version} (${about.license})\n\n${text.trim()}\n`);
  }
  return parts.join("\n" + "-".repeat(72) + "\n\n");
}

function sorted(object) {
  return Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
}
