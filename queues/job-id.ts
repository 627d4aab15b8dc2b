import { hash as digestOf, randomUUID } from "node:crypto";
import type { JobContract } from "./contract.ts";

/** 62 bits: with a million keys waiting at once, two collide once in four million tries. */
const HASH_DIGITS = 12;
const plain = /^[A-Za-z0-9_-]{1,64}$/;

/** Names one piece of work of one kind, however often it is asked for. */
export function workId<Input>(contract: Pick<JobContract<Input>, "kind" | "key">, input: Input): string {
  return `${contract.kind}.${hash(contract.key(input))}`;
}

/** A request made twice has one id, so a command that is sent again never makes a second job. */
export function jobIdOf(work: string, requestId: string): string {
  return `${work}.${plain.test(requestId) ? requestId : hash(requestId)}`;
}

/** Begins with the time, so that ids of one piece of work sort by when they were asked for. */
export function newRequestId(): string {
  return `${Date.now().toString(36)}${randomUUID().slice(-12)}`;
}

/** The work that a root job's id was made of; undefined for an id of another shape. */
export function workOf(jobId: string): string | undefined {
  return /^[^.]+\.[0-9a-z]{12}(?=\.[^.]+$)/.exec(jobId)?.[0];
}

export function childId(parentId: string, stage: string, position: number, generation: number): string {
  return `${parentId}.${stage}.${position}.${generation}`;
}

function hash(value: string): string {
  const digest = digestOf("sha256", value).slice(0, 16);
  return BigInt(`0x${digest}`).toString(36).padStart(HASH_DIGITS, "0").slice(-HASH_DIGITS);
}
