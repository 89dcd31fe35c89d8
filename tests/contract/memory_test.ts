import type { DatagramPipe } from "../../transport/pipe.ts";
import { memoryPipePair } from "../../transport/memory_pipe.ts";
import { testPipeContract } from "./pipe_contract.ts";
import type { PipeFixture } from "./pipe_fixture.ts";
import { turnUntil } from "./socket_fixture.ts";

function memoryFixture(): PipeFixture {
  let other: DatagramPipe | undefined;
  return {
    open(options = {}): Promise<DatagramPipe> {
      const waiting = other;
      if (waiting !== undefined) {
        other = undefined;
        return Promise.resolve(waiting);
      }
      const [one, two] = memoryPipePair(options);
      other = two;
      return Promise.resolve(one);
    },
    until: turnUntil,
  };
}

testPipeContract("memory", memoryFixture, {});
