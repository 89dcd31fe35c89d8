/**
 * Errors of the HTTP API: what status says what, and what a caller reads.
 *
 * @module
 */
import { DirectorError, type DirectorErrorCode } from "../director_error.ts";

/** Codes of errors; those of HTTP itself besides the director's. */
export type ApiErrorCode =
  | DirectorErrorCode
  | "unauthorized"
  | "no-such-path"
  | "too-large"
  | "not-json"
  | "internal";

/** The status of each code. */
export const ERROR_STATUSES = {
  "invalid": 400,
  "not-json": 415,
  "too-large": 413,
  "unauthorized": 401,
  "forbidden": 403,
  "not-found": 404,
  "no-such-path": 404,
  "conflict": 409,
  "too-many": 429,
  "no-capacity": 503,
  "away": 503,
  "internal": 500,
} as const satisfies Record<ApiErrorCode, number>;

/** When to try again, in seconds, where that is known to help. */
const RETRY_AFTER_SECONDS: Partial<Record<ApiErrorCode, number>> = {
  "too-many": 5,
  "no-capacity": 2,
  "away": 2,
};

/** A request that ends with an error. */
export class ApiError extends Error {
  /** Always `"ApiError"`. */
  override readonly name = "ApiError";
  /** For programs. */
  readonly code: ApiErrorCode;

  /** Takes the code and the sentence for people. */
  constructor(code: ApiErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The response to an error. What is no error of ours says nothing of its insides. */
export function errorResponse(error: unknown): Response {
  const known = error instanceof ApiError || error instanceof DirectorError ? error : undefined;
  const code: ApiErrorCode = known?.code ?? "internal";
  const message = (known?.message ?? "A defect of the director").slice(0, MAX_MESSAGE_CHARACTERS);
  const headers = new Headers();
  const retryAfter = RETRY_AFTER_SECONDS[code];
  if (retryAfter !== undefined) headers.set("retry-after", `${retryAfter}`);
  if (code === "unauthorized") headers.set("www-authenticate", "Bearer");
  return Response.json({ error: { code, message } }, { status: ERROR_STATUSES[code], headers });
}

const MAX_MESSAGE_CHARACTERS = 300;
