import { openDgram } from "../../transport/node_dgram.ts";
import { testPipeContract } from "./pipe_contract.ts";
import { hasIpv6, openRawDgram, socketFixture } from "./socket_fixture.ts";

testPipeContract("dgram", () => socketFixture(openDgram, openRawDgram), {
  ipv6: hasIpv6(),
  dualStack: hasIpv6(),
  addressed: true,
  rawSender: true,
  socket: true,
});
