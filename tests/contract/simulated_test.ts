import { testPipeContract } from "./pipe_contract.ts";
import { simulatedFixture } from "./simulated_fixture.ts";

testPipeContract("simulated", () => simulatedFixture(), {
  ipv6: true,
  addressed: true,
  rawSender: true,
});
