import assert from "node:assert/strict";
import { type EventMap, HandlerTable } from "../../protocol/handler_table.ts";
import { message, protocol, t } from "../../schema/mod.ts";

const Game = protocol("game", { version: 1 }, {
  A: message({ n: t.u8() }, { from: "both", delivery: "unreliable" }),
  B: message({ n: t.u8() }, { from: "both", delivery: "unreliable" }),
});

interface Events extends EventMap {
  one: (value: number) => void;
  two: (value: number, text: string) => void;
}

function table() {
  const unhandled: unknown[] = [];
  const handlers = new HandlerTable<Events>(
    ["one", "two", "error"],
    (error, where) => unhandled.push([error, where]),
  );
  return { handlers, unhandled };
}

Deno.test("handlers are called in order with what came", () => {
  const { handlers } = table();
  const log: unknown[] = [];
  handlers.addMessage(Game.A, (first: unknown, second: unknown) => log.push(["1", first, second]));
  handlers.addMessage(Game.A, (first: unknown) => log.push(["2", first]));
  handlers.addEvent("two", (value: number, text: string) => log.push([value, text]));
  handlers.dispatch(Game.A, "peer", "value");
  handlers.dispatch(Game.A, "value");
  handlers.emit("two", 7, "seven");
  assert.deepEqual(log, [
    ["1", "peer", "value"],
    ["2", "peer"],
    ["1", "value", undefined],
    ["2", "value"],
    [7, "seven"],
  ]);
  handlers.dispatch(Game.B, "value");
  assert.deepEqual([handlers.unhandled, handlers.errors], [1, 0]);
});

Deno.test("a handler that removes itself or adds another disturbs nobody", () => {
  const { handlers } = table();
  const log: string[] = [];
  const removeFirst = handlers.addMessage(Game.A, () => {
    log.push("first");
    removeFirst();
    handlers.addMessage(Game.A, () => log.push("late"));
  });
  handlers.addMessage(Game.A, () => log.push("second"));
  const removeEvent = handlers.addEvent("one", () => {
    log.push("event");
    removeEvent();
  });
  handlers.addEvent("one", () => log.push("other event"));
  for (let i = 0; i < 2; i++) {
    handlers.dispatch(Game.A, undefined);
    handlers.emit("one", 1);
  }
  assert.deepEqual(log, [
    "first",
    "second",
    "event",
    "other event",
    "second",
    "late",
    "other event",
  ]);
});

Deno.test("a handler added twice is called twice, and removed once at a time", () => {
  const { handlers } = table();
  let calls = 0;
  const handler = (): number => calls++;
  const remove = handlers.addMessage(Game.A, handler);
  handlers.addMessage(Game.A, handler);
  remove();
  remove();
  handlers.dispatch(Game.A, undefined);
  assert.equal(calls, 1);
});

Deno.test("what is thrown, rejected, or thrown by a strange thenable is contained and told", async () => {
  const { handlers, unhandled } = table();
  handlers.addMessage(Game.A, () => {
    throw "thrown";
  });
  handlers.addMessage(Game.A, () => Promise.reject("rejected"));
  handlers.addMessage(Game.A, () => ({
    then: (_: unknown, reject: (error: unknown) => void) => reject("thenable"),
  }));
  handlers.addMessage(Game.A, () => ({
    get then(): never {
      throw "getter";
    },
  }));
  handlers.addMessage(Game.A, () => ({ then: "no function" }));
  handlers.dispatch(Game.A, undefined);
  await Promise.resolve();
  await Promise.resolve();
  assert.deepEqual(unhandled, [
    ["thrown", "A"],
    ["thenable", "A"],
    ["getter", "A"],
    ["rejected", "A"],
  ]);
  assert.equal(handlers.errors, 4);
  const told: unknown[] = [];
  handlers.addEvent("error", (error: unknown, where: string) => told.push([error, where]));
  handlers.fail("later", "somewhere");
  assert.deepEqual(told, [["later", "somewhere"]]);
  assert.equal(unhandled.length, 4);
});
