/**
 * The messages that the codec benchmark encodes, and 64 varied values of each.
 *
 * @module
 */
import { compileCodec, type Field, t } from "../schema/mod.ts";
import { BenchRandom, varyGen } from "../tests/schema/serialize_vectors.ts";

/** How many different values each loop goes through. */
export const VARIANTS = 64;

/** A message to measure. */
export interface Shape {
  /** What it is called in the results. */
  readonly name: string;
  /** Its declaration. */
  readonly field: Field<object>;
  /** {@link VARIANTS} values. */
  readonly values: () => object[];
}

const P = t.quantized(-512, 512, 1 / 64);

/** Twelve fields in 21 bytes: the mixed packet of mas-bandwidth/serialize's bench. */
const mixed: Shape = {
  name: "mixed",
  field: t.struct({
    sequence: t.u16(),
    ackBits: t.u32(),
    entityId: t.int(0, 4095),
    posX: t.int(-16384, 16383),
    posY: t.int(-16384, 16383),
    posZ: t.int(-16384, 16383),
    yaw: t.int(0, 511),
    moving: t.bool(),
    firing: t.bool(),
    timestampLow: t.u32(),
    timestampHigh: t.u16(),
    weapon: t.int(0, 15),
  }),
  values() {
    const random = new BenchRandom();
    return Array.from({ length: VARIANTS }, () => varyGen(random));
  },
};

/** A chat message of 40 ASCII characters. */
const chat: Shape = {
  name: "chat",
  field: t.struct({ to: t.u16().optional(), text: t.string({ maxBytes: 240 }) }),
  values() {
    const random = new BenchRandom();
    return Array.from({ length: VARIANTS }, () => ({
      to: undefined,
      text: Array.from({ length: 40 }, () => {
        random.step();
        return String.fromCharCode(97 + random.bits(20) % 26);
      }).join(""),
    }));
  },
};

const GROUPS = 12;

const packetField = t.struct(Object.fromEntries([
  ...Array.from({ length: GROUPS }, (_, i) => [
    [`id${i}`, t.u16()],
    [`x${i}`, P],
    [`y${i}`, P],
    [`z${i}`, P],
    [`yaw${i}`, t.angle(12)],
    [`bits${i}`, t.u32()],
    [`score${i}`, t.int(0, i === 0 ? 2 ** 23 - 1 : 2 ** 24 - 1)],
    [`alive${i}`, t.bool()],
  ]).flat(),
  ["last", t.bool()],
]));

/** 97 fields in 204 bytes: twelve groups of eight and a flag, about what one game packet holds. */
const packet: Shape = {
  name: "packet",
  field: packetField,
  values() {
    const random = new BenchRandom();
    // Made by the codec: 97 properties added one by one would make a dictionary, not an object.
    const { create } = packetCodec;
    return Array.from({ length: VARIANTS }, () => {
      const value: Record<string, unknown> = create();
      for (let i = 0; i < GROUPS; i++) {
        random.step();
        value[`id${i}`] = random.bits(8) & 65535;
        value[`x${i}`] = onGrid(random.bits(3));
        value[`y${i}`] = onGrid(random.bits(19));
        value[`z${i}`] = onGrid(random.bits(35));
        value[`yaw${i}`] = (random.bits(5) & 4095) * (2 * Math.PI / 4096) - Math.PI;
        value[`bits${i}`] = random.bits(16);
        value[`score${i}`] = random.bits(24) & 0x7fffff;
        value[`alive${i}`] = (random.bits(40) & 1) === 1;
      }
      value["last"] = (random.bits(41) & 1) === 1;
      return value;
    });
  },
};

const packetCodec = compileCodec(packetField);

/** A snapshot of players, eight fields each. */
function snapshot(players: number): Shape {
  return {
    name: `snapshot ${players}`,
    field: t.struct({
      tick: t.tick(),
      players: t.array(
        t.struct({
          id: t.u8(),
          x: P,
          y: P,
          z: P,
          yaw: t.angle(10),
          hp: t.int(0, 100),
          weapon: t.enum("fist", "bow", "staff", "sword", "wand"),
          firing: t.bool(),
        }),
        { max: 64 },
      ),
    }),
    values() {
      const random = new BenchRandom();
      return Array.from({ length: VARIANTS }, (_, tick) => ({
        tick,
        players: Array.from({ length: players }, (_, id) => {
          random.step();
          return {
            id,
            x: onGrid(random.bits(3)),
            y: onGrid(random.bits(19)),
            z: onGrid(random.bits(35)),
            yaw: ((random.bits(5) & 1023) - 512) * (2 * Math.PI / 1024),
            hp: random.bits(11) % 101,
            weapon: ["fist", "bow", "staff", "sword", "wand"][random.bits(21) % 5],
            firing: (random.bits(40) & 1) === 1,
          };
        }),
      }));
    },
  };
}

/** A value of the position grid. */
function onGrid(bits: number): number {
  return (bits & 65535) / 64 - 512;
}

/** Every shape. */
export const SHAPES: readonly Shape[] = [mixed, chat, packet, snapshot(16), snapshot(32)];
