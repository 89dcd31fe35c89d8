import { impairPipe } from "../../transport/impaired_pipe.ts";
import { openUdp } from "../../transport/udp.ts";
import { testPipeContract } from "./pipe_contract.ts";
import { simulatedFixture } from "./simulated_fixture.ts";
import { hasIpv6, openRawUdp, socketFixture } from "./socket_fixture.ts";

// Without impairment it must be the pipe that it wraps.
testPipeContract(
  "impaired udp",
  () =>
    socketFixture(
      async (options) => impairPipe(await openUdp(options), { allocate: options.allocate }),
      openRawUdp,
    ),
  { ipv6: hasIpv6(), dualStack: hasIpv6(), addressed: true, rawSender: true, socket: true },
);

// With a delay every datagram takes the other way, through a copy that waits.
testPipeContract(
  "delayed",
  () =>
    simulatedFixture((pipe, clock, { allocate }) =>
      impairPipe(pipe, { clock, allocate, send: { delayMs: 5 }, receive: { delayMs: 7 } })
    ),
  { ipv6: true, addressed: true, rawSender: true },
);
