/**
 * The contract of every datagram pipe: one suite, called once per transport.
 *
 * A transport describes itself with a {@link PipeFixture}; what it cannot do it leaves out, and the
 * tests of that are then not defined, rather than passing without having looked.
 *
 * @module
 */
import { testAddressing } from "./addressing_contract.ts";
import { testClosing } from "./closing_contract.ts";
import { testDelivery, testLimits } from "./delivery_contract.ts";
import { testFamilies } from "./family_contract.ts";
import type { DefineTest, PipeFixture, PipeTraits } from "./pipe_fixture.ts";
import { testSlots } from "./slot_contract.ts";

/** Defines the contract tests of one transport. */
export function testPipeContract(
  name: string,
  makeFixture: () => PipeFixture,
  traits: PipeTraits,
): void {
  const test: DefineTest = (statement, body) => {
    Deno.test(`${name}: ${statement}`, async () => {
      const fixture = makeFixture();
      try {
        await body(fixture);
      } finally {
        await fixture.close?.();
      }
    });
  };
  testDelivery(test);
  testSlots(test, traits);
  testClosing(test);
  if (traits.addressed) {
    testAddressing(test, traits);
    testFamilies(test, traits);
  }
  if (traits.rawSender) testLimits(test);
}
