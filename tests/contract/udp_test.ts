import { openUdp } from "../../transport/udp.ts";
import { testPipeContract } from "./pipe_contract.ts";
import { hasIpv6, openRawUdp, socketFixture } from "./socket_fixture.ts";

testPipeContract("udp", () => socketFixture(openUdp, openRawUdp), {
  ipv6: hasIpv6(),
  dualStack: hasIpv6(),
  addressed: true,
  rawSender: true,
  socket: true,
});
