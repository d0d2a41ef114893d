/* store_watch: what others change in Redis. SPDX-License-Identifier: MIT */
#include "core/run/store_watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/run/store_conn.h"
#include "core/util/log.h"
#include "core/util/mem.h"

#define PAUSE_US 1000000

struct store_watch {
    struct loop *loop;
    struct store *store;
    struct store_watch_handler handler;
    char *pattern;
    struct store_conn *conn;
    struct loop_source *retry;
    bool is_on;
};

static void set_on(struct store_watch *watch, bool is_on)
{
    if (watch->is_on == is_on)
        return;
    watch->is_on = is_on;
    watch->handler.changed(watch->handler.arg, is_on);
}

static void drop(struct store_watch *watch)
{
    store_conn_free(watch->conn);
    watch->conn = NULL;
    set_on(watch, false);
}

static void open_watch(struct store_watch *watch);

static void on_retry(void *arg)
{
    open_watch(arg);
}

static void on_gone(void *arg, const char *why, bool is_refusal)
{
    struct store_watch *watch = arg;

    (void)is_refusal;
    log_debug("redis", "events: %s", why);
    drop(watch);
    loop_source_free(watch->retry);
    watch->retry =
        loop_after(watch->loop, PAUSE_US, LOOP_PEER, on_retry, watch);
}

static void on_ready(void *arg)
{
    struct store_watch *watch = arg;
    size_t size = strlen(watch->pattern) + 64;
    char *command = mem_alloc(size);
    int len =
        snprintf(command, size, "*2\r\n$10\r\nPSUBSCRIBE\r\n$%zu\r\n%s\r\n",
                 strlen(watch->pattern), watch->pattern);

    store_conn_send(watch->conn, command, (size_t)len);
    free(command);
}

static const char *word(const struct store_reply *reply, size_t i)
{
    return i < store_reply_count(reply)
               ? store_reply_text(store_reply_at(reply, i), NULL)
               : "";
}

static void on_reply(void *arg, const struct store_reply *reply)
{
    struct store_watch *watch = arg;

    if (store_reply_type(reply) == STORE_ERROR) {
        log_info("redis", "no events: %s", store_reply_text(reply, NULL));
        drop(watch);
    } else if (strcmp(word(reply, 0), "psubscribe") == 0) {
        set_on(watch, true);
    } else if (strcmp(word(reply, 0), "pmessage") == 0) {
        watch->handler.message(watch->handler.arg, word(reply, 2),
                               word(reply, 3));
    }
}

static void on_drained(void *arg)
{
    (void)arg;
}

static void open_watch(struct store_watch *watch)
{
    const struct store_conn_handler handler = {on_ready, on_reply, on_drained,
                                               on_gone, watch};

    if (watch->conn == NULL)
        watch->conn = store_open_conn(watch->store, &handler);
}

/* One that hangs is noticed by the store, which asks. */
static void on_state(void *arg, enum store_state state)
{
    struct store_watch *watch = arg;

    if (state == STORE_READY)
        open_watch(watch);
    else
        drop(watch);
}

struct store_watch *store_watch_open(struct loop *loop, struct store *store,
                                     const char *pattern,
                                     const struct store_watch_handler *handler)
{
    struct store_watch *watch = mem_calloc(1, sizeof(*watch));

    watch->loop = loop;
    watch->store = store;
    watch->handler = *handler;
    watch->pattern = mem_strdup(pattern);
    store_listen(store, on_state, watch);
    if (store_state(store) == STORE_READY)
        open_watch(watch);
    return watch;
}

bool store_watch_is_on(const struct store_watch *watch)
{
    return watch->is_on;
}

void store_watch_close(struct store_watch *watch)
{
    if (watch == NULL)
        return;
    store_conn_free(watch->conn);
    loop_source_free(watch->retry);
    free(watch->pattern);
    free(watch);
}
