/**
 * How the codecs of handshake, query and ticket payloads are made.
 *
 * @module
 */
import type { Backend } from "../codec.ts";

/**
 * The interpreter: these payloads travel once per connection, beside 200 µs of Diffie-Hellman, and
 * nothing that generates code may run before a browser's page has said that it allows it.
 */
export const BACKEND: Backend = "interpreter";
