/**
 * Prints the metrics of a sample relay, for checkers that are programs.
 *
 * @module
 */
import { stdout } from "../../../server/cli_output.ts";
import { prometheusText } from "../../../relay/status/prometheus_text.ts";
import { sampleSnapshot } from "./snapshot_fixture.ts";

stdout.write(prometheusText(sampleSnapshot()));
