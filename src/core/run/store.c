/* store: Redis, asked without waiting. SPDX-License-Identifier: MIT */
/*
 * One connection carries all commands in order (store_calls.c); this file
 * decides where to, notices when it is over, and tries again. The log has one
 * line for each change, and one per outage for what a Redis refuses.
 */
#include "core/run/store.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/run/store_calls.h"
#include "core/run/store_conn.h"
#include "core/run/store_errors.h"
#include "core/run/store_names.h"
#include "core/run/store_server.h"
#include "core/run/store_target.h"
#include "core/util/log.h"
#include "core/util/mem.h"

#define SECOND_US 1000000
#define PROBE_US SECOND_US
#define PATIENCE_US (5 * SECOND_US)
/* Ask something when nothing else was asked for so long. */
#define QUIET_US (10 * SECOND_US)
#define CHECK_US SECOND_US
#define PAUSE_FIRST_US 100000
#define PAUSE_MAX_US (30 * SECOND_US)
/* A child that was just started is asked often, and its silence is normal. */
#define PAUSE_STARTING_US 50000
#define STARTING_US (5 * SECOND_US)
/* A child that is running and not heard of for so long hangs. */
#define HANGS_US (10 * SECOND_US)
/* What waits in one connection for the system to take it. */
#define UNSENT_MAX 65536
#define DRAIN_STEP_US 50000

struct listener {
    void (*changed)(void *arg, enum store_state state);
    void *arg;
};

struct store {
    struct loop *loop;
    struct store_target target;
    struct store_addrs addrs;
    struct store_names *names;
    size_t addr_next;
    char *name;
    char *data_dir;
    bool is_probing; /* without -r: is there one at the usual place? */
    struct store_server *server;
    struct store_conn *conn;
    enum store_state state;
    struct store_calls calls;
    struct store_counters counters;
    struct store_errors errors;
    struct loop_source *retry;
    struct loop_source *check;
    int64_t pause_us;
    int64_t starting_us; /* until then a child is starting */
    int64_t away_us;     /* since when a child is not heard of */
    int64_t heard_us;    /* the last reply */
    int64_t asked_us;    /* since when it owes one */
    char *why;           /* the reason logged last in this outage */
    struct listener listeners[STORE_LISTENERS];
    unsigned listeners_count;
};

static void connect_now(struct store *store);

static void set_name(struct store *store, const char *name)
{
    free(store->name);
    store->name = mem_strdup(name);
}

static void set_state(struct store *store, enum store_state state)
{
    if (store->state == state)
        return;
    store->state = state;
    for (unsigned i = 0; i < store->listeners_count; i++)
        store->listeners[i].changed(store->listeners[i].arg, state);
}

/* Hand to the connection what it can take. */
static void pump(struct store *store)
{
    const char *bytes;
    size_t len;

    while (store->state == STORE_READY &&
           store_conn_unsent(store->conn) < UNSENT_MAX &&
           (bytes = store_calls_send(&store->calls, &len)) != NULL) {
        if (store->calls.sent == 1)
            store->asked_us = loop_now_us(store->loop);
        store_conn_send(store->conn, bytes, len);
    }
}

static struct store_call *add(struct store *store, store_done *done, void *arg,
                              size_t argc, const char *const *argv,
                              const size_t *lens)
{
    struct store_call *call =
        store_calls_add(&store->calls, done, arg, argc, argv, lens);

    if (call != NULL) {
        store->counters.asked++;
        pump(store);
    }
    return call;
}

struct store_call *store_ask(struct store *store, store_done *done, void *arg,
                             size_t argc, const char *const *argv,
                             const size_t *lens)
{
    struct store_call *call = NULL;

    assert(done != NULL && argc > 0);
    if (store == NULL)
        return NULL;
    if (store->state == STORE_READY)
        call = add(store, done, arg, argc, argv, lens);
    if (call == NULL)
        store->counters.refused++;
    return call;
}

void store_cancel(struct store_call *call)
{
    if (call != NULL)
        store_calls_cancel(call);
}

bool store_tell(struct store *store, size_t argc, const char *const *argv,
                const size_t *lens)
{
    assert(argc > 0);
    if (store == NULL)
        return false;
    if (store->state != STORE_OFF &&
        add(store, NULL, NULL, argc, argv, lens) != NULL)
        return true;
    store->counters.lost++;
    return false;
}

static void on_retry(void *arg)
{
    connect_now(arg);
}

static void retry_after(struct store *store, int64_t pause_us)
{
    loop_source_free(store->retry);
    store->retry =
        loop_after(store->loop, pause_us, LOOP_PEER, on_retry, store);
}

static bool is_starting(const struct store *store)
{
    return loop_now_us(store->loop) < store->starting_us;
}

/* Once per outage, and once more for each refusal, which is news whatever was
 * before; a child that starts is not spoken of. */
