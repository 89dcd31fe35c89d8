import assert from "node:assert/strict";
import { type Command, helpOf, parseCommand } from "../../server/cli_command.ts";
import { flag, type Flags, UsageError } from "../../server/cli_flags.ts";
import { describeFlags, parseFlags } from "../../server/cli_line.ts";
import { closestName } from "../../server/cli_spelling.ts";

const FLAGS = {
  port: flag.integer("PORT", "A port", { min: 0, max: 65_535, default: 9999 }),
  tickHz: flag.number("HZ", "A rate", { min: 0 }),
  host: flag.text("ADDRESS", "An address"),
  key: flag.texts("FILE", "Keys"),
  json: flag.toggle("JSON"),
  log: flag.optionalText("FILE", "A log", (next) => next.endsWith(".log")),
  level: flag.choice(["low", "high"], "A level", { default: "low" }),
  size: flag.parsed("WxH", "A size", (text) => {
    const [width = NaN, height = NaN] = text.split("x").map(Number);
    if (Number.isNaN(width * height)) throw new RangeError(`"${text}" is no size`);
    return { width, height };
  }),
};

function complaintOf(args: readonly string[], flags: Flags = FLAGS): string {
  try {
    parseFlags(flags, args);
  } catch (error) {
    assert.ok(error instanceof UsageError, String(error));
    return error.message;
  }
  return "";
}

Deno.test("a line without flags gives every default", () => {
  const { values, positionals } = parseFlags(FLAGS, []);
  assert.deepEqual(values, {
    port: 9999,
    tickHz: undefined,
    host: undefined,
    key: [],
    json: false,
    log: undefined,
    level: "low",
    size: undefined,
  });
  assert.deepEqual(positionals, []);
});

Deno.test("flags give values of their types, with = or without, between other arguments", () => {
  const { values, positionals } = parseFlags(FLAGS, [
    ...["one", "--port=0", "--tick-hz", "2.5", "two", "--host", "::1", "--json"],
    ...["--key", "a", "--key", "b", "--level", "high", "--size", "3x4", "three"],
  ]);
  assert.deepEqual(values, {
    port: 0,
    tickHz: 2.5,
    host: "::1",
    key: ["a", "b"],
    json: true,
    log: undefined,
    level: "high",
    size: { width: 3, height: 4 },
  });
  assert.deepEqual(positionals, ["one", "two", "three"]);
});

Deno.test("a value that may be left out is taken from the next argument only when it looks like one", () => {
  const logOf = (...args: string[]): unknown => {
    const { values, positionals } = parseFlags(FLAGS, args);
    return [values.log, ...positionals];
  };
  assert.deepEqual(logOf("--log"), [""]);
  assert.deepEqual(logOf("--log", "--json"), [""]);
  assert.deepEqual(logOf("--log", "game.ts"), ["", "game.ts"]);
  assert.deepEqual(logOf("--log", "my.log", "game.ts"), ["my.log", "game.ts"]);
  assert.deepEqual(logOf("--log=game.ts"), ["game.ts"]);
});

Deno.test("a wrong line is explained", () => {
  const cases: [string[], RegExp][] = [
    [["--prot", "1"], /^unknown flag --prot; did you mean --port\?$/],
    [["--tickhz", "1"], /did you mean --tick-hz\?/],
    [["--colour"], /^unknown flag --colour; see --help$/],
    [["-p", "1"], /^unknown flag -p; see --help$/],
    [["--no-json"], /^unknown flag --no-json/],
    [["--port", "70000"], /^--port 70000: expected a number of 0 to 65535$/],
    [["--port", "1.5"], /^--port 1\.5: expected a whole number$/],
    [["--port", "ten"], /^--port ten: expected a number of 0 to 65535$/],
    [["--port", ""], /^--port needs a value: --port PORT$/],
    [["--port"], /^--port needs a value/],
    [["--port", "--json"], /^--port needs a value/],
    [["--port", "1", "--port", "2"], /^--port stands there 2 times$/],
    [["--tick-hz", "-1"], /^--tick-hz -1: expected a number of 0 and more$/],
    [["--tick-hz", "Infinity"], /^--tick-hz Infinity: expected/],
    [["--json=yes"], /^--json takes no value$/],
    [["--level", "middle"], /^--level middle: expected one of low, high$/],
    [["--size", "big"], /^--size: "big" is no size$/],
    [["--key", "a", "--key", ""], /^--key needs a value/],
  ];
  for (const [args, expected] of cases) assert.match(complaintOf(args), expected, args.join(" "));
});

Deno.test("a negative number is a value and not a flag", () => {
  const flags = { offset: flag.integer("N", "An offset") };
  assert.equal(parseFlags(flags, ["--offset", "-5"]).values.offset, -5);
});

Deno.test("the closest name is one that may have been meant, or none", () => {
  const known = ["port", "host", "tick-hz", "max-peers", "max-peers-per-address"];
  assert.equal(closestName("prot", known), "port");
  assert.equal(closestName("max-pers", known), "max-peers");
  assert.equal(closestName("tick", known), "tick-hz");
  assert.equal(closestName("zzzzzz", known), undefined);
});

Deno.test("the help tells every flag with its value and its text", () => {
  const help = describeFlags(FLAGS);
  for (
    const call of ["--port PORT", "--tick-hz HZ", "--json ", "--log [FILE]", "--level low|high"]
  ) {
    assert.ok(help.includes(call), call);
  }
  assert.equal(describeFlags({}), "");
});

Deno.test("a command takes as many arguments as it says, and leaves what follows -- alone", () => {
  const command: Command<typeof FLAGS> = {
    usage: "some.ts URL [FILE]",
    about: "Does something.",
    flags: FLAGS,
    positionals: [1, 2],
    notes: "More about it.",
  };
  const line = parseCommand(command, ["url", "--json", "--", "--port", "x"]);
  assert.deepEqual([line.positionals, line.rest, line.values.json], [["url"], [
    "--port",
    "x",
  ], true]);
  assert.throws(() => parseCommand(command, []), /expected: deno run -A some\.ts URL \[FILE\]/);
  assert.throws(() => parseCommand(command, ["a", "b", "c"]), /unexpected argument "c"/);
  assert.equal(parseCommand(command, ["-h"]).wantsHelp, true);
  assert.equal(parseCommand(command, ["url", "--", "--help"]).wantsHelp, false);
  for (const part of ["Does something.", "some.ts URL", "--help", "More about it."]) {
    assert.ok(helpOf(command).includes(part), part);
  }
});
