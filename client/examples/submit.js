#!/usr/bin/env node
// SPDX-License-Identifier: MPL-2.0
//
// submit.js - run a job on EMS, show its log and its states, end as it ended. Written from PROTOCOL.md alone.
//
//     npm ci
//     node submit.js lab experiments=gmst_era,kepler_solver n=200 no_perf=true
//
// The log goes to stdout, byte for byte; everything else to stderr. Ctrl-C cancels the job, a second one at once.
// Where EMS is: EMS_ENDPOINT (and EMS_EVENTS) or EMS_STATE, else ~/.local/state/ems.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { homedir } from "node:os";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { decode, encode } from "@msgpack/msgpack";
import { Dealer, Subscriber } from "zeromq";

const MAGIC = "EMS1";
const CHUNK_BYTES = 1048576;
const CONNECT_MS = 1800; // without a connection for so long nobody is there
const REPEAT_MS = 3000; // without a reply for so long, ask again with the same id
const PATIENCE_MS = 10000; // without any, give up
const HEARTBEAT_MS = 5000; // finds a connection whose other side has vanished without a word
const QUIET_MS = 10000; // events are hints: after so long without any, look how things stand
const EXIT_CODES = { 400: 65, 403: 77, 404: 66, 409: 75, 503: 69 };

class Refused extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

const remark = (text) => console.error(`submit: ${String(text).replace(/\p{C}/gu, "?")}`);
const over = (job) => ["completed", "failed", "cancelled"].includes(job.status);

function place() {
  const folder = process.env.EMS_STATE || `${homedir()}/.local/state/ems`;
  const clients = process.env.EMS_ENDPOINT || `ipc://${resolve(folder)}/sock/clients`;
  return { clients, events: process.env.EMS_EVENTS || clients.replace(/[^/]*$/, "events") };
}

// What the socket receives next, as a list of frames; null if there is nothing within so long.
async function receive(socket, wait) {
  socket.receiveTimeout = Math.max(0, wait);
  try {
    return await socket.receive();
  } catch (error) {
    if (error.code === "EAGAIN") return null;
    throw error;
  }
}

// Requests, one at a time (PROTOCOL.md, sections 3 to 5).
class Requests {
  constructor(endpoint) {
    this.endpoint = endpoint;
    this.met = false; // somebody has answered: if nobody is there now, it is worth waiting
  }

  // The body of the reply. Asks again, with the same id, while there is none, or 503 or 504: so a `run` never makes a
  // second job. Those that may take long (`cancel`: until nothing of the job is alive) have more patience.
  async ask(type, body, { worker, patience = PATIENCE_MS } = {}) {
    const request = { id: randomBytes(16).toString("hex"), type, body };
    if (worker) request.worker = worker;
    let refused = new Refused(503, `nobody answers at ${this.endpoint}`);
    const until = Date.now() + patience;
    while (Date.now() < until) {
      const reply = await this.tryOnce(request);
      if (!reply && !request.again && !this.met) break;
      if (!reply) {
        this.close(); // the next try has a new socket: one that was not let in once does not try again
        continue;
      }
      this.met = true;
      if (reply.status === 200 || reply.status === 202) return reply.body;
      refused = new Refused(reply.status, reply.error);
      const wait = reply.body.retry_after_ms;
      if (![503, 504].includes(reply.status) && !wait) throw refused;
      await sleep(wait || 200);
    }
    throw refused;
  }

  async tryOnce(request) {
    this.socket ??= this.open();
    try {
      await this.socket.send([MAGIC, encode(request)]);
    } catch (error) {
      if (error.code === "EAGAIN") return null; // there was no connection
      throw error;
    }
    request.again = true; // the next time
    const until = Date.now() + REPEAT_MS;
    for (;;) {
      const frames = await receive(this.socket, until - Date.now());
      if (!frames) return null;
      const reply = frames.length === 2 && frames[0].toString() === MAGIC ? decode(frames[1]) : {};
      if (reply.re === request.id) return reply;
    }
  }

  open() {
    // Nothing is sent before there is a connection.
    const how = { immediate: true, sendTimeout: CONNECT_MS, linger: 0, heartbeatInterval: HEARTBEAT_MS };
    const socket = new Dealer(how);
    socket.connect(this.endpoint);
    return socket;
  }

  close() {
    this.socket?.close();
    this.socket = null;
  }
}

// One job: every byte of its log once and in order, and its states, over lost connections and dropped events
// (PROTOCOL.md, section 8).
class Follower {
  constructor(where, job) {
    this.where = where;
    this.job = job;
    this.position = 0;
    this.nonce = randomBytes(8).toString("hex");
    this.requests = new Requests(where.clients);
  }

  // A request about the job goes to its worker, which alone has it.
  ask(type, body = {}) {
    return this.requests.ask(type, { job_id: this.job.job_id, ...body }, { worker: this.job.worker });
  }

  open() {
    const events = new Subscriber({ linger: 0, heartbeatInterval: HEARTBEAT_MS });
    // After its connection ended a socket is not read any more; who waits for it hears of that so.
    events.events.on("disconnect", () => events.close());
    events.subscribe(`log/${this.job.job_id}/`, `status/${this.job.job_id}/`, `sync/${this.nonce}/`);
    events.connect(this.where.events);
    this.events = events;
  }