static void log_away(struct store *store, const char *why, bool is_refusal)
{
    bool is_known =
        store->why != NULL && (!is_refusal || strcmp(store->why, why) == 0);

    if (is_known || (is_starting(store) && store->state != STORE_READY)) {
        log_debug("redis", "%s: %s", store->name, why);
        return;
    }
    free(store->why);
    store->why = mem_strdup(why);
    log_warnx("redis", "%s is away: %s", store->name, why);
}

/* A child of ours that runs but is not heard of is started anew; one that
 * reads its file is at work. */
static void kill_if_it_hangs(struct store *store, const char *why)
{
    int64_t now_us = loop_now_us(store->loop);

    if (store->server == NULL || store_server_pid(store->server) == 0 ||
        strncmp(why, "LOADING", 7) == 0 || store->away_us == 0) {
        store->away_us = now_us;
        return;
    }
    if (now_us - store->away_us < HANGS_US)
        return;
    log_warnx("redis", "%s hangs and is killed", store->name);
    store->away_us = 0;
    store_server_kill(store->server);
}

static void pause_connecting(struct store *store)
{
    if (is_starting(store)) {
        retry_after(store, PAUSE_STARTING_US);
        return;
    }
    retry_after(store, store->pause_us);
    store->pause_us *= 2;
    if (store->pause_us > PAUSE_MAX_US)
        store->pause_us = PAUSE_MAX_US;
}

/* The store's own server was started, at first or again. */
static void on_server_up(void *arg)
{
    struct store *store = arg;

    store->starting_us = loop_now_us(store->loop) + STARTING_US;
    store->away_us = 0;
    if (store->conn == NULL)
        retry_after(store, PAUSE_STARTING_US);
}

/* Nobody is at the usual place, or nobody for us. */
static void use_own(struct store *store, const char *why)
{
    struct strbuf error;
    char *name;

    store->is_probing = false;
    strbuf_init(&error, 512);
    store->server = store_server_new(store->loop, store->data_dir, on_server_up,
                                     store, &error);
    if (store->server == NULL) {
        log_notice("redis",
                   "%s: %s; %s: state is in memory only (option -r names a "
                   "Redis)",
                   store->name, why, error.text);
        strbuf_free(&error);
        store->counters.lost += store_calls_clear(&store->calls);
        set_state(store, STORE_OFF);
        return;
    }
    log_info("redis", "%s: %s; kelvin starts its own", store->name, why);
    name = mem_alloc(strlen(store_server_path(store->server)) + 8);
    sprintf(name, "unix:%s", store_server_path(store->server));
    set_name(store, name);
    free(name);
    strbuf_free(&error);
    store->starting_us = loop_now_us(store->loop) + STARTING_US;
    connect_now(store);
}

/* The connection ended or never came to be. */
static void lose(struct store *store, const char *why, bool is_refusal)
{
    bool was_ready = store->state == STORE_READY;
    uint64_t failed, again;

    if (store->is_probing) {
        store_conn_free(store->conn);
        store->conn = NULL;
        use_own(store, why);
        return;
    }
    if (!was_ready && ++store->addr_next < store->addrs.count) {
        store_conn_free(store->conn);
        connect_now(store); /* a name with several addresses */
        return;
    }
    log_away(store, why,
             is_refusal); /* before the reason goes with the connection */
    kill_if_it_hangs(store, why);
    store_conn_free(store->conn);
    store->conn = NULL;
    store->addr_next = 0;
    store_names_refresh(store->names);
    set_state(store, STORE_AWAY);
    store_calls_break(&store->calls, &failed, &again);
    store->counters.broken += failed;
    store->counters.repeated += again;
    pause_connecting(store);
}

static void on_gone(void *arg, const char *why, bool is_refusal)
{
    lose(arg, why, is_refusal);
}

static void on_ready(void *arg)
{
    struct store *store = arg;

    store->is_probing = false;
    store->counters.connects++;
    store->pause_us = PAUSE_FIRST_US;
    store->heard_us = loop_now_us(store->loop);
    store->starting_us = store->away_us = 0;
    free(store->why);
    store->why = NULL;
    store_errors_reset(&store->errors);
    log_notice("redis", "connected to %s", store->name);
    set_state(store, STORE_READY);
    pump(store);
}

static void on_reply(void *arg, const struct store_reply *reply)
{
    struct store *store = arg;
    bool is_error = store_reply_type(reply) == STORE_ERROR;
    bool was_tell;

    store->heard_us = loop_now_us(store->loop);
    if (is_error) {
        store->counters.failed++;
        store_errors_note(&store->errors, store->name,
                          store_reply_text(reply, NULL));
    } else {
        store->counters.answered++;
    }
    if (!store_calls_answer(&store->calls, reply, &was_tell)) {
        lose(store,
             is_error ? store_reply_text(reply, NULL)
                      : "answers what nobody asked",
             true);
        return;
    }
    if (was_tell && !is_error)
        store_errors_write_worked(&store->errors, store->name);
}

static void on_drained(void *arg)
{
    pump(arg);
}

