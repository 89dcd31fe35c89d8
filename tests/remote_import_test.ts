import assert from "node:assert/strict";
import { join } from "node:path";
import { serve } from "../server/mod.ts";
import { message, protocol, t } from "../schema/mod.ts";

const ROOT = new URL("../", import.meta.url);

/** The game of {@link CLIENT}, on this side. */
const Game = protocol("remote", { version: 1 }, {
  Say: message({ text: t.string({ maxBytes: 40 }) }, {
    from: "both",
    delivery: "reliable-ordered",
  }),
  State: message({ hp: t.u8() }, { from: "server", delivery: "sequenced" }),
});

/** What a stranger writes who imports us by URL. Its type errors prove that types travel too. */
function clientSource(moduleUrl: string): string {
  return `
import { connect, message, protocol, t } from "${moduleUrl}";

const Game = protocol("remote", { version: 1 }, {
  Say: message({ text: t.string({ maxBytes: 40 }) }, { from: "both", delivery: "reliable-ordered" }),
  State: message({ hp: t.u8() }, { from: "server", delivery: "sequenced" }),
});

export function neverCalled(client: Awaited<ReturnType<typeof connect<typeof Game>>>): void {
  // @ts-expect-error a number is no text.
  client.send(Game.Say, { text: 1 });
  // @ts-expect-error only a server sends it.
  client.send(Game.State, { hp: 1 });
  client.on(Game.State, ({ hp }) => hp.toFixed());
  // @ts-expect-error the message has no such field.
  client.on(Game.State, ({ mana }) => mana);
}

if (import.meta.main) {
  const client = await connect(Game, Deno.args[0]!);
  const answer = client.next(Game.Say);
  client.send(Game.Say, { text: "from afar" });
  console.log(JSON.stringify({
    answer: (await answer).text,
    udp: typeof Deno.listenDatagram,
    state: client.state,
  }));
  await client.close("done");
}
`;
}

/** This tree over HTTP, as a web host would serve it, and what was asked for. */
function serveTree(): {
  url: string;
  allowImport: string;
  asked: Set<string>;
  close(): Promise<void>;
} {
  const asked = new Set<string>();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      // The URL parser has resolved every "..", so a path cannot lead out of the tree.
      const { pathname } = new URL(request.url);
      asked.add(pathname);
      if (!pathname.endsWith(".ts")) return new Response("not found", { status: 404 });
      try {
        const text = await Deno.readTextFile(new URL(`.${pathname}`, ROOT));
        return new Response(text, { headers: { "content-type": "application/typescript" } });
      } catch {
        return new Response("not found", { status: 404 });
      }
    },
  );
  const { port } = server.addr;
  const host = `127.0.0.1:${port}`;
  const allowImport = `--allow-import=${host}`;
  return { url: `http://${host}`, allowImport, asked, close: () => server.shutdown() };
}

/** An empty folder with an empty cache, but for the packages that npm has given already. */
async function emptyPlace(): Promise<{ folder: string; cache: string; remove(): Promise<void> }> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  const { npmCache } = JSON.parse(new TextDecoder().decode(stdout));
  const place = await Deno.makeTempDir({ prefix: "tickwire-remote-" });
  const [folder, cache] = [join(place, "project"), join(place, "cache")];
  await Deno.mkdir(folder);
  await Deno.mkdir(cache);
  await Deno.symlink(npmCache, join(cache, "npm"), { type: "dir" });
  return { folder, cache, remove: () => Deno.remove(place, { recursive: true }) };
}

/** Runs Deno in a folder, with a cache of its own and no configuration. */
async function deno(
  place: { folder: string; cache: string },
  args: string[],
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: place.folder,
    env: { DENO_DIR: place.cache, NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

Deno.test("mod.ts can be imported by URL: types, UDP with and without the flag, an echo", async (step) => {
  const tree = serveTree();
  const place = await emptyPlace();
  const server = await serve(Game, { hostname: "127.0.0.1", port: 0 });
  server.on(Game.Say, (peer, { text }) => {
    peer.send(Game.Say, { text: `${text}, and back` });
  });
  try {
    await Deno.writeTextFile(join(place.folder, "client.ts"), clientSource(`${tree.url}/mod.ts`));

    await step.step("it type-checks, no import map needed", async () => {
      const { code, stderr } = await deno(place, ["check", tree.allowImport, "client.ts"]);
      assert.equal(code, 0, stderr);
    });

    for (const flags of [[], ["--unstable-net"]]) {
      await step.step(`it runs with --allow-net ${flags.join(" ")}`, async () => {
        const args = ["run", "--no-prompt", tree.allowImport, "--allow-net", ...flags];
        const { code, stdout, stderr } = await deno(place, [...args, "client.ts", server.url()]);
        assert.equal(code, 0, stderr);
        assert.deepEqual(JSON.parse(stdout), {
          answer: "from afar, and back",
          udp: flags.length === 0 ? "undefined" : "function",
          state: "connected",
        });
      });
    }

    await step.step("nothing but modules was asked for, and the server too was importable", () => {
      assert.ok(tree.asked.has("/server/serve.ts") && tree.asked.has("/transport/node_dgram.ts"));
      for (const path of tree.asked) {
        assert.match(
          path,
          /^\/(schema|protocol|transport|server|client)\/|^\/mod\.ts$|^\/client\.ts$/,
        );
      }
    });
  } finally {
    await server.close();
    await tree.close();
    await place.remove();
  }
});