  // [topic, map, payload]; null if there was none in time.
  async event(wait) {
    const frames = this.events.closed ? null : await receive(this.events, wait);
    if (frames) return [frames[0].toString(), decode(frames[1]), frames[2]];
    if (this.events.closed) throw new Refused(503, "the connection is lost; waiting for it");
    return null;
  }

  // Yields the log piece by piece.
  async *follow() {
    while (!over(this.job)) {
      try {
        this.open();
        await this.synchronise();
        yield* this.catchUp();
        yield* this.live();
      } catch (error) {
        if (error.status !== 503) throw error;
        remark(error.message);
      } finally {
        this.events.close();
      }
    }
    yield* this.fetch();
    this.requests.close();
  }

  // Returns when our subscriptions are in force: they travel in order.
  async synchronise() {
    for (let topic = ""; topic !== `sync/${this.nonce}/`; ) {
      await this.ask("sync", { nonce: this.nonce });
      const until = Date.now() + 1000;
      while (topic !== `sync/${this.nonce}/`) {
        const event = await this.event(until - Date.now());
        if (!event) break;
        topic = event[0];
      }
    }
  }

  async *catchUp() {
    this.see((await this.ask("status")).job);
    yield* this.fetch();
  }

  // The bytes from our position to `end`; without one to the end of the log as it is now.
  async *fetch(end = null) {
    while (end === null || this.position < end) {
      const most = end === null ? CHUNK_BYTES : Math.min(CHUNK_BYTES, end - this.position);
      const piece = await this.ask("logs", { offset: this.position, max_bytes: most });
      this.position += piece.data.length;
      yield piece.data;
      if (end === null && (over(this.job) ? piece.eof : this.position >= piece.size)) break;
    }
  }

  // Takes events until the job is over. After a gap more may be missing: ask soon.
  async *live() {
    let quiet = QUIET_MS;
    while (!over(this.job)) {
      const event = await this.event(quiet);
      if (!event) {
        quiet = Math.min(2 * quiet, QUIET_MS);
        yield* this.catchUp();
        continue;
      }
      const [topic, about, payload] = event;
      if (about.worker !== this.job.worker) continue; // nobody else has a say about this job
      if (topic.startsWith("status/")) this.see(about.job);
      if (!topic.startsWith("log/")) continue;
      if (about.offset > this.position) {
        quiet = 200;
        yield* this.fetch(about.offset);
      }
      const known = this.position - about.offset;
      if (known < payload.length) {
        this.position += payload.length - known;
        yield payload.subarray(known);
      }
    }
  }

  see(job) {
    if (job.status !== this.job.status) remark(job.status);
    this.job = job;
  }
}

// NAME=VALUE: an integer, true or false, a list with commas, or a text.
function parameter(word) {
  const [name, ...rest] = word.split("=");
  const value = rest.join("=");
  if (/^-?\d+$/.test(value)) return [name, Number(value)];
  if (value === "true" || value === "false") return [name, value === "true"];
  return [name, value.includes(",") ? value.split(",") : value];
}

// A signal asks to cancel the job; the second one leaves it no time. The end of the job tells the rest.
function cancelOnSignal(where, job) {
  let grace = {};
  const cancel = async () => {
    const requests = new Requests(where.clients); // of its own: the other one may be waiting
    const body = { job_id: job.job_id, ...grace };
    grace = { grace_ms: 0 };
    remark("asking to cancel it");
    try {
      await requests.ask("cancel", body, { worker: job.worker, patience: 900000 });
    } catch (error) {
      remark(error.message);
    }
    requests.close();
  };
  process.on("SIGINT", cancel);
  process.on("SIGTERM", cancel);
}

// What `ems run` would exit with.
function exitCode(job) {
  if (job.status === "completed") return 0;
  if (job.status === "cancelled") return 130;
  if (["time_limit", "silent", "log_limit"].includes(job.reason)) return 124;
  if (job.reason === "exit") return job.exit.code;
  return job.reason === "signal" ? 128 + job.exit.signal : 125;
}

async function main([profile, ...words]) {
  if (!profile || words.some((word) => !/^[^=]+=/.test(word))) {
    console.error("usage: submit.js PROFILE [NAME=VALUE]...");
    return 64;
  }
  const where = place();
  const requests = new Requests(where.clients);
  const body = { profile, params: Object.fromEntries(words.map(parameter)), if_busy: "queue" };
  const { job } = await requests.ask("run", body);
  requests.close();
  cancelOnSignal(where, job);
  remark(`job ${job.job_id} on ${job.worker}`);
  remark(job.status);
  const follower = new Follower(where, job);
  for await (const data of follower.follow()) {
    if (!process.stdout.write(data)) await once(process.stdout, "drain");
  }
  return exitCode(follower.job);
}

main(process.argv.slice(2)).then(
  (code) => process.stdout.write("", () => process.exit(code)),
  (error) => {
    if (!(error instanceof Refused)) throw error;
    remark(error.message);
    process.exit(EXIT_CODES[error.status] ?? 125);
  },
);
