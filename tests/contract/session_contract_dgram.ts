/**
 * The contract of sessions where `Deno.listenDatagram` is not to be had: run by session_contract_test.ts
 * in a process of its own.
 *
 * @module
 */
import assert from "node:assert/strict";
import { sessionContract } from "./session_contract.ts";

Deno.test("this process has no Deno.listenDatagram", () => {
  assert.equal(typeof Deno.listenDatagram, "undefined");
});

sessionContract("node:dgram", "127.0.0.1", "127.0.0.1");
