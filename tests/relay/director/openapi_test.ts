import assert from "node:assert/strict";
import { API_ROUTES } from "../../../relay/director/api/api_routes.ts";
import { directorApi } from "../../../relay/director/api/director_api.ts";
import { makeSecrets } from "../../../relay/director/api/secrets_file.ts";
import { DirectorLab } from "./director_lab.ts";

interface OpenApi {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, { operationId: string; security: unknown[] }>>;
  readonly components: { readonly schemas: Record<string, unknown> };
}

async function served(): Promise<{ document: OpenApi; routes: string[] }> {
  const lab = await DirectorLab.open();
  const { tokens } = makeSecrets();
  const api = directorApi(lab.director, { tokens });
  const response = await api.fetch(new Request("http://director.test/openapi.json"), {
    remoteAddr: { transport: "tcp", hostname: "127.0.0.1", port: 1 },
  });
  await lab.close();
  const routes = [...new Set(api.routes.map(({ method, path }) => `${method} ${path}`))];
  return { document: await response.json(), routes };
}

Deno.test("the document names exactly the operations that are served", async () => {
  const { document, routes } = await served();
  assert.equal(document.openapi, "3.1.0");
  const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace("{id}", ":id")}`)
  );
  assert.deepEqual(
    documented.sort(),
    routes.filter((route) => route !== "GET /openapi.json").sort(),
  );
});

Deno.test("every reference resolves, and every operation has a name of its own", async () => {
  const { document } = await served();
  const references = JSON.stringify(document).match(/#\/components\/schemas\/\w+/g) ?? [];
  assert.ok(references.length > API_ROUTES.length);
  for (const reference of references) {
    assert.ok(reference.split("/").at(-1)! in document.components.schemas, reference);
  }
  const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
  assert.equal(new Set(operations.map((one) => one.operationId)).size, operations.length);
});

Deno.test("what the document says needs a token is what refuses without one", async () => {
  const { document } = await served();
  for (const { method, path, access } of API_ROUTES) {
    const operation = document.paths[path]?.[method.toLowerCase()];
    assert.equal(operation?.security.length === 0, access.includes("anyone"), `${method} ${path}`);
  }
});

Deno.test("docs/relay_api.md explains every operation and every error", async () => {
  const file = new URL("../../../docs/relay_api.md", import.meta.url);
  const text = (await Deno.readTextFile(file)).replace(/ +/g, " ");
  for (const { method, path } of API_ROUTES) {
    assert.ok(text.includes(`${method} ${path}`), `${method} ${path} is explained`);
  }
  const { ERROR_STATUSES } = await import("../../../relay/director/api/api_error.ts");
  for (const [code, status] of Object.entries(ERROR_STATUSES)) {
    assert.ok(text.includes(`| \`${code}\` | ${status} |`), `${code} ${status} is explained`);
  }
});
