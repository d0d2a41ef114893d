/* store: Redis, asked without waiting. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_STORE_H
#define KELVIN_RUN_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/run/loop.h"
#include "core/run/store_reply.h"
#include "core/util/strbuf.h"

/*
 *   store = store_open(loop, &config, error)    before the loop runs
 *   store_listen(store, changed, arg)
 *   store_ask(store, done, arg, argc, argv, lens), store_tell(...)
 *   store_drain(store, patience_us)             after the loop
 *   store_free(store)
 *
 * Which Redis: the one that -r names. Without -r the one at 127.0.0.1:6379 if
 * it answers within a second and wants no password, else one of kelvin's own
 * (store_server.h). That is decided once: state is never split over two.
 *
 * A host name is looked up in store_open(), which waits for it, and again
 * whenever the Redis is away, which does not (store_names.h).
 *
 * A Redis that does not answer for five seconds is away like one that refuses
 * or whose connection broke; it is tried again after 0.1, 0.2 ... 30 seconds.
 * Commands with exactly one answer may be sent: not SUBSCRIBE, MONITOR, or
 * those that wait (BLPOP), for which see store_watch.h.
 *
 * All functions take NULL for the store, where there is none (-r none).
 */
struct store;
struct store_call;

enum store_state {
    STORE_OFF,   /* none, for good */
    STORE_AWAY,  /* not yet or no more; tried again */
    STORE_READY, /* asks are sent */
};

struct store_config {
    const char *redis;    /* as -r has it, or NULL */
    const char *data_dir; /* for a Redis of our own */
};

/* @return NULL with one line in the error: -r is wrong, or names a host that
 * is not known. That Redis is away is not an error. */
struct store *store_open(struct loop *loop, const struct store_config *config,
                         struct strbuf *error);

/* Call `changed` whenever the state has changed; at most STORE_LISTENERS. */
#define STORE_LISTENERS 16
void store_listen(struct store *store,
                  void (*changed)(void *arg, enum store_state state),
                  void *arg);

enum store_state store_state(const struct store *store);

/* Where Redis is, for people, without a password. */
const char *store_name(const struct store *store);

/* The number of its database, which names keyspace events. */
unsigned store_database(const struct store *store);

/*
 * Gets the answer, which is valid during the call. NULL: the connection broke
 * before it came. More may be asked and other calls cancelled meanwhile.
 */
typedef void store_done(void *arg, const struct store_reply *reply);

/*
 * Send a command and wait for its answer.
 * @param argv its words, copied; lens their lengths, NULL: they end in NUL.
 * @return a handle for store_cancel(), valid until `done` is called. NULL at
 * once when Redis is away or too much is pending; `done` is not called then.
 * `done` must not be NULL.
 */
struct store_call *store_ask(struct store *store, store_done *done, void *arg,
                             size_t argc, const char *const *argv,
                             const size_t *lens);

/* Its `done` will not be called; it may be sent all the same. NULL is fine. */
void store_cancel(struct store_call *call);

/*
 * Send a write that nobody waits for. While Redis is away it is kept, within
 * bounds (STORE_CALLS_MAX, STORE_BYTES_MAX, shared with what is asked), and
 * sent in order once it is back. At least once: what had been sent when a
 * connection broke, but not answered, is sent again.
 * @return false: no room, which is counted as lost.
 */
bool store_tell(struct store *store, size_t argc, const char *const *argv,
                const size_t *lens);

/* Pending commands, and bytes of them. */
#define STORE_CALLS_MAX 65536
#define STORE_BYTES_MAX (32u << 20)

/* A larger reply (in memory, its items included) is not taken: the caller gets
 * an error TOOLARGE in its place. */
#define STORE_REPLY_MAX (16u << 20)

/* Sums but for the last ones. Commands that store.c sends for itself (PING)
 * are among them. */
struct store_counters {
    uint64_t asked;    /* by store_ask() and store_tell(), if accepted */
    uint64_t answered; /* well */
    uint64_t failed;   /* answered by an error */
    uint64_t broken;   /* asked, and the connection broke */
    uint64_t refused;  /* not asked: away, or too much pending */
    uint64_t lost;     /* writes that found no room, or were left at the end */
    uint64_t repeated; /* writes sent again after a connection broke */
    uint64_t connects; /* connections that became ready */
    size_t queued;     /* commands without an answer, now */
    size_t bytes;      /* of these */
    pid_t child;       /* of a Redis of our own; 0: none runs */
};

void store_counters(const struct store *store, struct store_counters *out);

/* After the loop: send what is left and wait for the answers, at most so
 * long. What is left then is lost, counted, and logged. */
void store_drain(struct store *store, int64_t patience_us);

/* Close it, and end a Redis of our own. No `done` is called. */
void store_free(struct store *store);

/* For store_watch.c: one more connection to the same place; NULL unless the
 * store is ready. The caller's to free. */
struct store_conn;
struct store_conn_handler;
struct store_conn *store_open_conn(struct store *store,
                                   const struct store_conn_handler *handler);

#endif
