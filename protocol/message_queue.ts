/**
 * A FIFO of messages that counts its bytes: a ring that grows by doubling.
 *
 * @module
 */
import type { MessageBuffer } from "./message_pool.ts";

const INITIAL_SLOTS = 8;

/** First in, first out. The queue owns the messages in it. */
export class MessageQueue {
  #slots: (MessageBuffer | undefined)[] = new Array(INITIAL_SLOTS).fill(undefined);
  #head = 0;
  #length = 0;
  #sizeBytes = 0;

  /** Messages in the queue. */
  get length(): number {
    return this.#length;
  }

  /** Their bytes. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Appends a message. */
  push(message: MessageBuffer): void {
    if (this.#length === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.#length) & (this.#slots.length - 1)] = message;
    this.#length++;
    this.#sizeBytes += message.sizeBytes;
  }

  /** The oldest message, which stays. */
  peek(): MessageBuffer | undefined {
    return this.#length === 0 ? undefined : this.#slots[this.#head];
  }

  /** Takes the oldest message out. */
  shift(): MessageBuffer | undefined {
    if (this.#length === 0) return undefined;
    const message = this.#slots[this.#head]!;
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.#length--;
    this.#sizeBytes -= message.sizeBytes;
    return message;
  }

  /** Takes a given message out, wherever it stands; rare, linear. */
  remove(message: MessageBuffer): boolean {
    let found = false;
    const count = this.#length;
    for (let i = 0; i < count; i++) {
      const next = this.shift()!;
      if (next === message) found = true;
      else this.push(next);
    }
    return found;
  }

  #grow(): void {
    const slots: (MessageBuffer | undefined)[] = new Array(this.#slots.length * 2).fill(undefined);
    for (let i = 0; i < this.#length; i++) {
      slots[i] = this.#slots[(this.#head + i) & (this.#slots.length - 1)];
    }
    this.#slots = slots;
    this.#head = 0;
  }
}