static struct store_conn *open_conn(struct store *store, int64_t patience_us,
                                    const struct store_conn_handler *handler)
{
    const struct store_conn_config config = {
        .password = store->target.password,
        .database = store->target.database,
        .patience_us = patience_us,
        .reply_limit = STORE_REPLY_MAX,
    };
    const struct store_addr *addr = store->server != NULL
                                        ? store_server_addr(store->server)
                                        : &store->addrs.items[store->addr_next];

    return store_conn_open(store->loop, addr, &config, handler);
}

struct store_conn *store_open_conn(struct store *store,
                                   const struct store_conn_handler *handler)
{
    if (store->state != STORE_READY)
        return NULL;
    return open_conn(store, PATIENCE_US, handler);
}

static void connect_now(struct store *store)
{
    const struct store_conn_handler handler = {on_ready, on_reply, on_drained,
                                               on_gone, store};

    if (store->server != NULL)
        store_server_ensure(store->server);
    store->conn =
        open_conn(store, store->is_probing ? PROBE_US : PATIENCE_US, &handler);
}

static void ignore_reply(void *arg, const struct store_reply *reply)
{
    (void)arg;
    (void)reply;
}

/* Each second: does it still answer? */
static void on_check(void *arg)
{
    struct store *store = arg;
    int64_t now_us = loop_now_us(store->loop);
    static const char *const ping[] = {"PING"};

    if (store->state != STORE_READY)
        return;
    if (store->calls.sent == 0) {
        if (now_us - store->heard_us >= QUIET_US)
            add(store, ignore_reply, NULL, 1, ping, NULL);
    } else if (now_us - store->heard_us >= PATIENCE_US &&
               now_us - store->asked_us >= PATIENCE_US) {
        lose(store, "does not answer", false);
    }
}

struct store *store_open(struct loop *loop, const struct store_config *config,
                         struct strbuf *error)
{
    static const char usual[] = "127.0.0.1:6379";
    struct store *store = mem_calloc(1, sizeof(*store));
    char name[STORE_NAME_SIZE];

    store->loop = loop;
    store->state = STORE_AWAY;
    store->pause_us = PAUSE_FIRST_US;
    store->is_probing = config->redis == NULL;
    store->data_dir = mem_strdup(config->data_dir);
    store->calls = (struct store_calls){.count_max = STORE_CALLS_MAX,
                                        .bytes_max = STORE_BYTES_MAX};
    if (!store_target_parse(config->redis != NULL ? config->redis : usual,
                            &store->target, error))
        goto free_store;
    set_name(store, store_target_name(&store->target, name));
    if (store->target.kind == STORE_TARGET_NONE) {
        set_name(store, "none");
        store->state = STORE_OFF;
        return store;
    }
    strbuf_puts(error, "option -r: ");
    if (!store_target_resolve(&store->target, &store->addrs, error))
        goto free_store;
    strbuf_reset(error);
    store->names = store_names_new(loop, &store->target, &store->addrs);
    connect_now(store);
    store->check = loop_every(loop, CHECK_US, LOOP_PEER, on_check, store);
    return store;

free_store:
    store_free(store);
    return NULL;
}

void store_listen(struct store *store,
                  void (*changed)(void *arg, enum store_state state), void *arg)
{
    if (store == NULL)
        return;
    assert(store->listeners_count < STORE_LISTENERS);
    store->listeners[store->listeners_count++] =
        (struct listener){changed, arg};
}

enum store_state store_state(const struct store *store)
{
    return store != NULL ? store->state : STORE_OFF;
}

const char *store_name(const struct store *store)
{
    return store != NULL ? store->name : "none";
}

unsigned store_database(const struct store *store)
{
    return store != NULL ? store->target.database : 0;
}

void store_counters(const struct store *store, struct store_counters *out)
{
    if (store == NULL) {
        *out = (struct store_counters){0};
        return;
    }
    *out = store->counters;
    out->queued = store->calls.count;
    out->bytes = store->calls.bytes;
    out->child = store->server != NULL ? store_server_pid(store->server) : 0;
}

void store_drain(struct store *store, int64_t patience_us)
{
    int64_t until_us;
    size_t left;

    if (store == NULL)
        return;
    until_us = loop_now_us(store->loop) + patience_us;
    while (store->state == STORE_READY && store->calls.count > 0 &&
           loop_now_us(store->loop) < until_us) {
        pump(store);
        store_conn_wait(store->conn, DRAIN_STEP_US);
    }
    left = store_calls_clear(&store->calls);
    store->counters.lost += left;
    if (left > 0)
        log_warnx("redis", "%s: %zu writes are lost at the end", store->name,
                  left);
}

void store_free(struct store *store)
{
    if (store == NULL)
        return;
    store_conn_free(store->conn);
    loop_source_free(store->retry);
    loop_source_free(store->check);
    store_calls_clear(&store->calls);
    store_names_free(store->names);
    store_server_free(store->server);
    free(store->why);
    free(store->name);
    free(store->data_dir);
    explicit_bzero(&store->target, sizeof(store->target));
    free(store);
}
