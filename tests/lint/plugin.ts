/**
 * Lint rules that keep the architecture: which folder may import which, and the sans-IO core.
 *
 * `schema/` and `protocol/` compute; they take bytes and time as arguments. Whoever wants a clock,
 * a timer, randomness, the console or the file system there has found the wrong folder.
 *
 * @module
 */

/** Folders in the order of imports: a folder imports itself and what stands before it. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  schema: [],
  protocol: ["schema"],
  transport: ["schema", "protocol"],
  server: ["schema", "protocol", "transport"],
  client: ["schema", "protocol", "transport"],
  relay: ["schema", "protocol", "transport"],
};

const PURE_FOLDERS: ReadonlySet<string> = new Set(["schema", "protocol"]);

const AMBIENT_GLOBALS: ReadonlySet<string> = new Set([
  "Deno",
  "console",
  "fetch",
  "process",
  "queueMicrotask",
  "setImmediate",
  "setInterval",
  "setTimeout",
  "WebSocket",
]);

const AMBIENT_MEMBERS: ReadonlySet<string> = new Set([
  "Date.now",
  "Math.random",
  "crypto.getRandomValues",
  "crypto.randomUUID",
  "performance.now",
]);

const AMBIENT_MODULES =
  /^node:(fs|net|dgram|http|https|tls|child_process|worker_threads|timers|os|process|dns)/;

/** The top folder of a project file, or `undefined` for files at the root and outside. */
export function layerOf(path: string, root: string): string | undefined {
  if (!path.startsWith(root)) return undefined;
  const relative = path.slice(root.length);
  const slash = relative.indexOf("/");
  return slash === -1 ? undefined : relative.slice(0, slash);
}

/** Whether a file in folder `from` may import one in folder `to`. */
export function mayImport(from: string, to: string): boolean {
  const allowed = LAYERS[from];
  return allowed === undefined || from === to || allowed.includes(to);
}

const ROOT = decodeURIComponent(new URL("../../", import.meta.url).pathname);

function checkSpecifier(
  context: Deno.lint.RuleContext,
  node: Deno.lint.Node,
  specifier: string,
): void {
  const from = layerOf(context.filename, ROOT);
  // A main.ts puts the parts together; nothing imports it, so it may import everything.
  if (from === undefined || !(from in LAYERS) || context.filename.endsWith("/main.ts")) return;
  if (PURE_FOLDERS.has(from) && AMBIENT_MODULES.test(specifier)) {
    context.report({ node, message: `"${from}/" is sans-IO and must not import "${specifier}"` });
  }
  if (!specifier.startsWith(".")) {
    if (!/^(node|npm):/.test(specifier)) {
      context.report({
        node,
        message: `"${specifier}" needs an import map, which remote importers do not have`,
        hint: "Use a relative, node: or inline pinned npm: specifier",
      });
    }
    return;
  }
  const target = new URL(specifier, `file://${context.filename}`).pathname;
  const to = layerOf(decodeURIComponent(target), ROOT) ?? "the root";
  if (!mayImport(from, to)) {
    context.report({
      node,
      message: `"${from}/" must not import from "${to}"`,
      hint: "Imports go schema <- protocol <- transport <- {server, client, relay} <- mod.ts",
    });
  }
}

const importDirection: Deno.lint.Rule = {
  create(context) {
    return {
      ImportDeclaration: (node) => checkSpecifier(context, node, node.source.value),
      ExportAllDeclaration: (node) => checkSpecifier(context, node, node.source.value),
      ExportNamedDeclaration(node) {
        if (node.source) checkSpecifier(context, node, node.source.value);
      },
      ImportExpression(node) {
        if (node.source.type === "Literal" && typeof node.source.value === "string") {
          checkSpecifier(context, node, node.source.value);
        }
      },
    };
  },
};

const sansIo: Deno.lint.Rule = {
  create(context) {
    const folder = layerOf(context.filename, ROOT);
    if (folder === undefined || !PURE_FOLDERS.has(folder)) return {};
    return {
      MemberExpression(node) {
        if (node.object.type !== "Identifier" || node.property.type !== "Identifier") return;
        const name = `${node.object.name}.${node.property.name}`;
        if (AMBIENT_GLOBALS.has(node.object.name) || AMBIENT_MEMBERS.has(name)) {
          context.report({
            node,
            message: `"${folder}/" is sans-IO and must not use "${name}"`,
            hint: "Take it as an argument",
          });
        }
      },
      CallExpression(node) {
        if (node.callee.type === "Identifier" && AMBIENT_GLOBALS.has(node.callee.name)) {
          context.report({
            node,
            message: `"${folder}/" is sans-IO and must not call "${node.callee.name}"`,
            hint: "Take it as an argument",
          });
        }
      },
      NewExpression(node) {
        if (
          node.callee.type === "Identifier" && node.callee.name === "Date" &&
          node.arguments.length === 0
        ) {
          context.report({ node, message: `"${folder}/" is sans-IO and must not read the clock` });
        }
      },
    };
  },
};

const plugin: Deno.lint.Plugin = {
  name: "tickwire",
  rules: { "import-direction": importDirection, "sans-io": sansIo },
};

export default plugin;
